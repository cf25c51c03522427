//! Lambda's Runtime API, one listener a process: so its address alone tells who is calling.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::sim::invocations::{Ended, Invocation};

/// The largest answer of a function.
const ANSWER_MAX: usize = 6_291_556;

/// What a process tells.
#[derive(Debug)]
pub(super) enum Report {
    /// It has taken the invocation.
    Taken,
    /// The invocation has ended.
    Ended(Ended),
}

struct Api {
    invocations: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    reports: mpsc::Sender<Report>,
    /// The request id of the invocation that it has not answered yet.
    current: Mutex<Option<String>>,
}

/// Serves one process until it is aborted.
pub(super) async fn serve(
    listener: TcpListener,
    invocations: mpsc::Receiver<Invocation>,
    reports: mpsc::Sender<Report>,
) {
    let api = Arc::new(Api {
        invocations: tokio::sync::Mutex::new(invocations),
        reports,
        current: Mutex::new(None),
    });
    let app = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route(
            "/2018-06-01/runtime/invocation/{id}/response",
            post(response),
        )
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .with_state(api);
    if let Err(problem) = axum::serve(listener, app).await {
        tracing::error!(%problem, "a Runtime API stopped serving");
    }
}

/// Hands out the next invocation, however long that takes.
async fn next(State(api): State<Arc<Api>>) -> Response {
    let Some(invocation) = api.invocations.lock().await.recv().await else {
        return refusal(StatusCode::GONE, "the process is not needed any more");
    };
    let headers = headers(&invocation);
    *api.current() = Some(invocation.request_id);
    let _ = api.reports.send(Report::Taken).await;
    (headers, invocation.payload).into_response()
}

async fn response(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    match axum::body::to_bytes(request.into_body(), ANSWER_MAX).await {
        Ok(bytes) => {
            let payload = String::from_utf8_lossy(&bytes).into_owned();
            api.end(&id, Ended::Answered(payload)).await
        }
        Err(_) => {
            let payload = json!({
                "errorType": "Function.ResponseSizeTooLarge",
                "errorMessage": format!(
                    "Response payload size exceeded maximum allowed payload size ({ANSWER_MAX} bytes)."
                ),
            });
            let payload = payload.to_string();
            let _ = api.end(&id, Ended::Failed { payload }).await;
            refusal(StatusCode::PAYLOAD_TOO_LARGE, "the response is too large")
        }
    }
}

async fn error(State(api): State<Arc<Api>>, Path(id): Path<String>, request: Request) -> Response {
    let payload = report(request.into_body()).await;
    api.end(&id, Ended::Failed { payload }).await
}

/// The process could not start: that is what the invocation which waits for it comes to.
async fn init_error(State(api): State<Arc<Api>>, request: Request) -> Response {
    let payload = report(request.into_body()).await;
    let _ = api
        .reports
        .send(Report::Ended(Ended::Failed { payload }))
        .await;
    accepted()
}

impl Api {
    fn current(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        // Nothing that holds the lock panics.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn end(&self, id: &str, ended: Ended) -> Response {
        let is_current = self.current().take_if(|current| current == id).is_some();
        if !is_current {
            return refusal(StatusCode::BAD_REQUEST, "Invalid request ID");
        }
        let _ = self.reports.send(Report::Ended(ended)).await;
        accepted()
    }
}

fn headers(invocation: &Invocation) -> HeaderMap {
    let limit = Duration::from_secs(u64::from(invocation.timeout));
    let deadline = (Clock::real().now() + limit).as_millisecond().to_string();
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: &str| {
        // Only a client context can hold what a header cannot.
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            headers.insert(name, value);
        }
    };
    set("content-type", "application/json");
    set("lambda-runtime-aws-request-id", &invocation.request_id);
    set("lambda-runtime-deadline-ms", &deadline);
    set(
        "lambda-runtime-invoked-function-arn",
        &invocation.invoked_arn,
    );
    set("lambda-runtime-trace-id", &invocation.trace_id);
    if let Some(context) = &invocation.client_context {
        set("lambda-runtime-client-context", context);
    }
    headers
}

/// An error as a process reports it.
async fn report(body: Body) -> String {
    match axum::body::to_bytes(body, ANSWER_MAX).await {
        Ok(bytes) if !bytes.is_empty() => String::from_utf8_lossy(&bytes).into_owned(),
        _ => json!({"errorType": "Runtime.Unknown", "errorMessage": "no details"}).to_string(),
    }
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, r#"{"status":"OK"}"#).into_response()
}

fn refusal(status: StatusCode, problem: &str) -> Response {
    let body = json!({"errorMessage": problem, "errorType": "InvalidRequest"});
    (status, body.to_string()).into_response()
}
