//! SSM's Parameter Store.

use jiff::Timestamp;

use crate::sim::errors::AwsError;
use crate::sim::wire::wire;
use crate::sim::world::World;

wire! {
    /// Creates or, with `Overwrite`, changes a parameter.
    PutParameterRequest {
        name: String,
        value: String,
        description: Option<String>,
        r#type: Option<String>,
        overwrite: Option<bool>,
        tier: Option<String>,
        data_type: Option<String>,
    }
    /// The new version.
    PutParameterResponse { version: i64, tier: String }
    /// Asks for a parameter by name, `name:version` or ARN.
    GetParameterRequest { name: String, with_decryption: Option<bool> }
    /// A parameter.
    Parameter {
        name: String,
        r#type: String,
        value: String,
        version: i64,
        selector: Option<String>,
        last_modified_date: Timestamp,
        #[serde(rename = "ARN")]
        arn: String,
        data_type: String,
    }
    /// The parameter.
    GetParameterResponse { parameter: Parameter }
    /// Deletes a parameter.
    DeleteParameterRequest { name: String }
    /// Nothing.
    DeleteParameterResponse {}
}

pub(super) fn put_parameter(
    _world: &mut World,
    _request: PutParameterRequest,
) -> Result<PutParameterResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Ssm,
        "PutParameter",
    ))
}

pub(super) fn get_parameter(
    _world: &mut World,
    _request: GetParameterRequest,
) -> Result<GetParameterResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Ssm,
        "GetParameter",
    ))
}

pub(super) fn delete_parameter(
    _world: &mut World,
    _request: DeleteParameterRequest,
) -> Result<DeleteParameterResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Ssm,
        "DeleteParameter",
    ))
}
