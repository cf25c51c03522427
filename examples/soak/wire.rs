//! The SDK's connection to the simulated AWS: in this process, in virtual time, under the troubles.
//!
//! A request goes its own way once it is sent: whoever sent it may have given up or died when it takes
//! effect.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use lambda_canary::local::{Answer, Request};
use lambda_canary::sim::Outage;
use tokio::sync::oneshot;

use crate::system::{Sim, identity};

/// What a caller gets.
pub enum Heard {
    /// An answer.
    Answer(Answer),
    /// None.
    Outage(Outage),
    /// It does not live to hear one.
    Death,
}

/// A connection of every client of a simulation.
#[derive(Clone)]
pub struct Wire(pub Arc<Sim>);

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let sim = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let request = readable(request)?;
            let who = identity();
            let (sender, receiver) = oneshot::channel();
            let caller = who.caller.clone();
            tokio::spawn(async move {
                // Whoever asked may be gone.
                let _ = sender.send(sim.carry(request, caller).await);
            });
            match receiver.await {
                Ok(Heard::Answer(answer)) => response(answer),
                Ok(Heard::Outage(Outage::ConnectionReset)) => {
                    Err(ConnectorError::io("the connection was reset".into()))
                }
                Ok(Heard::Death) => {
                    who.killed.notify_one();
                    std::future::pending().await
                }
                // Silence: the client's own time-out ends it.
                Ok(Heard::Outage(Outage::Timeout)) | Err(_) => std::future::pending().await,
            }
        })
    }
}

fn readable(request: HttpRequest) -> Result<Request, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|error| ConnectorError::user(error.into()))?;
    Ok(request.map(|body| body.bytes().unwrap_or_default().to_vec()))
}

fn response(answer: Answer) -> Result<HttpResponse, ConnectorError> {
    let answer = answer.map(|body| SdkBody::from(body.to_vec()));
    HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
}

/// How long a part of a call's way takes.
pub async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
