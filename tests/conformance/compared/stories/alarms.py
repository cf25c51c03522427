"""CloudWatch: metrics, alarms that are set by hand, and one that is really evaluated."""

from datetime import timedelta

from steps import Step

DIMENSIONS = [{"Name": "FunctionName", "Value": "compared"}]
SERIES = {"Namespace": "Compared", "MetricName": "orders", "Dimensions": DIMENSIONS}
WINDOW = {"StartTime": timedelta(minutes=-10), "EndTime": timedelta(minutes=1)}
ALARM = {**SERIES, "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 3.5,
         "ComparisonOperator": "GreaterThanOrEqualToThreshold"}


def cloudwatch(operation, given, label="", **more):
    return Step("cloudwatch", operation, given, label=label, **more)


def query(stat, **more):
    return {"Id": stat.lower(), "MetricStat": {"Metric": SERIES, "Period": 60, "Stat": stat, **more}}


def datum(value, minutes, **more):
    return {"MetricName": "orders", "Dimensions": DIMENSIONS, "Timestamp": timedelta(minutes=minutes),
            "Value": value, "Unit": "Count", **more}


METRICS = [
    cloudwatch("PutMetricData", {"Namespace": "Compared", "MetricData": [
        datum(2.0, -5), datum(3.0, -5), datum(7.0, -3)]}),
    cloudwatch("PutMetricData", {"Namespace": "Compared", "MetricData": [
        {"MetricName": "sizes", "Timestamp": timedelta(minutes=-4), "Values": [1.5, 2.5], "Counts": [1.0, 3.0]}]},
        "values and counts"),
    cloudwatch("PutMetricData", {"Namespace": "Compared", "MetricData": [{
        "MetricName": "sums", "Timestamp": timedelta(minutes=-4), "StatisticValues": {
            "SampleCount": 4.0, "Sum": 10.0, "Minimum": 1.0, "Maximum": 4.0}}]}, "statistic values"),
    cloudwatch("PutMetricData", {"Namespace": "Compared", "MetricData": [
        {"MetricName": "both", "Value": 1.0, "Values": [1.0]}]}, "value and values"),
    cloudwatch("GetMetricData", {"MetricDataQueries": [
        query("Sum"), query("SampleCount"), query("Average"), query("Minimum"), query("Maximum")],
        "ScanBy": "TimestampAscending", **WINDOW}, "ascending",
        until=lambda answer: answer["MetricDataResults"][0]["Values"]),
    cloudwatch("GetMetricData", {"MetricDataQueries": [query("Sum")], "ScanBy": "TimestampDescending", **WINDOW},
               "descending"),
    cloudwatch("GetMetricData", {"MetricDataQueries": [query("Sum")], **WINDOW}, "no order"),
    cloudwatch("GetMetricData", {"MetricDataQueries": [query("Sum", Unit="Seconds")], **WINDOW}, "another unit"),
    cloudwatch("GetMetricData", {"MetricDataQueries": [
        {"Id": "m", "MetricStat": {"Metric": {"Namespace": "Compared", "MetricName": "nothing"}, "Period": 60,
                                   "Stat": "Sum"}}], **WINDOW}, "no such series"),
    cloudwatch("GetMetricData", {"MetricDataQueries": [query("Sum"), query("Sum")], **WINDOW}, "an id twice"),
    cloudwatch("GetMetricData", {"MetricDataQueries": [query("Sum")], "StartTime": timedelta(0),
                                 "EndTime": timedelta(minutes=-10)}, "backwards"),
    cloudwatch("GetMetricStatistics", {**SERIES, **WINDOW, "Period": 600,
                                       "Statistics": ["SampleCount", "Sum", "Average", "Minimum", "Maximum"]}),
    cloudwatch("GetMetricStatistics", {"Namespace": "Compared", "MetricName": "sizes", **WINDOW, "Period": 600,
                                       "Statistics": ["SampleCount", "Sum", "Minimum", "Maximum"]},
               "values and counts"),
    cloudwatch("GetMetricStatistics", {"Namespace": "Compared", "MetricName": "sums", **WINDOW, "Period": 600,
                                       "Statistics": ["SampleCount", "Sum", "Minimum", "Maximum"]},
               "statistic values"),
    cloudwatch("GetMetricStatistics", {"Namespace": "Compared", "MetricName": "nothing", **WINDOW, "Period": 60,
                                       "Statistics": ["Sum"]}, "no such series"),
    cloudwatch("ListMetrics", {"Namespace": "Compared"}, "of a namespace"),
    cloudwatch("ListMetrics", {"Namespace": "Compared", "MetricName": "orders"}, "of a name"),
    cloudwatch("ListMetrics", {"Namespace": "Compared", "Dimensions": [{"Name": "FunctionName"}]}, "of a dimension"),
    cloudwatch("ListMetrics", {"Namespace": "Compared", "Dimensions": [{"Name": "FunctionName", "Value": "x"}]},
               "of another value"),
]


def history(name, kind, label, **more):
    return cloudwatch("DescribeAlarmHistory", {"AlarmName": name, "HistoryItemType": kind,
                                               "ScanBy": "TimestampAscending"}, label, **more)


