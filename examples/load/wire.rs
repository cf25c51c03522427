//! The SDK's connection to the simulated AWS: in this process, in virtual time.

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

use crate::system::{Sim, identity};

/// A connection of every client.
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
            tokio::time::sleep(Duration::from_millis(sim.latency())).await;
            let answer = sim
                .carry(request, &who)
                .map_err(|outage| ConnectorError::io(outage.to_string().into()))?;
            tokio::time::sleep(Duration::from_millis(sim.latency())).await;
            response(answer)
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
