"""template.yaml keeps its promises, where the embedded AWS cannot show it."""

import json
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dlr.suppression.rules import MAX_STRIKES
from local.template import EVERYTHING, count_resources, functions, load, providers
from tests.support.functions import Functions
from tests.support.template import as_list

ROOT = Path(__file__).parent.parent
SOURCE = load(ROOT / "template.yaml", {"CrmUrl": "https://crm.example.com/dead"})
RESOURCES: dict[str, Any] = json.loads(json.dumps(SOURCE["Resources"]))
"""As written, loops expanded."""
PROVIDERS = providers()
BRACES = str.maketrans("<>", "{}")
QUEUE_RETENTION_S = 14 * 24 * 3600
MAX_RESOURCES, RESERVE = 500, 60
MAX_ALARM_S = 7 * 24 * 3600
"""The longest time that CloudWatch looks back for an alarm with periods of an hour."""
READ_LATER = {"Api": {"SUPPRESSION_POLICY", "SMPP_ERR_TABLE"}}
"""By the first replay from quarantine."""


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {
        name: each.get("Properties", {}) for name, each in RESOURCES.items() if each["Type"] == kind
    }


FUNCTIONS = functions(SOURCE)
TABLES = of_type("AWS::DynamoDB::Table")
RULES = of_type("AWS::Events::Rule")
ROLES = of_type("AWS::IAM::Role")
LOGS = of_type("AWS::Logs::LogGroup")
QUEUES = of_type("AWS::SQS::Queue")
SECRETS = of_type("AWS::SecretsManager::Secret")
ALARMS = of_type("AWS::CloudWatch::Alarm")
TARGETS = [(rule, target) for rule, each in RULES.items() for target in each["Targets"]]