BY_HAND = [
    cloudwatch("PutMetricAlarm", {"AlarmName": "one", "AlarmDescription": "a & b", **ALARM}),
    cloudwatch("DescribeAlarms", {"AlarmNames": ["one"]}, "a new one", save={"one": "MetricAlarms.0.AlarmArn"}),
    cloudwatch("PutMetricAlarm", {"AlarmName": "one", **ALARM, "Period": 7}, "period of 7"),
    cloudwatch("PutMetricAlarm", {"AlarmName": "one", **ALARM, "Statistic": "Most"}, "no statistic"),
    cloudwatch("PutMetricAlarm", {"AlarmName": "one", **ALARM, "TreatMissingData": "sometimes"}, "no treatment"),
    cloudwatch("SetAlarmState", {"AlarmName": "one", "StateValue": "ALARM", "StateReason": "drill",
                                 "StateReasonData": '{"a":1}'}),
    cloudwatch("DescribeAlarms", {"AlarmNames": ["one"], "StateValue": "ALARM"}, "in ALARM"),
    cloudwatch("DescribeAlarms", {"AlarmNames": ["one"], "StateValue": "OK"}, "not in OK"),
    cloudwatch("DescribeAlarms", {"AlarmNamePrefix": "on"}, "by prefix"),
    cloudwatch("DescribeAlarms", {"AlarmNames": ["nobody"]}, "nobody"),
    cloudwatch("SetAlarmState", {"AlarmName": "nobody", "StateValue": "OK", "StateReason": "x"}, "nobody"),
    cloudwatch("SetAlarmState", {"AlarmName": "one", "StateValue": "MAYBE", "StateReason": "x"}, "no state"),
    cloudwatch("PutMetricAlarm", {"AlarmName": "one", **ALARM, "Threshold": 4.5, "ActionsEnabled": False,
                                  "DatapointsToAlarm": 1, "TreatMissingData": "notBreaching", "Unit": "Count"},
               "again"),
    cloudwatch("DescribeAlarms", {"AlarmNames": ["one"]}, "changed"),
    history("one", "StateUpdate", "state set by hand"),
    history("one", "ConfigurationUpdate", "configuration"),
    cloudwatch("DeleteAlarms", {"AlarmNames": ["one"]}),
    cloudwatch("DescribeAlarms", {"AlarmNames": ["one"]}, "deleted"),
    cloudwatch("DeleteAlarms", {"AlarmNames": ["nobody"]}, "nobody"),
]

# Of a child that keeps its state without data, set before and after the composite is there.
COMPOSITE = [
    cloudwatch("PutMetricAlarm", {"AlarmName": "child", **ALARM, "TreatMissingData": "ignore"}, "child"),
    cloudwatch("DescribeAlarms", {"AlarmNames": ["child"]}, "child", save={"child": "MetricAlarms.0.AlarmArn"}),
    cloudwatch("SetAlarmState", {"AlarmName": "child", "StateValue": "OK", "StateReason": "drill"}, "child, OK"),
    cloudwatch("PutCompositeAlarm", {"AlarmName": "both", "AlarmRule": 'ALARM("${child}")'}),
    cloudwatch("PutCompositeAlarm", {"AlarmName": "wrong", "AlarmRule": "SOMETIMES(child)"}, "no rule"),
    cloudwatch("SetAlarmState", {"AlarmName": "child", "StateValue": "ALARM", "StateReason": "drill"}, "child"),
    cloudwatch("DescribeAlarms", {"AlarmNames": ["both"], "AlarmTypes": ["CompositeAlarm"]}, "composite",
               until=lambda answer: answer["CompositeAlarms"][0]["StateValue"] == "ALARM", patience=12),
    cloudwatch("DescribeAlarms", {"AlarmNames": ["both"]}, "composite, not asked for"),
    cloudwatch("DescribeAlarms", {"AlarmNames": ["child", "both"], "AlarmTypes": ["CompositeAlarm", "MetricAlarm"]},
               "both types"),
    cloudwatch("DeleteAlarms", {"AlarmNames": ["child"]}, "of a rule"),
    cloudwatch("DeleteAlarms", {"AlarmNames": ["both"]}, "composite"),
    cloudwatch("DeleteAlarms", {"AlarmNames": ["child"]}, "child"),
]


def state(value):
    return lambda answer: answer["MetricAlarms"][0]["StateValue"] == value


EVALUATED = [
    cloudwatch("PutMetricAlarm", {**ALARM, "AlarmName": "quick", "MetricName": "quick", "Period": 10,
                                  "TreatMissingData": "notBreaching"}, "every ten seconds"),
    cloudwatch("DescribeAlarms", {"AlarmNames": ["quick"]}, "quick, without data", until=state("OK"), patience=30),
    cloudwatch("PutMetricData", {"Namespace": "Compared", "MetricData": [
        {"MetricName": "quick", "Dimensions": DIMENSIONS, "Value": 9.0, "StorageResolution": 1}]}, "quick"),
    cloudwatch("DescribeAlarms", {"AlarmNames": ["quick"]}, "quick, breached", until=state("ALARM"), patience=40),
    cloudwatch("DescribeAlarms", {"AlarmNames": ["quick"]}, "quick, over", until=state("OK"), patience=60),
    history("quick", "StateUpdate", "evaluated"),
    cloudwatch("DeleteAlarms", {"AlarmNames": ["quick"]}, "quick"),
]
