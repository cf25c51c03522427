//! The services and operations that are here, and the names of those that are not.

use crate::sim::{OPERATIONS, Service};

/// The operations of `service` that are here.
pub(crate) fn operations(service: Service) -> Vec<&'static str> {
    let mut names: Vec<_> = OPERATIONS
        .iter()
        .filter(|(of, _)| *of == service)
        .map(|(_, name)| *name)
        .collect();
    names.sort_unstable();
    names
}

/// The service that a signature, an `X-Amz-Target` or an RPC path names.
pub(crate) fn service_named(name: &str) -> Option<Service> {
    match name {
        "lambda" => Some(Service::Lambda),
        "monitoring" | "GraniteServiceVersion20100801" => Some(Service::CloudWatch),
        "ssm" | "AmazonSSM" => Some(Service::Ssm),
        "codedeploy" | "CodeDeploy_20141006" => Some(Service::CodeDeploy),
        "states" | "AWSStepFunctions" => Some(Service::StepFunctions),
        "sns" => Some(Service::Sns),
        "events" | "AWSEvents" => Some(Service::Events),
        _ => None,
    }
}

/// A service's name in messages and in the admin API.
pub(crate) fn label(service: Service) -> &'static str {
    match service {
        Service::Lambda => "lambda",
        Service::CloudWatch => "cloudwatch",
        Service::Ssm => "ssm",
        Service::CodeDeploy => "codedeploy",
        Service::StepFunctions => "stepfunctions",
        Service::Sns => "sns",
        Service::Events => "events",
    }
}

/// What to answer to a call for something that is not here.
pub(crate) fn absent(service: Option<Service>, service_name: &str, operation: &str) -> String {
    match service {
        Some(service) => format!(
            "{operation} is not available on this local AWS. It has for {}: {}.",
            label(service),
            operations(service).join(", ")
        ),
        None => format!(
            "{operation} of {service_name} is not available on this local AWS. It has {}; \
             GET /_local/ lists their operations.",
            Service::ALL.map(label).join(", ")
        ),
    }
}
