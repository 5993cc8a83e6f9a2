"""template.yaml keeps its promises, where the embedded AWS cannot show it."""

import json
import os
import re
import subprocess
import tomllib
from ast import literal_eval
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dlr.access.authorize import ADMIN_MAX_AGE_S
from dlr.exports.job import DEADLINE, LIFETIME
from dlr.lake.reader import LAG
from dlr.messages.item import key_of
from dlr.providers.base import load_provider
from dlr.providers.codes import SMSC_FOLDER
from dlr.suppression.announce import RELEASED, SUPPRESSED
from dlr.suppression.rules import MAX_EACH
from local.docs import METRICS
from local.openapi import MARK
from local.template import (
    EVERYTHING,
    LOOPED,
    MAX_RESOURCES,
    count_resources,
    functions,
    load,
    metrics_of,
    providers,
)
from local.waiting import TIMEOUT_S
from tests.support.functions import Functions
from tests.support.template import as_list

ROOT = Path(__file__).parent.parent
SOURCE = load(ROOT / "template.yaml", {"CrmUrl": "https://crm.example.com/dead"})
RESOURCES: dict[str, Any] = json.loads(json.dumps(SOURCE["Resources"]))
"""As written, loops expanded."""
PROVIDERS = providers()
BRACES = str.maketrans("<>", "{}")
QUEUE_RETENTION_S = 14 * 24 * 3600
RESERVE = 20
TOGETHER = 40
"""Providers of one stack that leave the reserve. More may be known: a stack names its own."""
MAX_ALARM_S = 7 * 24 * 3600
"""The longest time that CloudWatch looks back for an alarm with periods of an hour."""
READ_LATER = {
    "Api": {"SUPPRESSION_POLICY", "SMPP_ERR_TABLE"},
    "Authorizer": {
        f"OIDC_{each}" for each in ("AUDIENCE", "SCOPES_CLAIM", "CLIENT_ID", "NAME_CLAIM")
    },
} | {f"Ingest{provider}": {"POWERTOOLS_SERVICE_NAME"} for provider in PROVIDERS}
"""By the first replay from quarantine, with an identity provider, by the first logged call."""


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
    for policy in role.get("Policies", ()):
        yield from policy["PolicyDocument"]["Statement"]


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """EventBridge's matching, as far as our rules use it: each field is one of a list."""
    return all(
        any(matches(each, event) for each in wanted)
        if name == "$or"
        else matches(wanted, event.get(name, {}))
        if isinstance(wanted, dict)
        else event.get(name) in wanted
        for name, wanted in pattern.items()
    )


def rules_for(detail_type: str, **detail: Any) -> set[str]:
    event = {"source": "dlr", "detail-type": detail_type, "detail": detail}
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


def test_build_and_deployment_take_the_providers_from_one_line() -> None:
    """Providers that only one of them knows would not reach a stack that exists."""
    samconfig = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for settings in (samconfig[name] for name in ("default", "prod")):
        given = {command: each["parameters"] for command, each in settings.items()}
        named = [command for command, each in given.items() if "parameter_overrides" in each]
        assert named == ["global"]
        assert given["global"]["parameter_overrides"].startswith("Providers=")


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


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("Ingestnobody", "There is no provider nobody"),
        ("IngestNameYourProviders", "Name your providers"),
    ],
)
def test_the_build_refuses_a_provider_that_is_not_known(
    target: str, complaint: str, tmp_path: Path
) -> None:
    finished = built(tmp_path, target)
    assert finished.returncode
    assert complaint in finished.stderr


def test_the_build_knows_every_function(tmp_path: Path) -> None:
    finished = built(tmp_path, *FUNCTIONS, flags=("--dry-run", "--keep-going"))
    assert (finished.returncode, finished.stderr) == (0, "")


