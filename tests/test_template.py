"""`template.yaml` is deployable: linted as CloudFormation sees it, its names exist, its clocks tick.

The SAM template itself hides much from cfn-lint, so the translated output is linted. What still slips
through (schedule expressions) is checked here by AWS's own grammar.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cfnlint.api
import pytest

from local.loops import LOOP, written_out
from local.template import load, translate
from reconciler.model.tick_time import TickTime

ROOT = Path(__file__).parent.parent
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/reconciler:v1"
CONTRACT = {
    "RECONCILER_TABLE",
    "RECONCILER_QUEUE_URL",
    "RECONCILER_BUS",
    "RECONCILER_ARTIFACTS",
    "RECONCILER_REPO_URL",
    "RECONCILER_REPO_BRANCH",
    "RECONCILER_REPO_PATH",
    "RECONCILER_REPO_TOKEN_SECRET",
    "RECONCILER_WEBHOOK_SECRET",
    "RECONCILER_ENVIRONMENTS",
    "RECONCILER_LEASE_SECONDS",
    "RECONCILER_STACK",
    "RECONCILER_REVERTER_KEY_SECRET",
    "RECONCILER_REVERTER_TOKEN_SECRET",
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
}
FUNCTIONS = ("check_health", "on_alarm", "on_push", "reconcile", "sweep")
NOT_BY_RESOURCE = {
    "cloudwatch:DescribeAlarms",
    "cloudwatch:DescribeAlarmHistory",
    "cloudwatch:GetMetricData",
}
"""What AWS allows for all or none: of composite alarms nothing is told otherwise."""
# One is singular, more are plural: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
RATE = re.compile(r"^rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)$")
CRON = re.compile(r"^cron\(\S+( \S+){5}\)$")


@pytest.fixture(scope="module")
def source() -> dict[str, Any]:
    return load(ROOT / "template.yaml")


@pytest.fixture(scope="module")
def translated(source: dict[str, Any]) -> dict[str, Any]:
    """What CloudFormation gets: image functions with an image, SAM's resources expanded."""
    template = json.loads(json.dumps(source))
    for resource in of_type(template, "AWS::Serverless::Function").values():
        resource.pop("Metadata")
        resource["Properties"]["ImageUri"] = IMAGE
    return translate(template, {"RepoUrl": "https://example.com/environments.git"}, "us-east-1")


