//! The environment of a function's process: what AWS sets, and the function's own variables.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::Launch;
use crate::local::protocol::access_key;
use crate::sim::invocations::Invocation;
use crate::sim::rights::name_of;

/// The variables, and no others.
pub(super) fn of(
    launch: &Launch,
    invocation: &Invocation,
    runtime_api: SocketAddr,
) -> BTreeMap<String, String> {
    let mut variables = invocation.environment.clone();
    let function = &invocation.function;
    let date = invocation.started.strftime("%Y/%m/%d");
    let fixed = [
        ("AWS_ACCESS_KEY_ID", access_key(name_of(&invocation.role))),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_SESSION_TOKEN", "local".to_owned()),
        // There is no metadata service to ask for other credentials.
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_REGION", launch.region.clone()),
        ("AWS_DEFAULT_REGION", launch.region.clone()),
        ("AWS_ENDPOINT_URL", launch.endpoint.clone()),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", invocation.version.clone()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            invocation.memory.to_string(),
        ),
        (
            "AWS_LAMBDA_LOG_GROUP_NAME",
            format!("/aws/lambda/{function}"),
        ),
        (
            "AWS_LAMBDA_LOG_STREAM_NAME",
            format!(
                "{date}/[{}]{}",
                invocation.version,
                invocation.request_id.replace('-', "")
            ),
        ),
        (
            "LAMBDA_TASK_ROOT",
            folder(&launch.program).display().to_string(),
        ),
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin".to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("_HANDLER", invocation.handler.clone()),
    ];
    variables.extend(
        fixed
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value)),
    );
    variables
}

/// Where the program is.
pub(super) fn folder(program: &Path) -> PathBuf {
    program
        .parent()
        .map_or_else(|| PathBuf::from("/"), Path::to_path_buf)
}