def built(
    folder: Path, *targets: str, flags: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """What the build says of these functions."""
    makefile = str(ROOT / "functions/Makefile")
    command = ["make", *flags, "--makefile", makefile, f"ARTIFACTS_DIR={folder}"]
    return subprocess.run(
        [*command, *(f"build-{target}" for target in targets)],
        cwd=ROOT / "functions/ingest",
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_provider_that_was_not_built_is_refused_by_a_name_that_says_so() -> None:
    """SAM names the map of what was built like the loop, and its error names the map."""
    loops = re.findall(r"^  Fn::ForEach::(\w+):", (ROOT / "template.yaml").read_text(), re.M)
    assert "BuiltProviders" in loops


def test_loops_go_over_what_a_template_is_written_out_for() -> None:
    """`load` writes the loops out once for all values of the other parameters."""
    written = (ROOT / "template.yaml").read_text()
    gone_over = re.findall(r"Fn::ForEach::\w+:.*\n +- \w+\n +- (.*)", written)
    assert len(gone_over) == written.count("Fn::ForEach::")
    assert set(re.findall(r"!Ref (\w+)", "\n".join(gone_over))) == LOOPED


def test_a_parameter_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="has no parameter Providerz"):
        load(ROOT / "template.yaml", {"Providerz": "smpp"})


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
    if name == "Console":
        return  # it may do nothing at all: see below
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


@pytest.fixture(scope="module")
def unconnected() -> Functions:
    """They start, and can call nobody."""
    nowhere: Any = SimpleNamespace(url="http://127.0.0.1:9")
    return Functions(nowhere, {resource: resource for resource in RESOURCES})


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_reads_every_variable_that_it_is_given(
    name: str, unconnected: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = SOURCE["Globals"]["Function"]["Environment"]["Variables"]
    own = FUNCTIONS[name]["Environment"]["Variables"].keys() - shared.keys()
    monkeypatch.setattr(os, "environ", reads := Reads())
    unconnected.start(name)
    assert own - reads.names == READ_LATER.get(name, set())


OWN_STACK = {"StringEquals": {"aws:ResourceTag/dlr-stack": {"Ref": "AWS::StackName"}}}
WIDER = {
    "secret:*TokenSecret*": (
        ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
        OWN_STACK,
    ),
    "alarm:*": ("cloudwatch:DescribeAlarms", None),
}
"""What no attribute names: the secrets of all webhooks, by their tag; a list of alarms."""
PART = re.compile(r"\$\{\w+Table\.Arn\}/index/\w+|\$\{\w+Bucket\.Arn\}/(\w+/)?\*")
"""An index has no attribute that names it, and neither have the objects of a bucket."""


@pytest.mark.parametrize("name", ROLES)
def test_no_role_may_do_more_than_named_actions_on_named_resources(name: str) -> None:
    assert "ManagedPolicyArns" not in ROLES[name]
    for statement in statements(ROLES[name]):
        assert not any("*" in action for action in as_list(statement["Action"]))
        for resource in as_list(statement["Resource"]):
            ((function, value),) = resource.items()
            if function in {"Ref", "Fn::GetAtt"} or PART.fullmatch(value):
                continue
            end = value.partition("${AWS::AccountId}:")[2]
            assert (statement["Action"], statement.get("Condition")) == WIDER[end]


def test_the_console_may_do_nothing_at_all() -> None:
    assert "Policies" not in ROLES["ConsoleRole"]
    assert "LogGroup" not in FUNCTIONS["Console"]["LoggingConfig"]


def test_the_secret_of_each_webhook_has_the_tag_by_which_the_api_knows_it() -> None:
    for provider in PROVIDERS:
        tags = SECRETS[f"TokenSecret{provider}"]["Tags"]
        assert tags == [{"Key": "dlr-stack", "Value": {"Ref": "AWS::StackName"}}]
    others = [each for name, each in SECRETS.items() if not name.startswith("TokenSecret")]
    assert not any("Tags" in each for each in others)


def test_each_ingest_function_may_read_its_own_token_and_the_hash_key_only() -> None:
    for provider in PROVIDERS:
        readable = [
            statement["Resource"]
            for statement in statements(ROLES[f"Ingest{provider}Role"])
            if statement["Action"] == "secretsmanager:GetSecretValue"
        ]
        own = {"Fn::GetAtt": [f"TokenSecret{provider}", "Id"]}
        assert readable == [[own, {"Fn::GetAtt": ["HashSecret", "Id"]}]]


FOR_WHOM = ("Audience", "ClientId")
CONSOLE = {"GET /console", "GET /console/{proxy+}", "POST /console/sign-in"}


def test_every_route_but_the_webhooks_and_the_console_asks_the_authorizer() -> None:
    routes = of_type("AWS::ApiGatewayV2::Route").values()
    opened = {each["RouteKey"] for each in routes if each["AuthorizationType"] == "NONE"}
    assert opened == CONSOLE | {f"ANY /webhooks/{provider}/{{token}}" for provider in PROVIDERS}
    for route in routes:
        to_console = route["Target"] == {"Fn::Sub": "integrations/${ConsoleIntegration}"}
        assert to_console == (route["RouteKey"] in CONSOLE)
    asking = [each for each in routes if each["RouteKey"] not in opened]
    folders = [
        path.parent for path in (ROOT / "functions").glob("*/app.py") if MARK in path.read_text()
    ]
    sources = [path.read_text() for folder in folders for path in folder.rglob("*.py")]
    written = re.findall(r'@(?:app|router)\.(\w+)\(\s*"(/[^"]*)"', "".join(sources))
    served = {f"{method.upper()} {path.translate(BRACES)}" for method, path in written}
    assert {each["RouteKey"] for each in asking} == served
    for route in asking:
        assert route["AuthorizationType"] == "CUSTOM"
        assert route["AuthorizerId"] == {"Ref": "AdminAuthorizer"}


def test_the_routes_of_the_teams_api_are_created_one_after_the_other() -> None:
    """API Gateway refuses changes of one API at the same time, and CloudFormation then gives up."""
    before = {
        name: resource.get("DependsOn")
        for name, resource in RESOURCES.items()
        if resource["Type"] == "AWS::ApiGatewayV2::Route" and not name.startswith("Ingest")
    }
    (name,) = before.keys() - before.values()
    chain = []
    while name is not None:
        chain.append(name)
        name = before[name]
    assert len(chain) == len(before)


def test_a_revoked_token_works_for_a_minute_at_most_and_as_long_as_the_documentation_says() -> None:
    """What is remembered of the admin secret, the authorizer's last call, and its answer."""
    (authorizer,) = of_type("AWS::ApiGatewayV2::Authorizer").values()
    remembered_s = authorizer["AuthorizerResultTtlInSeconds"]
    call_s = FUNCTIONS["Authorizer"].get("Timeout")
    page = (ROOT / "docs/deploy.md").read_text()
    assert remembered_s + call_s == 40
    assert "| a token that was revoked | 40 seconds:" in page
    assert ADMIN_MAX_AGE_S + remembered_s + call_s == 60
    assert "| the admin token that was taken out of its secret | 60 seconds |" in page


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
    for policy in policies.values():
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Deny":
                continue
            assert statement["Principal"] == {"Service": "events.amazonaws.com"}
            assert "*" not in json.dumps([statement["Action"], statement["Resource"]])
            # EventBridge's guide: no conditions in policies of SNS topics
            to_topic = statement["Action"] == "sns:Publish"
            assert to_topic or statement["Condition"]["ArnEquals"]["aws:SourceArn"]


@pytest.mark.parametrize("name", QUEUES)
def test_each_queue_refuses_whoever_does_not_use_tls(name: str) -> None:
    policies = of_type("AWS::SQS::QueuePolicy").values()
    (policy,) = (each for each in policies if each["Queues"] == [{"Ref": name}])
    (denied,) = (each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Deny")
    assert (denied["Principal"], denied["Action"]) == ("*", "sqs:*")
    assert denied["Resource"] == {"Fn::GetAtt": [name, "Arn"]}
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_events_of_another_account_cannot_use_the_role_that_calls_the_crm() -> None:
    (trust,) = ROLES["CrmRole"]["AssumeRolePolicyDocument"]["Statement"]
    own = {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert trust["Condition"] == {"StringEquals": own}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_ingest_function_may_write_messages_of_its_own_provider_only(provider: str) -> None:
    """The embedded AWS knows no leading keys: there the condition lets everything pass."""
    (granted,) = (
        statement
        for statement in statements(ROLES[f"Ingest{provider}Role"])
        if statement["Resource"] == {"Fn::GetAtt": ["ReportsTable", "Arn"]}
    )
    assert granted["Condition"].keys() == {"ForAllValues:StringLike"}
    (pattern,) = granted["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    keys = {name: key_of(name, f"{provider}#1")["pk"]["S"] for name in [*PROVIDERS, f"{provider}x"]}
    assert [name for name, key in keys.items() if fnmatchcase(key, pattern)] == [provider]


@pytest.mark.parametrize(
    ("function", "prefixes"),
    [
        ("Authorizer", {"token#"}),
        ("Api", {"token#", "audit#", "job#", "live#"}),
        ("Export", {"job#"}),
        ("Merge", {"lake#"}),
    ],
)
def test_who_writes_tokens_and_audit_may_touch_nothing_else_of_the_desk(
    function: str, prefixes: set[str]
) -> None:
    """The embedded AWS knows no leading keys: there the condition lets everything pass."""
    granted = [
        statement
        for statement in statements(ROLES[f"{function}Role"])
        if statement["Resource"] == {"Fn::GetAtt": ["DeskTable", "Arn"]}
        and "dynamodb:UpdateItem" in statement["Action"]
    ]
    patterns = [
        as_list(each["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
        for each in granted
    ]
    assert [{pattern.removesuffix("*") for pattern in each} for each in patterns] == [prefixes]


def test_expensive_routes_of_the_teams_api_are_limited_and_no_webhook_is() -> None:
    """API Gateway refuses settings of a route that is not there yet."""
    settings = of_type("AWS::ApiGatewayV2::Stage")["DefaultStage"]["RouteSettings"]
    there, waited_for = set(), RESOURCES["DefaultStage"].get("DependsOn")
    while waited_for is not None:
        there.add(RESOURCES[waited_for]["Properties"]["RouteKey"])
        waited_for = RESOURCES[waited_for].get("DependsOn")
    assert settings.keys() <= there
    served = {
        each["RouteKey"]
        for each in of_type("AWS::ApiGatewayV2::Route").values()
        if each["Target"] == {"Fn::Sub": "integrations/${QueryIntegration}"}
    }
    costly = {"POST /exports", "POST /backtests", "POST /erasures/repeat", "POST /sessions"}
    costly |= {"POST /console/sign-in"}
    console = "GET /console/{proxy+}"
    assert settings.keys() == served | costly | {console}
    assert settings.pop(console)["ThrottlingRateLimit"] <= 50
    chosen = {"Ref": "QueriesPerSecond"}
    for route, limits in settings.items():
        assert limits.keys() == {"ThrottlingRateLimit", "ThrottlingBurstLimit"}
        assert all(each == chosen for each in limits.values()) == (route in served)
        assert route in served or limits["ThrottlingRateLimit"] <= 5


def test_searches_can_be_kept_from_the_instances_that_webhooks_need() -> None:
    reserved = ["HasQueryConcurrency", {"Ref": "QueryConcurrency"}, {"Ref": "AWS::NoValue"}]
    assert FUNCTIONS["Query"]["ReservedConcurrentExecutions"] == {"Fn::If": reserved}
    assert SOURCE["Parameters"]["QueryConcurrency"]["Default"] == 0, "a new account has ten in all"


def test_only_webhooks_that_are_throttled_raise_an_alarm() -> None:
    pattern = of_type("AWS::Logs::MetricFilter")["Throttled"]["FilterPattern"]
    found = re.fullmatch(r'\{ \$\.status = "429" && \$\.route = "(.+)" \}', pattern)
    assert found is not None
    for route in of_type("AWS::ApiGatewayV2::Route").values():
        is_webhook = "/webhooks/" in route["RouteKey"]
        assert fnmatchcase(route["RouteKey"], found[1]) == is_webhook


def access_log() -> dict[str, Any]:
    """How requests are logged where they are."""
    chosen = of_type("AWS::ApiGatewayV2::Stage")["DefaultStage"]["AccessLogSettings"]["Fn::If"]
    condition, settings, otherwise = chosen
    assert (condition, otherwise) == ("HasAccessLog", {"Ref": "AWS::NoValue"})
    found: dict[str, Any] = settings
    return found


def test_what_counts_lines_of_the_access_log_is_there_with_it_and_else_something_in_its_place() -> (
    None
):
    """An alarm on a metric that nobody writes would stay silent for ever."""
    on, off = "HasAccessLog", "HasNoAccessLog"
    compared = SOURCE["Conditions"][on]["Fn::Equals"]
    assert sorted(map(str, compared)) == sorted(["on", str({"Ref": "AccessLog"})])
    assert SOURCE["Conditions"][off] == {"Fn::Not": [{"Condition": on}]}
    counted = {
        each["Properties"]["MetricTransformations"][0]["MetricName"]
        for each in RESOURCES.values()
        if each["Type"] == "AWS::Logs::MetricFilter"
        and each["Properties"]["LogGroupName"] == {"Ref": "AccessLogs"}
    }
    watching = {name for name, alarm in ALARMS.items() if alarm.get("MetricName") in counted}
    assert watching == {"ThrottledAlarm", "DeniedAlarm"}
    with_it = {name for name, each in RESOURCES.items() if each.get("Condition") == on}
    assert with_it == counted | watching | {"AccessLogs"}
    assert RESOURCES["RefusedAlarm"]["Condition"] == off
    refused = ALARMS["RefusedAlarm"]
    assert (refused["Namespace"], refused["MetricName"]) == ("AWS/ApiGateway", "4xx")
    assert refused["Dimensions"] == ALARMS["HttpApiAlarm"]["Dimensions"]


def test_the_access_log_names_the_source_and_the_call_of_the_function() -> None:
    settings = access_log()
    line = json.loads(settings["Format"])
    assert line["source"] == "$context.identity.sourceIp"
    assert line["integration_request_id"] == "$context.integration.requestId"


def test_the_access_log_holds_no_path() -> None:
    settings = access_log()
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
def test_each_table_is_protected_against_deletion_unless_told_otherwise(name: str) -> None:
    chosen = {"Fn::If": ["HasDeletionProtection", True, False]}
    assert TABLES[name]["DeletionProtectionEnabled"] == chosen
    assert SOURCE["Parameters"]["TableDeletionProtection"]["Default"] == "yes"


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
    assert stream["MaximumRetryAttempts"] == -1  # how long a retry waits is documented nowhere
    assert 0 < stream["MaximumRecordAgeInSeconds"] < 24 * 3600
    failures = stream["DestinationConfig"]["OnFailure"]["Destination"]
    assert failures == {"Fn::GetAtt": ["PublishFailures", "Arn"]}
    specification = TABLES["ReportsTable"]["StreamSpecification"]
    assert specification == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_the_lake_sees_every_change_within_a_minute_and_gives_up_in_the_end() -> None:
    """Deletions too: `row_of_record` tells those of a person from those of time."""
    stream = FUNCTIONS["Lake"]["Events"]["Stream"]["Properties"]
    assert "FilterCriteria" not in stream
    assert stream["BisectBatchOnFunctionError"] is True
    assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert stream["MaximumRetryAttempts"] == -1
    assert 0 < stream["MaximumRecordAgeInSeconds"] < 24 * 3600
    failures = stream["DestinationConfig"]["OnFailure"]["Destination"]
    assert failures == {"Fn::GetAtt": ["LakeFailures", "Arn"]}
    window_s = stream["MaximumBatchingWindowInSeconds"]
    assert 0 < window_s < LAG.total_seconds()
    age_ms = alarm_on("IteratorAge", FunctionName={"Ref": "Lake"})["Threshold"]
    assert window_s * 1000 < age_ms < stream["MaximumRecordAgeInSeconds"] * 1000


def test_the_lake_is_merged_every_five_minutes_and_alarms_say_when_not() -> None:
    schedule = FUNCTIONS["Merge"]["Events"]["Schedule"]["Properties"]
    assert schedule == {"Schedule": "rate(5 minutes)"}
    alarm = ALARMS["MergeAlarm"]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("Merged", "Sum")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"  # a merge that raises writes no metric
    assert 2 * 300 < alarm["EvaluationPeriods"] * alarm["Period"] <= 3600
    fails = ALARMS["MergeFailsAlarm"]  # what raises is told at once
    assert (fails["MetricName"], fails["Threshold"]) == ("Errors", 0)


BUCKETS = of_type("AWS::S3::Bucket")


@pytest.mark.parametrize("name", BUCKETS)
def test_each_bucket_is_private_encrypted_and_for_tls_alone(name: str) -> None:
    bucket = BUCKETS[name]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    (encrypted,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encrypted["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in {"AES256", "aws:kms"}
    assert "VersioningConfiguration" not in bucket  # versions would keep what was erased
    policies = of_type("AWS::S3::BucketPolicy").values()
    (policy,) = (each for each in policies if each["Bucket"] == {"Ref": name})
    (denied,) = policy["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Principal"], denied["Action"]) == ("Deny", "*", "s3:*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_lake_survives_its_stack() -> None:
    assert RESOURCES["LakeBucket"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert RESOURCES["LakeBucket"]["UpdateReplacePolicy"] == "Retain"


def test_a_jobs_files_live_as_long_as_the_job() -> None:
    (rule,) = BUCKETS["ExportsBucket"]["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", LIFETIME.days)
    assert "Prefix" not in rule
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_the_last_try_of_an_export_and_its_messages_end_before_its_deadline() -> None:
    """And no message is handed out a second time while its first try still runs."""
    queue, function = QUEUES["ExportQueue"], FUNCTIONS["Export"]
    assert queue["VisibilityTimeout"] > function["Timeout"] == 900  # Lambda's most
    assert queue["MessageRetentionPeriod"] == DEADLINE.total_seconds()
    assert "RedrivePolicy" not in queue
    batch = function["Events"]["Step"]["Properties"]
    assert (batch["BatchSize"], batch["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])
    source = (ROOT / "functions/export/app.py").read_text()
    waits = re.search(r"^AGAIN_S = (.+)$", source, re.M)
    assert waits is not None
    tries = len(literal_eval(waits[1])) + 1
    assert tries * queue["VisibilityTimeout"] < DEADLINE.total_seconds()
    assert function["EphemeralStorage"] == {"Size": 10240}  # Lambda's most


def test_the_api_may_read_exports_and_nothing_else_in_a_bucket() -> None:
    """A link has the rights of the role that signed it."""
    granted = [
        (as_list(each["Action"]), each["Resource"])
        for each in statements(ROLES["ApiRole"])
        if any(action.startswith("s3:") for action in as_list(each["Action"]))
    ]
    assert granted == [(["s3:GetObject"], {"Fn::Sub": "${ExportsBucket.Arn}/*"})]


def test_only_what_reads_or_merges_the_lake_carries_duckdb() -> None:
    carrying = {
        name for name, each in FUNCTIONS.items() if {"Ref": "DuckDBLayer"} in each["Layers"]
    }
    assert carrying == FUNCTIONS.keys() & {"Merge", "Query", "Export"}


@pytest.mark.parametrize(
    ("action", "rules"),
    [
        ("keep", set()),
        ("suppress_number", {"HardBounceRule"}),
        ("strike", {"HardBounceRule"}),
        ("suppress_opt_out", {"OptOutRule"}),
    ],
)
def test_each_verdict_reaches_its_rules(action: str, rules: set[str]) -> None:
    verdict = {"action": action, "withdraws": False}
    assert rules_for("Delivery Report", verdict=verdict, listed=False, action="keep") == rules


@pytest.mark.parametrize(("listed", "withdraws"), [(True, False), (False, True), (True, True)])
def test_what_takes_a_recipient_off_the_list_reaches_it(listed: bool, withdraws: bool) -> None:
    verdict = {"action": "keep", "withdraws": withdraws}
    assert rules_for("Delivery Report", verdict=verdict, listed=listed) == {"DeliveryRule"}


@pytest.mark.parametrize("detail_type", [SUPPRESSED, RELEASED])
def test_the_crm_and_the_topic_hear_what_the_list_says_and_no_raw_report(detail_type: str) -> None:
    assert rules_for(detail_type) == {"CrmRule", "TopicRule"}
    assert rules_for("Person Erased") == set()


@pytest.mark.parametrize(("rule", "target"), TARGETS, ids=[rule for rule, _ in TARGETS])
def test_no_rule_loses_an_event(rule: str, target: dict[str, Any]) -> None:
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["RuleFailures", "Arn"]}}
    assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
    allowed = json.dumps(RESOURCES["RuleFailuresPolicy"]["Properties"]["PolicyDocument"])
    assert json.dumps({"Fn::GetAtt": [rule, "Arn"]}) in allowed


def test_only_the_three_rules_may_send_to_the_suppress_queue() -> None:
    policy = RESOURCES["SuppressQueuePolicy"]["Properties"]["PolicyDocument"]
    (statement,) = (each for each in policy["Statement"] if each["Effect"] == "Allow")
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == [
        {"Fn::GetAtt": ["HardBounceRule", "Arn"]},
        {"Fn::GetAtt": ["OptOutRule", "Arn"]},
        {"Fn::GetAtt": ["DeliveryRule", "Arn"]},
    ]


def test_the_suppress_queue_gives_its_function_time_and_keeps_what_fails() -> None:
    queue = QUEUES["SuppressQueue"]
    assert queue["VisibilityTimeout"] >= 6 * FUNCTIONS["Suppress"]["Timeout"]
    failures = queue["RedrivePolicy"]["deadLetterTargetArn"]
    assert failures == {"Fn::GetAtt": ["SuppressFailures", "Arn"]}
    batch = FUNCTIONS["Suppress"]["Events"]["Batch"]["Properties"]
    assert batch["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_what_waits_on_this_machine_sees_the_suppress_queues_second_delivery() -> None:
    """On a busy machine the first one can fail; the queue then hides the message."""
    hidden_s = QUEUES["SuppressQueue"]["VisibilityTimeout"]
    assert hidden_s + 60 <= TIMEOUT_S


def test_suppress_leaves_instances_to_the_others_in_a_new_account() -> None:
    """It has ten. SQS begins with five pollers, and a throttled batch has used up a receive."""
    batch = FUNCTIONS["Suppress"]["Events"]["Batch"]["Properties"]
    assert batch["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "SuppressConcurrency"}}
    bounds = SOURCE["Parameters"]["SuppressConcurrency"]
    assert bounds["Default"] <= 5
    assert (bounds["MinValue"], bounds["MaxValue"]) == (2, 1000)  # what AWS takes


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
    is_of_silence = name.startswith("Silent") or name == "MergeAlarm"
    without_data = "breaching" if is_of_silence else "notBreaching"
    assert ALARMS[name]["TreatMissingData"] == without_data
    assert ALARMS[name]["AlarmDescription"]


def test_an_alarm_that_asks_for_a_redrive_names_the_stack() -> None:
    """Without it the command works on what `make run` runs, or asks which stack is meant."""
    texts = [str(each["AlarmDescription"]) for each in ALARMS.values()]
    asking = [text for text in texts if "dlr redrive" in text]
    assert len(asking) == 4
    assert all("dlr redrive --stack ${AWS::StackName}" in text for text in asking)


def test_there_are_as_many_alarms_as_the_documentation_says() -> None:
    page = (ROOT / "docs/operate.md").read_text()
    conditions = [RESOURCES[name].get("Condition") for name in ALARMS]
    common = len(ALARMS) - 2 * len(PROVIDERS)
    logged, unlogged = (conditions.count(f"Has{each}AccessLog") for each in ("", "No"))
    assert f"There are {common - logged} alarms and 2 for each provider" in page
    assert f"with `AccessLog=on` {common - unlogged} and 2" in page


def test_a_provider_takes_eight_resources_and_forty_of_them_leave_a_reserve() -> None:
    """Counted as CloudFormation does it: after both transforms. Where the reserve is gone, decide
    what gives way: docs/decisions/0011."""
    one, two, many = (resources_of(PROVIDERS[:count]) for count in (1, 2, TOGETHER))
    each = two - one
    assert (each, many) == (8, one + (TOGETHER - 1) * each)
    assert many + RESERVE < MAX_RESOURCES
    most = 1 + (MAX_RESOURCES - one) // each
    assert f"| {most}, the most |" in (ROOT / "docs/deploy.md").read_text()


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


WAITING_GROWS_OLD = {
    "Publish": "PublishAlarm",
    "Lake": "LakeAlarm",
    "Merge": "MergeAlarm",
    "Suppress": "SuppressQueueAlarm",
    "Export": "ExportFailedAlarm",
}


def test_what_waits_for_a_function_without_a_free_instance_raises_an_alarm() -> None:
    assert ALARMS.keys() >= set(WAITING_GROWS_OLD.values())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_fails_or_is_throttled_raises_an_alarm(name: str) -> None:
    """One of its own, or that on the API's answers 5xx where nothing but the API calls it."""
    alarms = [alarm for alarm in ALARMS.values() if watches(alarm, name)]
    if alarms:
        watched = {each["MetricName"] for alarm in alarms for each in metrics_of(alarm)}
        assert "Errors" in watched
        assert name in WAITING_GROWS_OLD  # where no instance is free
    else:
        called = {"Fn::GetAtt": [name, "Arn"]}
        integrations = of_type("AWS::ApiGatewayV2::Integration").values()
        authorizers = of_type("AWS::ApiGatewayV2::Authorizer").values()
        assert any(each["IntegrationUri"] == called for each in integrations) or any(
            f"${{{name}.Arn}}" in each["AuthorizerUri"]["Fn::Sub"] for each in authorizers
        )
        assert "Events" not in FUNCTIONS[name]
        assert alarm_on("5xx", ApiId={"Ref": "HttpApi"})


def watches(alarm: dict[str, Any], function: str) -> bool:
    dimension = {"Name": "FunctionName", "Value": {"Ref": function}}
    return any(dimension in each.get("Dimensions", ()) for each in metrics_of(alarm))


@pytest.mark.parametrize("name", [name for name in ALARMS if name.endswith("FailsAlarm")])
def test_a_functions_first_failure_raises_its_alarm(name: str) -> None:
    alarm = ALARMS[name]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("Errors", "Sum")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


MANY = {"OptedOutAlarm", "RefusedAlarm"}
"""They go off at a number of events: one by one these are daily business."""
COUNTING = [
    name
    for name, each in ALARMS.items()
    if each.get("Statistic") == "Sum"
    and each["ComparisonOperator"] != "LessThanThreshold"
    and name not in MANY
]


@pytest.mark.parametrize("name", COUNTING)
def test_each_alarm_on_a_count_goes_off_at_the_first_event(name: str) -> None:
    alarm = ALARMS[name]
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["Threshold"] == 0
    lasts_s = alarm["Period"] * alarm["EvaluationPeriods"]
    guessing = {"UnauthorizedAlarm", "DeniedAlarm"}  # anybody can guess at a token, once
    assert lasts_s <= 300 or name in guessing


def test_many_opt_outs_within_an_hour_raise_an_alarm() -> None:
    alarm = ALARMS["OptedOutAlarm"]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("OptedOut", "Sum")
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert (alarm["Threshold"], alarm["Period"]) == ({"Ref": "OptOutAlarmLimit"}, 3600)
    assert alarm["EvaluationPeriods"] == 1


def test_more_than_one_refusal_a_second_raises_an_alarm() -> None:
    """Anybody can ask for an address that is not there."""
    alarm = ALARMS["RefusedAlarm"]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("4xx", "Sum")
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["Threshold"] == alarm["Period"] == 60


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
    third_receive_s = 2 * QUEUES["SuppressQueue"]["VisibilityTimeout"]
    assert age_s + 60 < third_receive_s  # from then on SQS leaves the message out of the metric
    age_ms = alarm_on("IteratorAge", FunctionName={"Ref": "Publish"})["Threshold"]
    stream = FUNCTIONS["Publish"]["Events"]["Stream"]["Properties"]
    assert age_ms < stream["MaximumRecordAgeInSeconds"] * 1000


def test_what_waits_to_be_published_waits_shorter_than_the_second_look_at_the_list() -> None:
    """A delivery that waits for others must be in the table's index, and published, by then."""
    parameter = SOURCE["Parameters"]["PublishWindow"]
    stream = FUNCTIONS["Publish"]["Events"]["Stream"]["Properties"]
    assert stream["MaximumBatchingWindowInSeconds"] == {"Ref": "PublishWindow"}
    second_look_s = int(FUNCTIONS["Suppress"]["Environment"]["Variables"]["SECOND_LOOK_S"])
    assert parameter["Default"] <= parameter["MaxValue"] < second_look_s


def test_every_metric_of_ours_is_counted_and_watched_in_the_stacks_own_namespace() -> None:
    namespaces = {json.dumps(alarm.get("Namespace")) for alarm in ALARMS.values()}
    own = {each for each in namespaces if "AWS/" not in each and each != "null"}
    assert own == {'{"Ref": "AWS::StackName"}'}
    variables = SOURCE["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == {"Ref": "AWS::StackName"}
    for filtered in of_type("AWS::Logs::MetricFilter").values():
        (counted,) = filtered["MetricTransformations"]
        assert counted["MetricNamespace"] == {"Ref": "AWS::StackName"}
        assert counted["MetricName"] in {alarm.get("MetricName") for alarm in ALARMS.values()}


def test_refusals_of_the_teams_api_are_counted_and_those_of_webhooks_are_not() -> None:
    filtered = of_type("AWS::Logs::MetricFilter")["Denied"]
    assert filtered["LogGroupName"] == {"Ref": "AccessLogs"}
    pattern = r'\{ \(\$\.status = "401" \|\| \$\.status = "403"\) && \$\.route != "(.+)" \}'
    left_out = re.fullmatch(pattern, filtered["FilterPattern"])
    assert left_out is not None
    routes = of_type("AWS::ApiGatewayV2::Route").values()
    for route in routes:
        if route["RouteKey"] in CONSOLE:
            continue  # its refusals are the identity provider's
        is_left_out = fnmatchcase(route["RouteKey"], left_out[1])
        assert is_left_out == (route["AuthorizationType"] == "NONE")


def test_refused_requests_are_counted_by_provider() -> None:
    filtered = of_type("AWS::Logs::MetricFilter")["UnauthorizedByProvider"]
    assert filtered["LogGroupName"] == {"Ref": "IngestLogs"}
    (counted,) = filtered["MetricTransformations"]
    assert counted["Dimensions"] == [{"Key": "provider", "Value": "$.provider"}]


def test_an_address_of_a_users_own_has_no_slash_at_its_end() -> None:
    pattern = SOURCE["Parameters"]["PublicUrl"]["AllowedPattern"]
    for good in ("", "https://dlr.example.com", "https://api.example.com/dlr", "http://a/b/c"):
        assert re.fullmatch(pattern, good)
    for bad in ("dlr.example.com", "https://dlr.example.com/", "https://a/b/", "https://a/?b"):
        assert not re.fullmatch(pattern, bad)


def test_the_urls_of_the_outputs_are_the_ones_that_providers_and_team_shall_call() -> None:
    base = {
        "Fn::If": ["HasPublicUrl", {"Ref": "PublicUrl"}, {"Fn::GetAtt": ["HttpApi", "ApiEndpoint"]}]
    }
    outputs = json.loads(json.dumps(SOURCE["Outputs"]))
    assert outputs["BaseUrl"]["Value"] == base
    for provider in PROVIDERS:
        address, _ = outputs[f"Webhook{provider}"]["Value"]["Fn::Join"][1]
        assert address == base


def test_an_api_without_its_own_address_needs_another() -> None:
    api = of_type("AWS::ApiGatewayV2::Api")["HttpApi"]
    assert api["DisableExecuteApiEndpoint"] == {"Fn::If": ["IsOnOwnDomainOnly", True, False]}
    rule = json.loads(json.dumps(SOURCE["Rules"]["ADisabledEndpointNeedsAnother"]))
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "DefaultEndpoint"}, "disabled"]}
    assert "PublicUrl" in json.dumps(rule["Assertions"][0]["Assert"])


def test_sam_deploy_guided_can_ask_for_every_parameter() -> None:
    """It shows no default for a hidden one, and asks until something is entered."""
    assert not any("NoEcho" in each for each in SOURCE["Parameters"].values())


def test_the_crms_key_comes_out_of_a_secret_of_the_teams() -> None:
    key = of_type("AWS::Events::Connection")["CrmConnection"]["AuthParameters"]
    assert key["ApiKeyAuthParameters"]["ApiKeyValue"] == {
        "Fn::Sub": "{{resolve:secretsmanager:${CrmKeySecret}}}"
    }


def test_no_api_destination_is_asked_for_where_there_is_none() -> None:
    source = (ROOT / "template.yaml").read_text()
    assert "- !Not [!Equals [!Ref AWS::Partition, aws-us-gov]]" in source
    for kind in ("AWS::Events::ApiDestination", "AWS::Events::Connection"):
        assert [each["Condition"] for each in RESOURCES.values() if each["Type"] == kind] == [
            "HasCrm"
        ]
    rule = json.loads(json.dumps(SOURCE["Rules"]["CrmNeedsApiDestinations"]))
    assert rule["Assertions"][0]["Assert"] == {"Fn::Equals": [{"Ref": "CrmUrl"}, ""]}


def test_a_misspelt_error_table_is_refused() -> None:
    tables = {path.stem for path in SMSC_FOLDER.glob("*.csv")}
    allowed = SOURCE["Parameters"]["SmppErrTable"]["AllowedValues"]
    assert sorted(allowed) == sorted(tables | {"default", "bulksmsrates"})
    for table in allowed:
        load_provider("smpp", table)


@pytest.mark.parametrize(
    ("writes", "is_taken"),
    [("0", True), ("1", False), ("3999", False), ("4000", True), ("15000", True), ("", False)],
)
def test_a_table_is_warmed_by_as_much_as_aws_takes(writes: str, is_taken: bool) -> None:
    pattern = SOURCE["Parameters"]["ReportsWarmWrites"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, writes)) == is_taken


def test_no_burst_is_allowed_that_an_account_cannot_have() -> None:
    bounds = SOURCE["Parameters"]["RequestBurst"]
    assert bounds["Default"] <= bounds["MaxValue"] == 5000


def test_no_number_of_strikes_is_allowed_that_an_entry_cannot_hold() -> None:
    assert SOURCE["Parameters"]["StrikeLimit"]["MaxValue"] <= MAX_EACH


def test_a_table_that_is_warmed_has_a_warm_index() -> None:
    """An index that is throttled throttles its table."""
    table = TABLES["ReportsTable"]
    assert [each["WarmThroughput"] for each in table["GlobalSecondaryIndexes"]] == [
        table["WarmThroughput"]
    ]


def test_no_archive_keeps_events() -> None:
    assert not of_type("AWS::Events::Archive")


def test_the_build_makes_code_for_every_architecture_that_can_be_chosen() -> None:
    assert SOURCE["Globals"]["Function"]["Architectures"] == [{"Ref": "Architecture"}]
    machines = {"x86_64": "x86_64", "arm64": "aarch64"}
    chosen = [machines[each] for each in SOURCE["Parameters"]["Architecture"]["AllowedValues"]]
    loop = re.search(r"for machine in (.+); do", (ROOT / "layers/wheels.mk").read_text())
    assert loop is not None
    assert sorted(loop[1].split()) == sorted(chosen)


DASHBOARD = json.loads(json.dumps(RESOURCES["MainDashboard"]["Properties"]["DashboardBody"]))
NAMED = re.compile(r"\$\{([A-Za-z:]+)(\.\w+)?\}")
SEARCHED = re.compile(
    r"SEARCH\('\{\"<AWS::StackName>\",service,provider\} "
    r"service=\"publish\" MetricName=\"(\w+)\"', 'Sum', \d+\)"
)
FROM_AWS = {
    "AWS/Lambda": {"IteratorAge"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
    "AWS/ApiGateway": {"4xx", "5xx", "Count"},
}
"""https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html,
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html"""
MAX_FREE_METRICS = 50
"""Of a dashboard, for it to be among the three free ones."""


def dashboard() -> dict[str, Any]:
    """What CloudWatch gets, with names in angle brackets."""
    text = NAMED.sub(lambda found: f"<{found[1]}{found[2] or ''}>", DASHBOARD["Fn::Sub"][0])
    read: dict[str, Any] = json.loads(text.replace("${!", "${"))
    return read


def shown() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of every metric that the dashboard names."""
    for widget in dashboard()["widgets"]:
        for metric in widget["properties"].get("metrics", ()):
            if isinstance(metric[0], dict):
                for name in SEARCHED.findall(metric[0]["expression"]):
                    yield "<AWS::StackName>", name, {"service": "publish", "provider": "any"}
                continue
            namespace, name, *rest = (each for each in metric if not isinstance(each, dict))
            yield namespace, name, dict(zip(rest[::2], rest[1::2], strict=True))


def test_the_dashboard_shows_metrics_that_somebody_writes() -> None:
    by_provider = {("publish", "Finished"), ("publish", "Delivered")}
    ours = {(service, name) for service, names in METRICS.items() for name in names}
    for namespace, name, dimensions in shown():
        if namespace != "<AWS::StackName>":
            assert name in FROM_AWS[namespace]
            assert len(dimensions) == 1
        elif "provider" in dimensions:
            assert (dimensions["service"], name) in by_provider
        else:
            assert (dimensions["service"], name) in ours
            assert dimensions.keys() == {"service"}


def test_every_search_of_the_dashboard_is_understood_by_the_test_before() -> None:
    expressions = [
        metric[0]["expression"]
        for widget in dashboard()["widgets"]
        for metric in widget["properties"].get("metrics", ())
        if isinstance(metric[0], dict)
    ]
    rests = {SEARCHED.sub("s", each) for each in expressions}
    assert rests == {"s", "100 * SUM(s) / SUM(s)", "100 * delivered / finished"}


def test_the_dashboard_names_no_provider_and_nothing_that_may_be_missing() -> None:
    text, values = DASHBOARD["Fn::Sub"]
    assert values == {"Shown": {"Fn::Select": [0, {"Ref": "Providers"}]}}
    assert not any(re.search(rf"\b{provider}\b", text) for provider in PROVIDERS)
    for name, _ in NAMED.findall(text):
        assert name.startswith("AWS::") or name == "Shown" or "Condition" not in RESOURCES[name]
    (variable,) = dashboard()["variables"]
    assert variable["property"] == variable["populateFrom"] == "provider"


def test_the_dashboard_shows_every_alarm_that_is_always_there_and_of_no_provider() -> None:
    (alarms,) = (w["properties"]["alarms"] for w in dashboard()["widgets"] if w["type"] == "alarm")
    always = {f"<{name}.Arn>" for name in ALARMS if "Condition" not in RESOURCES[name]}
    assert sorted(alarms) == sorted(always)


def test_the_dashboard_is_one_screen_and_free_of_charge() -> None:
    places = [
        (x, y)
        for widget in dashboard()["widgets"]
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(places) == len(set(places)) == 24 * 21
    assert {x for x, _ in places} == set(range(24))
    common = [each for each in shown() if "provider" not in each[2]]
    assert len(common) + 2 * 6 <= MAX_FREE_METRICS  # of six providers


def test_an_identity_provider_is_reached_over_tls_or_is_on_this_machine() -> None:
    parameters = SOURCE["Parameters"]
    issuer = parameters["OidcIssuer"]["AllowedPattern"]
    for good in (
        "",
        "https://id.example",
        "https://t.auth0.com/",
        "http://127.0.0.1:8080/realms/x",
    ):
        assert re.fullmatch(issuer, good)
    for bad in ("http://id.example", "http://127.0.0.1.evil.example", "https://id.example?x", "id"):
        assert not re.fullmatch(issuer, bad)
    scopes = parameters["OidcSignInScopes"]["AllowedPattern"]
    for good in ("openid", parameters["OidcSignInScopes"]["Default"], "email openid groups"):
        assert re.fullmatch(scopes, good)
    for bad in ("", "email", "openidx", "xopenid email"):
        assert not re.fullmatch(scopes, bad)


def test_who_names_an_issuer_says_for_whom_its_tokens_are_and_the_other_way_round() -> None:
    none_named = {"Fn::And": [{"Fn::Equals": [{"Ref": f"Oidc{each}"}, ""]} for each in FOR_WHOM]}
    no_issuer = {"Fn::Equals": [{"Ref": "OidcIssuer"}, ""]}
    for name, condition, asserted in (
        ("OidcNeedsAnAudience", no_issuer, none_named),
        ("OidcNeedsAnIssuer", none_named, no_issuer),
    ):
        rule = SOURCE["Rules"][name]
        assert rule["RuleCondition"] == {"Fn::Not": [condition]}
        assert [each["Assert"] for each in rule["Assertions"]] == [{"Fn::Not": [asserted]}]