def of_type(template: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    there = ((name, item) for name, item in template["Resources"].items() if not name.startswith(LOOP))
    return {name: item for name, item in there if item["Type"] == kind}


def schedules(template: Mapping[str, Any]) -> dict[str, str]:
    kinds = ("AWS::Scheduler::Schedule", "AWS::Events::Rule")
    found = {name: item["Properties"] for kind in kinds for name, item in of_type(template, kind).items()}
    return {name: p["ScheduleExpression"] for name, p in found.items() if "ScheduleExpression" in p}


def test_cfn_lint_finds_nothing_in_what_cloudformation_gets(translated: dict[str, Any]) -> None:
    found = cfnlint.api.lint(json.dumps(translated), config={"regions": ["us-east-1", "eu-west-1"]})
    assert [str(match) for match in found] == []


def test_cfn_lint_would_find_a_misspelt_property(translated: dict[str, Any]) -> None:
    broken = json.loads(json.dumps(translated))
    broken["Resources"]["Queue"]["Properties"]["VisibilityTimeOut"] = 1
    assert cfnlint.api.lint(json.dumps(broken), config={"regions": ["us-east-1"]})


def test_every_handler_it_names_is_a_file(source: dict[str, Any]) -> None:
    commands = [
        function["Properties"]["ImageConfig"]["Command"][0]
        for function in of_type(source, "AWS::Serverless::Function").values()
    ]
    assert sorted(commands) == [f"handlers.{name}.handler" for name in FUNCTIONS]
    for command in commands:
        module, function = command.rsplit(".", 1)
        file = ROOT / f"{module.replace('.', '/')}.py"
        assert file.exists(), f"{command}: {file} is missing"
        assert re.search(rf"^(def {function}\(|{function}\b.*=)", file.read_text(), re.MULTILINE), command


def test_functions_know_exactly_what_they_are_promised(source: dict[str, Any]) -> None:
    assert set(source["Globals"]["Function"]["Environment"]["Variables"]) == CONTRACT


def test_schedules_are_written_as_aws_reads_them(translated: dict[str, Any]) -> None:
    expressions = schedules(translated)
    assert list(expressions.values()) == ["rate(1 minute)"] * 2
    assert all(RATE.match(text) or CRON.match(text) for text in expressions.values())


@pytest.mark.parametrize("wrong", ["rate(1 minutes)", "rate(15 minute)", "rate(0 minutes)", "rate(1m)"])
def test_a_schedule_that_aws_would_refuse_is_seen(wrong: str) -> None:
    assert not RATE.match(wrong)


def test_a_message_stays_hidden_longer_than_its_function_may_run(source: dict[str, Any]) -> None:
    assert source["Resources"]["Reconcile"]["Properties"]["Timeout"] == {"Ref": "TickSeconds"}
    assert source["Resources"]["Queue"]["Properties"]["VisibilityTimeout"] == {"Ref": "LeaseSeconds"}
    tick, lease = (source["Parameters"][name]["Default"] for name in ("TickSeconds", "LeaseSeconds"))
    assert (tick, lease) == (TickTime().timeout_seconds, TickTime.lease_seconds)


@pytest.mark.parametrize(
    ("alarm", "queue"), [("DeadLetterAlarm", "DeadLetters"), ("LostAlarm", "LostAlarms")]
)
def test_dead_letters_wake_a_person(source: dict[str, Any], alarm: str, queue: str) -> None:
    found = source["Resources"][alarm]["Properties"]
    assert found["Dimensions"][0]["Value"] == {"Fn::GetAtt": [queue, "QueueName"]}
    assert found["AlarmActions"] == [{"Ref": "AlarmTopic"}]


def test_an_alarm_that_nobody_could_act_on_is_kept(source: dict[str, Any]) -> None:
    letters = source["Resources"]["OnAlarm"]["Properties"]["DeadLetterQueue"]
    assert letters == {"Type": "SQS", "TargetArn": {"Fn::GetAtt": ["LostAlarms", "Arn"]}}
    statements = json.dumps(source["Resources"]["OnAlarmRole"]["Properties"]["Policies"])
    assert json.dumps({"Fn::GetAtt": ["LostAlarms", "Arn"]}) in statements


@pytest.mark.parametrize(
    ("alarm", "metric", "name", "watched"),
    [
        ("SilenceAlarm", "Invocations", "FunctionName", {"Ref": "Sweep"}),
        ("SweepErrorAlarm", "Errors", "FunctionName", {"Ref": "Sweep"}),
        (
            "BacklogAlarm",
            "ApproximateAgeOfOldestMessage",
            "QueueName",
            {"Fn::GetAtt": ["Queue", "QueueName"]},
        ),
    ],
)
def test_a_standstill_wakes_a_person(
    source: dict[str, Any], alarm: str, metric: str, name: str, watched: Mapping[str, Any]
) -> None:
    found = source["Resources"][alarm]["Properties"]
    assert found["MetricName"] == metric
    assert found["Dimensions"] == [{"Name": name, "Value": watched}]
    assert found["AlarmActions"] == [{"Ref": "AlarmTopic"}]


@pytest.mark.parametrize(("rule", "severity"), [("ErrorEvents", "error"), ("WarningEvents", "warning")])
def test_people_can_hear_of_errors_and_of_warnings(source: dict[str, Any], rule: str, severity: str) -> None:
    found, topic = source["Resources"][rule]["Properties"], rule.replace("ErrorEvents", "AlarmTopic")
    topic = topic.replace("WarningEvents", "WarningTopic")
    assert found["EventPattern"]["detail"] == {"customData": {"severity": [severity]}}
    assert [target["Arn"] for target in found["Targets"]] == [{"Ref": topic}]
    policy = source["Resources"][f"{topic}Policy"]["Properties"]
    statements = policy["PolicyDocument"]["Statement"]
    assert "events.amazonaws.com" in {item["Principal"]["Service"] for item in statements}
    assert {"Ref": topic} in [output["Value"] for output in source["Outputs"].values()]


def test_only_this_account_may_raise_alarms(source: dict[str, Any]) -> None:
    """EventBridge tells SNS no account: a condition would shut out our own events too."""
    statements = source["Resources"]["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    conditions = {item["Principal"]["Service"]: item.get("Condition") for item in statements}
    assert conditions == {
        "cloudwatch.amazonaws.com": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
        "events.amazonaws.com": None,
    }


@pytest.mark.parametrize(
    ("parameter", "condition", "actions"),
    [
        ("AirflowTokenSecretArns", "HasAirflowTokens", "secretsmanager:GetSecretValue"),
        ("KmsKeyArns", "HasKmsKeys", ["kms:Decrypt", "kms:GenerateDataKey"]),
    ],
)
def test_what_not_every_environment_needs_is_allowed_only_where_it_is_named(
    source: dict[str, Any], parameter: str, condition: str, actions: object
) -> None:
    assert source["Parameters"][parameter]["Default"] == ""
    empty = {"Fn::Equals": [{"Fn::Join": ["", {"Ref": parameter}]}, ""]}
    assert source["Conditions"][condition] == {"Fn::Not": [empty]}
    (policy,) = source["Resources"]["ReconcileRole"]["Properties"]["Policies"]
    allowed = {"Effect": "Allow", "Action": actions, "Resource": {"Ref": parameter}}
    chosen = {"Fn::If": [condition, allowed, {"Ref": "AWS::NoValue"}]}
    assert chosen in policy["PolicyDocument"]["Statement"]


def test_the_function_url_lets_the_git_server_in(translated: dict[str, Any]) -> None:
    """Since October 2025 a public URL needs both permissions, the second only by way of the URL."""
    public = [
        item["Properties"]
        for item in of_type(translated, "AWS::Lambda::Permission").values()
        if item["Properties"]["Principal"] == "*"
    ]
    assert {item["Action"] for item in public} == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    by_url = next(item for item in public if item["Action"] == "lambda:InvokeFunction")
    assert by_url["InvokedViaFunctionUrl"] is True


def test_no_function_may_do_everything(translated: dict[str, Any]) -> None:
    roles = of_type(translated, "AWS::IAM::Role")
    statements = [
        statement
        for role in roles.values()
        for policy in role["Properties"].get("Policies", [])
        for given in policy["PolicyDocument"]["Statement"]
        for statement in given.get("Fn::If", [None, given])[1:]
        if "Effect" in statement
    ]
    assert statements
    for statement in statements:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert statement["Resource"] != "*" or set(actions) <= NOT_BY_RESOURCE
        assert not any(action.endswith("*") for action in actions)


@pytest.fixture(scope="module")
def two(source: dict[str, Any]) -> dict[str, Any]:
    """The template of two environments, one with a dash in its name, as `local.loops` writes it out."""
    return written_out(source, {"Environments": "dev,pre-prod"})


def test_each_environment_has_its_own_alarms(two: dict[str, Any]) -> None:
    kinds = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
    names = {
        key: item["Properties"]["AlarmName"]
        for kind in kinds
        for key, item in of_type(two, kind).items()
        if "AlarmName" in item["Properties"]
    }
    assert names == {
        "Healthdev": {"Fn::Sub": "${AWS::StackName}-dev-health"},
        "Blinddev": {"Fn::Sub": "${AWS::StackName}-dev-blind"},
        "Verdictdev": {"Fn::Sub": "${AWS::StackName}-dev"},
        "Healthpreprod": {"Fn::Sub": "${AWS::StackName}-pre-prod-health"},
        "Unjudgeddev": {"Fn::Sub": "${AWS::StackName}-dev-unjudged"},
        "Unjudgedpreprod": {"Fn::Sub": "${AWS::StackName}-pre-prod-unjudged"},
        "Blindpreprod": {"Fn::Sub": "${AWS::StackName}-pre-prod-blind"},
        "Verdictpreprod": {"Fn::Sub": "${AWS::StackName}-pre-prod"},
    }


@pytest.mark.parametrize(
    ("alarm", "metric", "missing", "periods"),
    [
        ("Health", "HealthFailed", "ignore", 1),
        ("Blind", "HealthChecked", "breaching", 5),
        ("Unjudged", "HealthJudged", "breaching", 15),
    ],
)
def test_what_is_missing_never_counts_as_good(
    two: dict[str, Any], alarm: str, metric: str, missing: str, periods: int
) -> None:
    found = two["Resources"][f"{alarm}preprod"]["Properties"]
    assert (found["MetricName"], found["Namespace"]) == (metric, "Reconciler")
    assert (found["TreatMissingData"], found["EvaluationPeriods"], found["Period"]) == (missing, periods, 60)
    assert found["Dimensions"] == [
        {"Name": "environment", "Value": "pre-prod"},
        {"Name": "service", "Value": {"Ref": "AWS::StackName"}},
    ]


def test_the_service_of_our_metrics_is_the_stack(source: dict[str, Any]) -> None:
    variables = source["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}


def test_a_composite_alarm_waits_for_the_one_it_names(two: dict[str, Any]) -> None:
    for environment in ("dev", "preprod"):
        rule = two["Resources"][f"Verdict{environment}"]["Properties"]["AlarmRule"]
        assert rule == {"Fn::Sub": ['ALARM("${Health}")', {"Health": {"Ref": f"Health{environment}"}}]}


def test_only_an_alarm_that_goes_off_starts_what_reverts(source: dict[str, Any]) -> None:
    events = source["Resources"]["OnAlarm"]["Properties"]["Events"]
    details = {name: event["Properties"]["Pattern"]["detail"] for name, event in events.items()}
    assert details["Ours"]["alarmName"] == [{"prefix": {"Fn::Sub": "${AWS::StackName}-"}}]
    assert details["Ours"]["configuration"] == {"alarmRule": [{"exists": True}]}, "none of a metric"
    assert details["OfYourOwn"].keys() == {"alarmName", "state"}, "of either kind"
    assert details["OfYourOwn"]["alarmName"] == {"Ref": "RevertAlarms"}
    assert [one["state"] for one in details.values()] == [{"value": ["ALARM"]}] * 2


def test_what_else_may_start_what_reverts(source: dict[str, Any]) -> None:
    """Only alarms of this account, and one topic; and only where somebody named them."""
    found = of_type(source, "AWS::Lambda::Permission")
    assert {name: item["Condition"] for name, item in found.items()} == {
        "AlarmsInvokeOnAlarm": "HasRevertAlarms",
        "TopicInvokesOnAlarm": "HasRevertTopic",
    }
    alarms, topic = (found[name]["Properties"] for name in ("AlarmsInvokeOnAlarm", "TopicInvokesOnAlarm"))
    assert alarms["Principal"] == "lambda.alarms.cloudwatch.amazonaws.com"
    assert alarms["SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert alarms["SourceArn"]["Fn::Sub"].endswith(":${AWS::AccountId}:alarm:*")
    assert (topic["Principal"], topic["SourceArn"]) == ("sns.amazonaws.com", {"Ref": "RevertTopicArn"})
    assert {item["FunctionName"]["Fn::GetAtt"][0] for item in (alarms, topic)} == {"OnAlarm"}
    told = source["Resources"]["TopicToldToOnAlarm"]
    assert (told["Condition"], told["Properties"]["Protocol"]) == ("HasRevertTopic", "lambda")
    for name in ("RevertAlarms", "RevertTopicArn"):
        assert source["Parameters"][name]["Default"] == ""
    pattern = source["Parameters"]["RevertTopicArn"]["AllowedPattern"]
    assert re.match(pattern, "")
    assert re.match(pattern, "arn:aws:sns:eu-west-1:123456789012:alarms")
    assert not re.match(pattern, "arn:aws:sqs:eu-west-1:123456789012:alarms")


def test_who_looks_may_write_no_file(source: dict[str, Any]) -> None:
    for role in ("CheckHealthRole", "OnAlarmRole"):
        actions = json.dumps(source["Resources"][role]["Properties"]["Policies"])
        for forbidden in ("s3:PutObject", "s3:DeleteObject", "cloudwatch:SetAlarmState", "cloudwatch:Put"):
            assert forbidden not in actions


def test_keys_are_read_only_by_who_needs_them(source: dict[str, Any]) -> None:
    holders = {
        secret: {
            name
            for name, item in of_type(source, "AWS::IAM::Role").items()
            if json.dumps({"Ref": secret}) in json.dumps(item)
        }
        for secret in ("ReverterKey", "ReverterToken", "RepoToken", "RecordKeySecretArns")
    }
    assert holders == {
        "ReverterKey": {"CheckHealthRole", "OnAlarmRole"},
        "ReverterToken": {"CheckHealthRole", "OnAlarmRole"},
        "RepoToken": {"CheckHealthRole", "OnAlarmRole", "ReconcileRole"},
        "RecordKeySecretArns": {"CheckHealthRole"},
    }
