//! The built-in deployment configurations of the Lambda platform, and the weights they come to.

use jiff::Timestamp;

use super::errors::{check_name, error, invalid_token, no_config};
use super::wire::{
    DeploymentConfigInfo, GetDeploymentConfigRequest, GetDeploymentConfigResponse,
    ListDeploymentConfigsRequest, ListDeploymentConfigsResponse, TimeBasedCanary, TimeBasedLinear,
    TrafficRoutingConfig,
};
use crate::sim::errors::AwsError;
use crate::sim::paging;
use crate::sim::streams;
use crate::sim::world::World;

/// All traffic in one step: what a rollback always uses, and a group that names nothing else.
pub(super) const ALL_AT_ONCE: &str = "CodeDeployDefault.LambdaAllAtOnce";

/// The names after `CodeDeployDefault.Lambda`, as AWS has them, minutes in their second column.
const BUILT_IN: &[(&str, Shift)] = &[
    ("AllAtOnce", Shift::AllAtOnce),
    ("Canary10Percent5Minutes", Shift::Canary(5)),
    ("Canary10Percent10Minutes", Shift::Canary(10)),
    ("Canary10Percent15Minutes", Shift::Canary(15)),
    ("Canary10Percent30Minutes", Shift::Canary(30)),
    ("Linear10PercentEvery1Minute", Shift::Linear(1)),
    ("Linear10PercentEvery2Minutes", Shift::Linear(2)),
    ("Linear10PercentEvery3Minutes", Shift::Linear(3)),
    ("Linear10PercentEvery10Minutes", Shift::Linear(10)),
];

/// Every built-in configuration shifts by so much.
const PERCENT: u32 = 10;

/// How the traffic is shifted; the numbers are minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shift {
    AllAtOnce,
    Canary(u32),
    Linear(u32),
}

impl Shift {
    /// The shift of the configuration of that name.
    pub fn named(name: &str) -> Result<Self, AwsError> {
        check_name("DeploymentConfig", name)?;
        let short = name.strip_prefix("CodeDeployDefault.Lambda");
        BUILT_IN
            .iter()
            .find(|(known, _)| Some(*known) == short)
            .map(|(_, shift)| *shift)
            .ok_or_else(|| no_config(name))
    }

    /// The same for an operation in which the name may be left out, and so may not be empty.
    pub fn chosen(name: &str) -> Result<Self, AwsError> {
        if name.is_empty() {
            let message = "The deployment configuration name must not be empty.";
            return Err(error("InvalidDeploymentConfigNameException", message));
        }
        Self::named(name)
    }

    /// The percentage at the target version after `percent`, and the seconds to the change after
    /// it; the first change happens as the traffic opens.
    pub fn after(self, percent: u32) -> (u32, i64) {
        match self {
            Self::AllAtOnce => (100, 0),
            Self::Canary(minutes) if percent == 0 => (PERCENT, i64::from(minutes) * 60),
            Self::Canary(_) => (100, 0),
            Self::Linear(minutes) => ((percent + PERCENT).min(100), i64::from(minutes) * 60),
        }
    }

    fn routing(self) -> TrafficRoutingConfig {
        let (kind, canary, linear) = match self {
            Self::AllAtOnce => ("AllAtOnce", None, None),
            Self::Canary(minutes) => ("TimeBasedCanary", Some(minutes), None),
            Self::Linear(minutes) => ("TimeBasedLinear", None, Some(minutes)),
        };
        TrafficRoutingConfig {
            r#type: kind.to_owned(),
            time_based_canary: canary.map(|canary_interval| TimeBasedCanary {
                canary_percentage: PERCENT,
                canary_interval,
            }),
            time_based_linear: linear.map(|linear_interval| TimeBasedLinear {
                linear_percentage: PERCENT,
                linear_interval,
            }),
        }
    }
}

pub(in crate::sim) fn get_deployment_config(
    _world: &mut World,
    request: GetDeploymentConfigRequest,
) -> Result<GetDeploymentConfigResponse, AwsError> {
    let name = request.deployment_config_name;
    let shift = Shift::named(&name)?;
    // Built-in configurations are the same for every account, so are their ids.
    let id = streams::uuid(&mut streams::stream(0, &name));
    Ok(GetDeploymentConfigResponse {
        deployment_config_info: DeploymentConfigInfo {
            deployment_config_id: id,
            deployment_config_name: name,
            create_time: Timestamp::UNIX_EPOCH,
            compute_platform: "Lambda".to_owned(),
            traffic_routing_config: shift.routing(),
        },
    })
}

pub(in crate::sim) fn list_deployment_configs(
    _world: &mut World,
    request: ListDeploymentConfigsRequest,
) -> Result<ListDeploymentConfigsResponse, AwsError> {
    let names = BUILT_IN
        .iter()
        .map(|(name, _)| format!("CodeDeployDefault.Lambda{name}"));
    let (deployment_configs_list, next_token) =
        paging::page(names, request.next_token.as_deref(), super::PAGE)
            .map_err(|_| invalid_token())?;
    Ok(ListDeploymentConfigsResponse {
        deployment_configs_list,
        next_token,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::fixture::{code, start};

    /// Seconds since the traffic opened, and the percentage from then on.
    fn weights(name: &str) -> Vec<(i64, u32)> {
        let shift = Shift::named(&format!("CodeDeployDefault.Lambda{name}")).expect("built in");
        let (mut at, mut percent, mut found) = (0, 0, Vec::new());
        while percent < 100 {
            let (next, wait) = shift.after(percent);
            found.push((at, next));
            (percent, at) = (next, at + wait);
        }
        found
    }

    #[test]
    fn each_configuration_comes_to_its_weights() {
        assert_eq!(weights("AllAtOnce"), [(0, 100)]);
        assert_eq!(weights("Canary10Percent5Minutes"), [(0, 10), (300, 100)]);
        assert_eq!(weights("Canary10Percent30Minutes"), [(0, 10), (1800, 100)]);
        let linear = weights("Linear10PercentEvery3Minutes");
        assert_eq!(linear[..2], [(0, 10), (180, 20)]);
        assert_eq!(linear[9], (9 * 180, 100));
    }

    #[test]
    fn configurations_are_described_as_aws_describes_them() {
        let mut world = World::new(1, start());
        let request = |name: &str| GetDeploymentConfigRequest {
            deployment_config_name: name.to_owned(),
        };
        let info = world
            .get_deployment_config(request(
                "CodeDeployDefault.LambdaLinear10PercentEvery1Minute",
            ))
            .expect("built in")
            .deployment_config_info;
        assert_eq!(info.compute_platform, "Lambda");
        assert_eq!(
            serde_json::to_value(info.traffic_routing_config).expect("JSON"),
            serde_json::json!({
                "type": "TimeBasedLinear",
                "timeBasedLinear": {"linearPercentage": 10, "linearInterval": 1},
            })
        );
        let unknown = world.get_deployment_config(request("CodeDeployDefault.OneAtATime"));
        assert_eq!(code(unknown), "DeploymentConfigDoesNotExistException");
        let absent = world.get_deployment_config(request(""));
        assert_eq!(code(absent), "DeploymentConfigNameRequiredException");
        let all = world
            .list_deployment_configs(ListDeploymentConfigsRequest::default())
            .expect("a list");
        assert_eq!(all.deployment_configs_list.len(), 9);
    }
}
