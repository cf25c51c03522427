//! A function that does what its event asks for, for the tests of the Runtime API:
//! `{"do": "answer" | "fail" | "panic" | "exit" | "sleep" | "context" | "environment"}`.

use std::collections::BTreeMap;
use std::time::Duration;

use lambda_runtime::{Context, Diagnostic, Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::var("EXIT_AT_START").is_ok() {
        return Err("told to exit at the start".into());
    }
    eprintln!("started as {}", std::env::var("_HANDLER")?);
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    println!("asked for {}", event.payload["do"]);
    match event.payload["do"].as_str() {
        Some("fail") => Err(Diagnostic {
            error_type: "Told".to_owned(),
            error_message: "told to fail".to_owned(),
        }),
        Some("panic") => panic!("told to panic"),
        Some("exit") => std::process::exit(3),
        Some("sleep") => {
            let milliseconds = event.payload["ms"].as_u64().unwrap_or_default();
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            Ok(json!("slept"))
        }
        Some("context") => Ok(context(&event.context)),
        Some("environment") => Ok(json!(std::env::vars().collect::<BTreeMap<_, _>>())),
        _ => Ok(json!({"echo": event.payload, "process": std::process::id()})),
    }
}

fn context(context: &Context) -> Value {
    let client = context.client_context.as_ref();
    json!({
        "request_id": context.request_id,
        "deadline": context.deadline,
        "arn": context.invoked_function_arn,
        "trace": context.xray_trace_id,
        "client": client.map(|client| &client.custom),
    })
}