def statements(role: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for policy in role["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """EventBridge's matching, as far as our rules use it: each field is one of a list."""
    return all(
        matches(wanted, event[name]) if isinstance(wanted, dict) else event[name] in wanted
        for name, wanted in pattern.items()
    )


def rules_for(action: str) -> set[str]:
    event = {"source": "dlr", "detail-type": "Delivery Report", "detail": {"action": action}}
    return {name for name, rule in RULES.items() if matches(rule["EventPattern"], event)}


def test_every_parameter_changes_something() -> None:
    source = (ROOT / "template.yaml").read_text().partition("\nRules:\n")[2]
    for name in SOURCE["Parameters"]:
        assert re.search(rf"!Ref {name}\b|\${{{name}}}", source), name


def test_a_deployment_names_its_providers() -> None:
    """The one parameter without a default, as `providers` and `load` say it for this machine."""
    written = (ROOT / "template.yaml").read_text().partition("\nParameters:\n")[2]
    parameters = re.findall(r"^  (\w+):\n((?:    .*\n)+)", written.partition("\nRules:\n")[0], re.M)
    assert [name for name, _ in parameters] == list(SOURCE["Parameters"])
    assert [name for name, body in parameters if "Default:" not in body] == ["Providers"]


def test_the_list_of_providers_is_the_folder_of_providers() -> None:
    modules = (ROOT / "layers/dlr/dlr/providers").glob("*.csv")
    assert sorted(PROVIDERS) == sorted(path.stem for path in modules)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_provider_has_an_ingest_function_that_reads_its_own_token(provider: str) -> None:
    variables = FUNCTIONS[f"Ingest{provider}"]["Environment"]["Variables"]
    assert variables["PROVIDER"] == provider
    assert variables["TOKEN_SECRET"] == {"Ref": f"TokenSecret{provider}"}


def test_a_library_for_one_provider_is_locked_for_its_function_alone() -> None:
    """A dependency group named like a provider is the file that its build installs."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    locked = {path.stem: path.read_text() for path in (ROOT / "functions/ingest").glob("*.txt")}
    assert locked.keys() == groups.keys() & set(PROVIDERS)
    layer = (ROOT / "layers/dlr/requirements.txt").read_text()
    for provider, lock in locked.items():
        for requirement in groups[provider]:
            name = requirement.partition(">")[0]
            assert f"\n{name}==" in lock
            assert f"\n{name}==" not in layer


def test_a_provider_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"no provider nobody; there are .*smpp"):
        load(ROOT / "template.yaml", {"Providers": "smpp,nobody"})


def test_only_the_providers_asked_for_are_deployed() -> None:
    chosen = load(ROOT / "template.yaml", {"Providers": "smpp"})["Resources"]
    ingests = [name for name in chosen if name.startswith(("Ingest", "TokenSecret"))]
    assert all("smpp" in name for name in ingests if name != "IngestLogs")
    assert "Ingestsmpp" in ingests


def test_sam_package_finds_different_code_for_each_ingest_function() -> None:
    paths = [FUNCTIONS[f"Ingest{provider}"]["CodeUri"] for provider in PROVIDERS]
    assert len(set(paths)) == len(PROVIDERS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_handler_is_a_function_in_a_file(name: str) -> None:
    module, function = FUNCTIONS[name]["Handler"].split(".")
    folder = (ROOT / FUNCTIONS[name]["CodeUri"]).resolve()
    source = (folder / f"{module}.py").read_text()
    assert f"\ndef {function}(event: " in source


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_may_write_to_its_own_log_group_only(name: str) -> None:
    """All ingest functions have one together."""
    logging = FUNCTIONS[name]["LoggingConfig"]
    assert (logging["LogFormat"], logging["SystemLogLevel"]) == ("JSON", {"Ref": "LogLevel"})
    assert FUNCTIONS[name]["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
    group = logging["LogGroup"]["Ref"]
    assert LOGS[group]
    writable = [
        statement["Resource"]
        for statement in statements(ROLES[f"{name}Role"])
        if any(action.startswith("logs:") for action in as_list(statement["Action"]))
    ]
    assert writable == [{"Fn::GetAtt": [group, "Arn"]}]
    sharing = [other for other in FUNCTIONS if FUNCTIONS[other]["LoggingConfig"] == logging]
    assert len(sharing) == 1 or all(other.startswith("Ingest") for other in sharing)


class Reads(dict[str, str]):
    """An environment that remembers what was read of it."""

    def __init__(self) -> None:
        super().__init__(os.environ)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_reads_every_variable_that_it_is_given(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = SOURCE["Globals"]["Function"]["Environment"]["Variables"]
    own = FUNCTIONS[name]["Environment"]["Variables"].keys() - shared.keys()
    nowhere: Any = SimpleNamespace(url="http://127.0.0.1:9")
    started = Functions(nowhere, {resource: resource for resource in RESOURCES})
    monkeypatch.setattr(os, "environ", reads := Reads())
    started.start(name)
    assert own - reads.names == READ_LATER.get(name, set())


INDEX = re.compile(r"\$\{\w+Table\.Arn\}/index/\w+")
"""An index has no attribute that names it."""


@pytest.mark.parametrize("name", ROLES)
def test_no_role_may_do_more_than_named_actions_on_named_resources(name: str) -> None:
    assert "ManagedPolicyArns" not in ROLES[name]
    for statement in statements(ROLES[name]):
        assert not any("*" in action for action in as_list(statement["Action"]))
        for resource in as_list(statement["Resource"]):
            ((function, value),) = resource.items()
            assert function in {"Ref", "Fn::GetAtt"} or INDEX.fullmatch(value)


def test_each_ingest_function_may_read_its_own_token_and_the_hash_key_only() -> None:
    for provider in PROVIDERS:
        readable = [
            statement["Resource"]
            for statement in statements(ROLES[f"Ingest{provider}Role"])
            if statement["Action"] == "secretsmanager:GetSecretValue"
        ]
        own = {"Fn::GetAtt": [f"TokenSecret{provider}", "Id"]}
        assert readable == [[own, {"Fn::GetAtt": ["HashSecret", "Id"]}]]


def test_every_route_but_the_webhooks_asks_the_authorizer() -> None:
    routes = of_type("AWS::ApiGatewayV2::Route").values()
    opened = {each["RouteKey"] for each in routes if each["AuthorizationType"] == "NONE"}
    assert opened == {f"ANY /webhooks/{provider}/{{token}}" for provider in PROVIDERS}
    asking = [each for each in routes if each["RouteKey"] not in opened]
    sources = [path.read_text() for path in (ROOT / "functions/api").rglob("*.py")]
    written = re.findall(r'@(?:app|router)\.(\w+)\(\s*"(/[^"]*)"', "".join(sources))
    served = {f"{method.upper()} {path.translate(BRACES)}" for method, path in written}
    assert {each["RouteKey"] for each in asking} == served
    for route in asking:
        assert route["AuthorizationType"] == "CUSTOM"
        assert route["AuthorizerId"] == {"Ref": "AdminAuthorizer"}


def test_no_function_has_an_address_of_its_own() -> None:
    assert not of_type("AWS::Lambda::Url")
    assert not any("FunctionUrlConfig" in each for each in FUNCTIONS.values())


def test_nobody_but_api_gateway_may_call_a_function() -> None:
    permissions = of_type("AWS::Lambda::Permission").values()
    assert permissions
    for permission in permissions:
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert "SourceArn" in permission


def test_no_policy_of_a_queue_or_topic_lets_in_everybody() -> None:
    policies = of_type("AWS::SQS::QueuePolicy") | of_type("AWS::SNS::TopicPolicy")
    assert len(policies) == 3
    for policy in policies.values():
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Principal"] == {"Service": "events.amazonaws.com"}
            assert "*" not in json.dumps([statement["Action"], statement["Resource"]])
            # EventBridge's guide: no conditions in policies of SNS topics
            to_topic = statement["Action"] == "sns:Publish"
            assert to_topic or statement["Condition"]["ArnEquals"]["aws:SourceArn"]


def test_the_access_log_holds_no_path() -> None:
    settings = of_type("AWS::ApiGatewayV2::Stage")["DefaultStage"]["AccessLogSettings"]
    assert "$context.routeKey" in settings["Format"]
    assert "path" not in settings["Format"].lower()
    json.loads(settings["Format"])


@pytest.mark.parametrize("name", TABLES)
def test_each_table_can_be_restored_and_survives_its_stack(name: str) -> None:
    recovery = TABLES[name]["PointInTimeRecoverySpecification"]
    assert recovery["PointInTimeRecoveryEnabled"] is True
    assert recovery["RecoveryPeriodInDays"] == {"Ref": "PointInTimeRecoveryDays"}
    assert RESOURCES[name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("name", TABLES)
def test_each_table_deletes_what_has_expired(name: str) -> None:
    ttl = TABLES[name]["TimeToLiveSpecification"]
    assert ttl == {"AttributeName": "expires_at", "Enabled": True}


def test_the_hash_key_survives_its_stack() -> None:
    assert RESOURCES["HashSecret"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert RESOURCES["HashSecret"]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("name", SECRETS)
def test_each_secret_is_generated_in_the_shape_of_a_rotation(name: str) -> None:
    generated = SECRETS[name]["GenerateSecretString"]
    assert generated["GenerateStringKey"] == "current"
    assert json.loads(generated["SecretStringTemplate"]) == {"previous": []}
    assert generated["PasswordLength"] >= 43
    assert generated["ExcludePunctuation"] is True


def test_the_stream_passes_on_changes_only_and_gives_up_in_the_end() -> None:
    stream = FUNCTIONS["Publish"]["Events"]["Stream"]["Properties"]
    patterns = [json.loads(each["Pattern"]) for each in stream["FilterCriteria"]["Filters"]]
    assert patterns == [{"eventName": ["INSERT", "MODIFY"]}]
    assert stream["BisectBatchOnFunctionError"] is True
    assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 50 <= stream["MaximumRetryAttempts"] <= 100  # an outage is longer, a poison shorter
    assert 0 < stream["MaximumRecordAgeInSeconds"] < 24 * 3600
    failures = stream["DestinationConfig"]["OnFailure"]["Destination"]
    assert failures == {"Fn::GetAtt": ["PublishFailures", "Arn"]}
    specification = TABLES["ReportsTable"]["StreamSpecification"]
    assert specification == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.mark.parametrize(
    ("action", "rules"),
    [
        ("keep", set()),
        ("suppress_number", {"HardBounceRule", "CrmRule", "TopicRule"}),
        ("strike", {"HardBounceRule"}),
        ("suppress_opt_out", {"OptOutRule"}),
    ],
)
def test_each_action_reaches_its_rules(action: str, rules: set[str]) -> None:
    assert rules_for(action) == rules


@pytest.mark.parametrize(("rule", "target"), TARGETS, ids=[rule for rule, _ in TARGETS])
def test_no_rule_loses_an_event(rule: str, target: dict[str, Any]) -> None:
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["RuleFailures", "Arn"]}}
    assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
    allowed = json.dumps(RESOURCES["RuleFailuresPolicy"]["Properties"]["PolicyDocument"])
    assert json.dumps({"Fn::GetAtt": [rule, "Arn"]}) in allowed


def test_only_the_two_rules_may_send_to_the_suppress_queue() -> None:
    policy = RESOURCES["SuppressQueuePolicy"]["Properties"]["PolicyDocument"]
    (statement,) = policy["Statement"]
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == [
        {"Fn::GetAtt": ["HardBounceRule", "Arn"]},
        {"Fn::GetAtt": ["OptOutRule", "Arn"]},
    ]


def test_the_suppress_queue_gives_its_function_time_and_keeps_what_fails() -> None:
    queue = QUEUES["SuppressQueue"]
    assert queue["VisibilityTimeout"] >= 6 * FUNCTIONS["Suppress"]["Timeout"]
    failures = queue["RedrivePolicy"]["deadLetterTargetArn"]
    assert failures == {"Fn::GetAtt": ["SuppressFailures", "Arn"]}
    batch = FUNCTIONS["Suppress"]["Events"]["Batch"]["Properties"]
    assert batch["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("name", QUEUES)
def test_each_queue_is_encrypted_and_each_failure_queue_patient(name: str) -> None:
    assert QUEUES[name]["SqsManagedSseEnabled"] is True
    if name.endswith("Failures"):
        assert QUEUES[name]["MessageRetentionPeriod"] == QUEUE_RETENTION_S


@pytest.mark.parametrize("name", LOGS)
def test_each_log_has_a_retention(name: str) -> None:
    assert LOGS[name]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def alarm_on(metric: str, **dimensions: Any) -> dict[str, Any]:
    """The one alarm on this metric."""
    wanted = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    (found,) = (
        alarm
        for alarm in ALARMS.values()
        if (alarm.get("MetricName"), alarm.get("Dimensions")) == (metric, wanted)
    )
    return found


@pytest.mark.parametrize("name", ALARMS)
def test_each_alarm_notifies_the_topic_and_only_silence_alarms_without_data(name: str) -> None:
    assert ALARMS[name]["AlarmActions"] == [{"Ref": "Alarms"}]
    without_data = "breaching" if name.startswith("Silent") else "notBreaching"
    assert ALARMS[name]["TreatMissingData"] == without_data
    assert ALARMS[name]["AlarmDescription"]


def test_there_are_as_many_alarms_as_the_documentation_says() -> None:
    page = (ROOT / "docs/operate.md").read_text()
    common = len(ALARMS) - 2 * len(PROVIDERS)
    assert f"There are {common} alarms and 2 for each provider." in page


def test_a_provider_takes_eight_resources_and_forty_leave_a_reserve() -> None:
    """Counted as CloudFormation does it: after both transforms."""
    one, two, three = (resources_of(PROVIDERS[:count]) for count in (1, 2, 3))
    each = two - one
    assert (each, three - two) == (8, 8)
    assert one + 39 * each + RESERVE < MAX_RESOURCES


def resources_of(names: list[str]) -> int:
    """Of a stack with everything that is optional."""
    return count_resources({"Providers": ",".join(names)} | EVERYTHING)


def test_who_gave_an_address_hears_of_alarms() -> None:
    subscription = RESOURCES["AlarmSubscription"]
    assert subscription["Condition"] == "HasAlarmEmail"
    assert subscription["Properties"]["TopicArn"] == {"Ref": "Alarms"}


@pytest.mark.parametrize("name", [name for name in QUEUES if name.endswith("Failures")])
def test_each_failure_queue_alarms_at_its_first_message(name: str) -> None:
    queue = {"Fn::GetAtt": [name, "QueueName"]}
    alarm = alarm_on("ApproximateNumberOfMessagesVisible", QueueName=queue)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_fails_or_is_throttled_raises_an_alarm(name: str) -> None:
    """One of its own, or that on the API's answers 5xx where nothing but the API calls it."""
    alarms = [alarm for alarm in ALARMS.values() if watches(alarm, name)]
    if alarms:
        assert {alarm["MetricName"] for alarm in alarms} >= {"Errors", "Throttles"}
    else:
        called = {"Fn::GetAtt": [name, "Arn"]}
        integrations = of_type("AWS::ApiGatewayV2::Integration").values()
        assert any(each["IntegrationUri"] == called for each in integrations)
        assert "Events" not in FUNCTIONS[name]
        assert alarm_on("5xx", ApiId={"Ref": "HttpApi"})


def watches(alarm: dict[str, Any], function: str) -> bool:
    return {"Name": "FunctionName", "Value": {"Ref": function}} in alarm.get("Dimensions", ())


COUNTING = [
    name
    for name, each in ALARMS.items()
    if each.get("Statistic") == "Sum" and not name.startswith("Silent")
]


@pytest.mark.parametrize("name", COUNTING)
def test_each_alarm_on_a_count_goes_off_at_the_first_event(name: str) -> None:
    alarm = ALARMS[name]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    lasts_s = alarm["Period"] * alarm["EvaluationPeriods"]
    assert lasts_s <= 300 or name == "UnauthorizedAlarm"  # anybody can guess at a token, once


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_is_silent_when_no_message_of_its_ends(provider: str) -> None:
    alarm = ALARMS[f"Silent{provider}Alarm"]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["EvaluationPeriods"] == {"Ref": "SilentHours"}
    assert alarm["Period"] * SOURCE["Parameters"]["SilentHours"]["MaxValue"] <= MAX_ALARM_S


@pytest.mark.parametrize(
    ("finished", "delivered", "is_alarmed"),
    [(0, 0, False), (99, 0, False), (100, 0, True), (100, 69, True), (100, 70, False)],
)
def test_the_rate_alarms_below_the_floor_and_from_the_volume_on(
    finished: int, delivered: int, is_alarmed: bool
) -> None:
    alarm = ALARMS[f"Rate{PROVIDERS[0]}Alarm"]
    (expression,) = (each["Expression"] for each in alarm["Metrics"] if "Expression" in each)
    defaults = {name: each["Default"] for name, each in SOURCE["Parameters"].items()}
    text = re.sub(r"\$\{(\w+)\}", lambda name: str(defaults[name[1]]), expression["Fn::Sub"])
    condition, then, otherwise = re.fullmatch(r"IF\((.+), (.+), (.+)\)", text).groups()
    values = {"finished": finished, "delivered": delivered}
    rate = eval(then if eval(condition, values) else otherwise, values)  # noqa: S307
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert (rate < defaults[alarm["Threshold"]["Ref"]]) == is_alarmed


def test_waiting_alarms_before_anything_is_given_up() -> None:
    queue = {"Fn::GetAtt": ["SuppressQueue", "QueueName"]}
    age_s = alarm_on("ApproximateAgeOfOldestMessage", QueueName=queue)["Threshold"]
    settings = QUEUES["SuppressQueue"]
    assert age_s < settings["VisibilityTimeout"] * settings["RedrivePolicy"]["maxReceiveCount"]
    age_ms = alarm_on("IteratorAge", FunctionName={"Ref": "Publish"})["Threshold"]
    stream = FUNCTIONS["Publish"]["Events"]["Stream"]["Properties"]
    assert age_ms < stream["MaximumRecordAgeInSeconds"] * 1000


def test_every_metric_of_ours_is_counted_and_watched_in_the_stacks_own_namespace() -> None:
    namespaces = {json.dumps(alarm.get("Namespace")) for alarm in ALARMS.values()}
    own = {each for each in namespaces if "AWS/" not in each and each != "null"}
    assert own == {'{"Ref": "AWS::StackName"}'}
    variables = SOURCE["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == {"Ref": "AWS::StackName"}
    (filtered,) = of_type("AWS::Logs::MetricFilter").values()
    (counted,) = filtered["MetricTransformations"]
    assert counted["MetricNamespace"] == {"Ref": "AWS::StackName"}
    assert counted["MetricName"] == ALARMS["ThrottledAlarm"]["MetricName"]


def test_no_number_of_strikes_is_allowed_that_an_entry_cannot_hold() -> None:
    assert SOURCE["Parameters"]["StrikeLimit"]["MaxValue"] <= MAX_STRIKES


def test_a_table_that_is_warmed_has_a_warm_index() -> None:
    """An index that is throttled throttles its table."""
    table = TABLES["ReportsTable"]
    assert [each["WarmThroughput"] for each in table["GlobalSecondaryIndexes"]] == [
        table["WarmThroughput"]
    ]


def test_no_archive_keeps_events() -> None:
    assert not of_type("AWS::Events::Archive")


def test_the_layer_is_built_for_the_architecture_that_the_functions_name() -> None:
    (architecture,) = SOURCE["Globals"]["Function"]["Architectures"]
    wheels = {"x86_64": "manylinux2014_x86_64", "arm64": "manylinux2014_aarch64"}[architecture]
    assert f"platform := {wheels}#" in (ROOT / "layers/dlr/Makefile").read_text()
