//! The process: Lambda's runtime around a handler, and the boundary at which a panic is caught.

use std::env;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use futures_util::FutureExt as _;
use lambda_runtime::tower::util::MapRequestLayer;
use lambda_runtime::{Diagnostic, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use serde_json::{Value, json};

use super::event::{self, Event};
use super::failure::Failure;
use super::log::{self, Level};
use super::sample::{self, Behaviour};
use super::{Functions, HANDLERS, hooks, stepper};
use crate::aws::Session;
use crate::rollout::deployment::Hook;

/// Which function this process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handler {
    Hook(Hook),
    Stepper,
    Sample,
}

impl Handler {
    fn named(name: &str) -> Option<Self> {
        match name {
            "pre_traffic" => Some(Self::Hook(Hook::PreTraffic)),
            "post_traffic" => Some(Self::Hook(Hook::PostTraffic)),
            "stepper" => Some(Self::Stepper),
            "sample" => Some(Self::Sample),
            _ => None,
        }
    }
}

/// Whether this process was started by Lambda.
#[must_use]
pub fn in_lambda() -> bool {
    env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}

/// Serves the function that the environment names, until Lambda ends the process.
pub fn main() -> ExitCode {
    if !in_lambda() {
        eprintln!(
            "This program runs in AWS Lambda: AWS_LAMBDA_RUNTIME_API is not set.\n\
             hint: `canary demo` and `canary local` start it; `sam build` packs it."
        );
        return ExitCode::from(64);
    }
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            log::line(
                Level::Error,
                &format!("the function cannot serve: {why}"),
                json!({}),
            );
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), String> {
    let name = env::var("_HANDLER").unwrap_or_default();
    let handler = Handler::named(&name).ok_or_else(|| {
        format!(
            "_HANDLER is \"{name}\", but the handlers are {}",
            HANDLERS.join(", ")
        )
    })?;
    // One invocation at a time: more threads would only take memory.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(run(handler))
}

async fn run(handler: Handler) -> Result<(), String> {
    let variable = |name: &str| env::var(name).ok();
    let serving = match handler {
        Handler::Sample => {
            let behaviour = Behaviour::read(variable);
            let version = variable("AWS_LAMBDA_FUNCTION_VERSION").unwrap_or_default();
            let version = version.as_str();
            let answer = |event: LambdaEvent<Event>| async move {
                let (event, context) = event.into_parts();
                guarded(async {
                    let payload = event.read()?;
                    sample::answer(behaviour, &context.request_id, version, &payload).await
                })
                .await
            };
            let runtime = Runtime::new(service_fn(answer));
            runtime.layer(MapRequestLayer::new(unread)).run().await
        }
        Handler::Hook(_) | Handler::Stepper => {
            let session = Session::in_lambda(variable).map_err(|error| {
                format!("{error}: AWS_REGION is not in the function's environment")
            })?;
            let functions = Functions::new(session, variable);
            let functions = &functions;
            let answer = |event: LambdaEvent<Event>| async move {
                guarded(async { handle(functions, handler, event.payload.read()?).await }).await
            };
            let runtime = Runtime::new(service_fn(answer));
            runtime.layer(MapRequestLayer::new(unread)).run().await
        }
    };
    serving.map_err(|error| error.to_string())
}

/// Hands the payload on as it came: the runtime itself would answer for one that it cannot read,
/// under a name and in words of its own.
fn unread(mut invocation: LambdaInvocation) -> LambdaInvocation {
    invocation.body = event::wrapped(&invocation.body).into();
    invocation
}

/// What the function with this handler answers to a payload: all of it but the process around it,
/// for a caller that has its own.
///
/// # Errors
/// As the function reports it to Lambda: a name and a message.
pub async fn invoke(
    functions: &Functions,
    handler: &str,
    payload: &str,
) -> Result<Value, Diagnostic> {
    let event: Event = serde_json::from_slice(&event::wrapped(payload.as_bytes()))
        .map_err(|_| Failure::BadEvent("this is no event".to_owned()))?;
    let Some(handler) = Handler::named(handler) else {
        let unknown = format!("there is no handler \"{handler}\"");
        return Err(Failure::Misconfigured(unknown).into());
    };
    guarded(async { handle(functions, handler, event.read()?).await }).await
}

async fn handle(functions: &Functions, handler: Handler, payload: Value) -> Result<Value, Failure> {
    match handler {
        Handler::Hook(hook) => hooks::handle(functions, hook, &payload).await,
        Handler::Stepper => stepper::handle(functions, payload).await,
        Handler::Sample => Err(Failure::Misconfigured(
            "the sample takes no part in rollouts".to_owned(),
        )),
    }
}

/// The handler's result, with a panic as one more failure.
async fn guarded(
    handling: impl Future<Output = Result<Value, Failure>>,
) -> Result<Value, Diagnostic> {
    let result = AssertUnwindSafe(handling).catch_unwind().await;
    let result = result.unwrap_or_else(|panic| Err(Failure::Panic(said(panic.as_ref()))));
    result.map_err(|failure| {
        if !matches!(failure, Failure::OnPurpose(_)) {
            log::line(
                Level::Error,
                &failure.to_string(),
                json!({ "error": failure.name() }),
            );
        }
        Diagnostic::from(failure)
    })
}

/// What a panic said, where it is text.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_handler_has_its_name() {
        for name in HANDLERS {
            assert!(Handler::named(name).is_some(), "{name}");
        }
        assert_eq!(Handler::named("bootstrap"), None);
    }

    #[tokio::test]
    async fn a_panic_becomes_a_named_error() {
        let diagnostic = guarded(async { panic!("index 3 is out of range") }).await;
        let diagnostic = diagnostic.expect_err("it panicked");
        assert_eq!(diagnostic.error_type, "Panic");
        assert!(diagnostic.error_message.contains("index 3"));
    }
}
