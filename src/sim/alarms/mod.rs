//! Simulated alarms.

mod wire;

pub use wire::*;

use crate::sim::errors::AwsError;
use crate::sim::world::World;

pub(super) fn put_metric_alarm(
    _world: &mut World,
    _request: PutMetricAlarmRequest,
) -> Result<PutMetricAlarmResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::CloudWatch,
        "PutMetricAlarm",
    ))
}

pub(super) fn put_composite_alarm(
    _world: &mut World,
    _request: PutCompositeAlarmRequest,
) -> Result<PutCompositeAlarmResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::CloudWatch,
        "PutCompositeAlarm",
    ))
}

pub(super) fn set_alarm_state(
    _world: &mut World,
    _request: SetAlarmStateRequest,
) -> Result<SetAlarmStateResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::CloudWatch,
        "SetAlarmState",
    ))
}

pub(super) fn describe_alarms(
    _world: &mut World,
    _request: DescribeAlarmsRequest,
) -> Result<DescribeAlarmsResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::CloudWatch,
        "DescribeAlarms",
    ))
}

pub(super) fn describe_alarm_history(
    _world: &mut World,
    _request: DescribeAlarmHistoryRequest,
) -> Result<DescribeAlarmHistoryResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::CloudWatch,
        "DescribeAlarmHistory",
    ))
}

pub(super) fn delete_alarms(
    _world: &mut World,
    _request: DeleteAlarmsRequest,
) -> Result<DeleteAlarmsResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::CloudWatch,
        "DeleteAlarms",
    ))
}
