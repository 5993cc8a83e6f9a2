"""`dlr smoke`: its steps on a system that a test can break, and all of it on the embedded AWS."""

import json
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from runpy import run_path
from types import ModuleType
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import click
import pytest
from click.testing import CliRunner

from dlr.ingest.normalize import Normalizer
from dlr.providers.base import load_provider, provider_names
from dlr.providers.sample import Step
from dlr.wire.decode import UnreadableError
from dlr.wire.request import Request
from dlr.wire.verify import Credentials
from dlr_cli.__main__ import dlr
from dlr_cli.api import Api
from dlr_cli.aws import Stack
from dlr_cli.errors import CommandError, FailedCallError, NotFoundError
from dlr_cli.place import Place, find_place
from dlr_cli.smoke.run import ALARM, Outcome, SmokeTest, StepResult, reserved_number
from dlr_cli.smoke.webhook import Webhook, choose
from local.cloud import Cloud
from local.sign import key_of
from local.stack import STACK, Deployment
from tests.support.cases import ROOT

TOKEN = "hush-webhook-token"
RESOURCES = {
    "Bus": "the-bus",
    "Alarms": "the-topic",
    ALARM: "the-alarm",
    "SuppressLogs": "logs-of-suppress",
    "TokenSecretthesmsworks": "secret-of-thesmsworks",
}
KEEP = {"state": "active", "suppressed": True}
GONE: dict[str, Any] = {"state": None, "suppressed": False}


@dataclass
class FakeSystem:
    """A stack in memory: webhook, API, bus and alarm. What is in `broken` does not work."""

    broken: set[str] = field(default_factory=set)
    messages: dict[str, str] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    quarantine: dict[str, str] = field(default_factory=dict)
    rules: set[str] = field(default_factory=set)
    queues: set[str] = field(default_factory=set)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    alarm: tuple[str, str] = ("OK", "")
    alarms: list[str] = field(default_factory=list)
    lifts: int = 0
    calls: list[str] = field(default_factory=list)

    # Of the providers

    def send(self, request: Request) -> int:
        if not request.url.endswith(f"/{TOKEN}"):
            return 200 if "token" in self.broken else 401
        if "webhook" in self.broken:
            return 503
        try:
            reports = Normalizer(load_provider("thesmsworks"))(request, datetime.now(UTC)).reports
        except UnreadableError:
            if "quarantine" not in self.broken:
                self.quarantine["an-id"] = request.body.decode()
            return 200 if "status" in self.broken else 400
        for each in reports:
            assert each.recipient is not None
            self.messages[each.message_id] = each.recipient
            detail = {"message_id": each.message_id, "recipient": each.recipient}
            self._put("Delivery Report", detail, "publish")
            if each.final and each.status == "delivered":
                self._change("release", "Number Released", each.recipient, self.listed.discard)
            else:
                self._change("suppress", "Number Suppressed", each.recipient, self.listed.add)
        return 200

    def _change(self, part: str, kind: str, number: str, act: Callable[[str], None]) -> None:
        if part not in self.broken:
            act(number)
            self._put(kind, {"number": number}, "announce")

    def _put(self, kind: str, detail: dict[str, Any], part: str) -> None:
        if part not in self.broken and self.rules:
            self.waiting.append({"detail-type": kind, "detail": detail})

    # Of the team

    def call(self, method: str, path: str, read: Callable[[Any], Any]) -> Any:
        self.calls.append(f"{method} {path}")
        _, noun, *rest = map(unquote, path.split("/"))
        if "api" in self.broken:
            raise FailedCallError("The API answered HTTP 500.")
        return read(getattr(self, f"_{method}_{noun}".lower())(*rest))

    def pages(self, path: str) -> Iterator[Any]:
        yield from self.call("GET", path, lambda content: content["items"])

    def understood(self, read: Callable[[], Any]) -> Any:
        return read()

    def _get_messages(self, _: str, message_id: str) -> Any:
        if message_id not in self.messages or "messages" in self.broken:
            raise NotFoundError("The API has no such thing (HTTP 404).")
        return {"recipient": self.messages[message_id]}

    def _get_suppressions(self, number: str) -> Any:
        if "guard" in self.broken and number in self.messages.values():
            return {"state": "held", "suppressed": False}
        return KEEP if number in self.listed or "listed" in self.broken else GONE

    def _delete_suppressions(self, number: str) -> Any:
        self.lifts += 1
        self.listed.discard(number)
        return GONE

    def _get_recipients(self, number: str) -> Any:
        held = [each for each in self.messages.values() if each == number]
        return {"messages": [{}] * ("held" in self.broken) or held, "quarantine": []}

    def _delete_recipients(self, number: str) -> Any:
        if "erase" not in self.broken:
            self.messages = {k: each for k, each in self.messages.items() if each != number}
        return {"suppressed": number in self.listed}

    def _get_quarantine(self) -> Any:
        names = ("received_at", "provider", "error", "method", "content_type", "query")
        empty = dict.fromkeys(names, "") | {"provider": "thesmsworks"}
        found = [{"id": k, "body": body, **empty} for k, body in self.quarantine.items()]
        return {"items": found, "next": None}

    def _delete_quarantine(self, each: str) -> Any:
        del self.quarantine[each]
        return {"discarded": each}

    # Of AWS; every service is this object

    def client(self, _: str) -> Any:
        return self

    def create_queue(self, QueueName: str, **_: Any) -> Any:
        self.queues.add(QueueName)
        return {"QueueUrl": QueueName}

    def get_queue_attributes(self, **_: Any) -> Any:
        return {"Attributes": {"QueueArn": "arn"}}

    def set_queue_attributes(self, **_: Any) -> None:
        if "policy" in self.broken:
            raise CommandError("AWS refuses SetQueueAttributes (AccessDenied).")

    def put_rule(self, Name: str, **_: Any) -> Any:
        self.rules.add(Name)
        return {"RuleArn": "arn"}

    def put_targets(self, **_: Any) -> Any:
        return {"FailedEntryCount": 0}

    def remove_targets(self, **_: Any) -> None:
        if "target" in self.broken:
            raise CommandError("AWS refuses RemoveTargets (AccessDenied).")

    def delete_rule(self, Name: str, **_: Any) -> None:
        self.rules.discard(Name)

    def list_rules(self, **_: Any) -> Any:
        return {"Rules": sorted(self.rules)}

    def delete_queue(self, QueueUrl: str) -> None:
        self.queues.discard(QueueUrl)

    def put_events(self, Entries: list[dict[str, str]]) -> Any:
        for each in Entries:
            self._put(each["DetailType"], json.loads(each["Detail"]), "bus")
        return {"FailedEntryCount": 0}

    def receive_message(self, **_: Any) -> Any:
        taken, self.waiting = self.waiting, []
        return {"Messages": [{"Body": json.dumps(e), "ReceiptHandle": ""} for e in taken]}

    def delete_message(self, **_: Any) -> None:
        """It was handed out once, and is gone."""

    def describe_alarms(self, **_: Any) -> Any:
        state, reason = self.alarm
        return {"MetricAlarms": [{"StateValue": state, "StateReason": reason}]}

    def set_alarm_state(self, StateValue: str, StateReason: str, **_: Any) -> None:
        self.alarms.append(StateValue)
        if "alarm" not in self.broken:
            self.alarm = (StateValue, StateReason)

    def get_topic_attributes(self, **_: Any) -> Any:
        return {"Attributes": {"SubscriptionsConfirmed": "0" if "mail" in self.broken else "1"}}

    def get_secret_value(self, SecretId: str) -> Any:
        keys = {"secret-of-telnyx": ["public"], "secret-of-twilio": ["shared"]}.get(SecretId, [])
        return {"SecretString": json.dumps({"current": TOKEN, "signing_keys": keys})}


def stack_of(parameters: dict[str, str] | None = None, *providers: str) -> Stack:
    resources = RESOURCES | {f"TokenSecret{each}": f"secret-of-{each}" for each in providers}
    return Stack("dlr", {}, parameters or {}, resources)


def run(
    system: FakeSystem, parameters: dict[str, str] | None = None, timeout_s: float = 0.01
) -> list[StepResult]:
    results: list[StepResult] = []
    webhook = Webhook(load_provider("thesmsworks"), "https://a/", TOKEN, None)
    api, stack = cast(Api, system), stack_of(parameters)
    test = SmokeTest(
        system.client, stack, api, webhook, system.send, results.append, timeout_s=timeout_s
    )
    assert test() == all(each.outcome is not Outcome.FAILED for each in results)
    return results


def failed(results: list[StepResult]) -> list[str]:
    return [each.step for each in results if each.outcome is Outcome.FAILED]


def test_every_hop_of_a_sound_stack_is_ok_and_nothing_is_left() -> None:
    system = FakeSystem()
    results = run(system)
    assert failed(results) == []
    assert (system.messages, system.listed, system.quarantine) == ({}, set(), {})
    assert (system.rules, system.queues, system.lifts) == (set(), set(), 0)
    assert system.alarms == ["ALARM", "OK"]


@pytest.mark.parametrize(
    ("broken", "step"),
    [
        ("api", "choose a number"),
        ("listed", "choose a number"),
        ("held", "choose a number"),
        ("bus", "listen to the bus"),
        ("policy", "listen to the bus"),
        ("token", "refuse a wrong token"),
        ("webhook", "take in a report"),
        ("messages", "show the message"),
        ("publish", "publish its event"),
        ("suppress", "suppress the number"),
        ("announce", "suppress the number"),
        ("guard", "suppress the number"),
        ("release", "release the number"),
        ("quarantine", "keep garbage apart"),
        ("status", "keep garbage apart"),
        ("alarm", "set off an alarm"),
        ("erase", "erase the number"),
        ("target", "remove rule and queue"),
    ],
)
def test_the_first_step_that_fails_is_the_last_and_what_is_there_is_removed(
    broken: str, step: str
) -> None:
    system = FakeSystem({broken})
    results = run(system)
    assert failed(results) == [step]
    assert (system.rules, system.queues) == (set(), set())
    assert system.listed == set()
    assert system.quarantine == {}
    assert system.alarm[0] == "OK"
    if broken != "erase":
        assert system.messages == {}


def test_a_number_that_is_on_the_list_is_left_alone() -> None:
    system = FakeSystem({"listed"})
    run(system)
    assert [call for call in system.calls if not call.startswith("GET")] == []


def test_a_failure_names_the_log_groups_to_look_at() -> None:
    (result,) = (r for r in run(FakeSystem({"suppress"})) if r.outcome is Outcome.FAILED)
    assert result.log_groups == ("logs-of-suppress",)


def test_a_number_that_the_guard_holds_is_said_to_be_held() -> None:
    (result,) = (r for r in run(FakeSystem({"guard"})) if r.outcome is Outcome.FAILED)
    assert "guard holds" in result.note


def test_after_a_failure_the_number_is_lifted_because_events_may_still_be_on_their_way() -> None:
    system = FakeSystem({"suppress"})
    run(system)
    assert system.lifts == 1


def test_where_deliveries_release_nothing_the_number_is_lifted() -> None:
    system = FakeSystem({"release"})
    results = run(system, {"ReleaseOnDelivery": "no"})
    assert failed(results) == []
    assert [r.step for r in results if r.outcome is Outcome.SKIPPED] == ["release the number"]
    assert (system.lifts, system.listed) == (1, set())


def test_an_alarm_that_is_on_is_left_on() -> None:
    system = FakeSystem(alarm=("ALARM", "a true one"))
    results = run(system)
    assert [r.step for r in results if r.outcome is Outcome.SKIPPED] == ["set off an alarm"]
    assert system.alarms == []


def test_a_topic_without_a_confirmed_subscription_is_a_warning() -> None:
    results = run(FakeSystem({"mail"}))
    assert failed(results) == []
    assert any(each.note.startswith("WARNING") for each in results)


def test_an_interruption_removes_everything_too() -> None:
    system = FakeSystem()

    def interrupted(_: Request) -> int:
        raise KeyboardInterrupt

    webhook = Webhook(load_provider("thesmsworks"), "https://a/", TOKEN, None)
    test = SmokeTest(
        system.client, stack_of(), cast(Api, system), webhook, interrupted, lambda _: None
    )
    with pytest.raises(KeyboardInterrupt):
        test()
    assert (system.rules, system.queues) == (set(), set())


def test_everything_is_removed_although_nobody_reads_the_output_any_more() -> None:
    """As in `dlr smoke | head -3`."""
    system = FakeSystem()
    shown: list[StepResult] = []

    def show(result: StepResult) -> None:
        shown.append(result)
        if len(shown) > 3:
            raise BrokenPipeError

    webhook = Webhook(load_provider("thesmsworks"), "https://a/", TOKEN, None)
    test = SmokeTest(system.client, stack_of(), cast(Api, system), webhook, system.send, show)
    with pytest.raises(BrokenPipeError):
        test()
    assert (system.rules, system.queues) == (set(), set())
    assert (system.messages, system.listed) == ({}, set())


@pytest.mark.parametrize("broken", ["", "webhook", "suppress", "erase"])
def test_no_result_holds_the_number_or_the_token(broken: str) -> None:
    system = FakeSystem({broken})
    shown = repr(run(system))
    numbers = {unquote(c.split("/")[2]) for c in system.calls if c.startswith("GET /recip")}
    assert numbers
    assert not any(each in shown or each[1:] in shown for each in {*numbers, TOKEN})


def test_a_stack_of_another_system_is_not_touched() -> None:
    system = FakeSystem()
    webhook = Webhook(load_provider("thesmsworks"), "https://a/", TOKEN, None)
    other = replace(stack_of(), resources={"Bus": "theirs"})
    with pytest.raises(CommandError, match="another system"):
        SmokeTest(system.client, other, cast(Api, system), webhook, system.send, lambda _: None)


# The made-up requests


def test_every_number_is_reserved_for_fiction() -> None:
    drawn = [reserved_number() for _ in range(200)]
    assert all(n.startswith("+447700900") or n[5:10] == "55501" for n in drawn)
    assert {len(n) for n in drawn} == {12, 13}
    assert len(set(drawn)) > 100


@pytest.mark.parametrize("name", provider_names())
def test_every_provider_refuses_the_garbage_as_unreadable(name: str) -> None:
    request = Webhook(load_provider(name), "https://a/", TOKEN, None).garbage("x")
    with pytest.raises(UnreadableError):
        Normalizer(load_provider(name))(request, datetime.now(UTC))


@pytest.mark.parametrize("name", ["messente", "smsmode", "twilio", "vonage"])
def test_what_a_shared_key_signs_is_accepted(name: str) -> None:
    now = datetime.now(UTC)
    webhook = Webhook(load_provider(name), "https://a/webhooks/", TOKEN, key_of(name))
    credentials = Credentials((TOKEN,), now, (key_of(name),))
    step = Step("m", "447700900123", "dead", now)
    for request in (webhook.report(step), webhook.garbage("x")):
        token = urlsplit(request.url).path.rpartition("/")[2]
        assert load_provider(name).verify(replace(request, token=token), credentials)


@pytest.mark.parametrize(
    ("provider", "parameters", "reason"),
    [
        ("smpp", {}, "suppresses nobody"),
        ("telnyx", {}, "only the provider has the key"),
        ("vonage", {"RequireSignatures": "yes"}, "no signing key yet"),
        ("nobody", {}, "no such provider"),
    ],
)
def test_a_provider_that_nobody_can_stand_in_for_is_refused_with_the_reason(
    provider: str, parameters: dict[str, str], reason: str
) -> None:
    stack = stack_of(parameters, "smpp", "telnyx", "vonage")
    with pytest.raises(CommandError, match=reason):
        choose(FakeSystem().client, stack, "https://a", provider)


def test_the_first_provider_that_a_report_can_come_from_is_chosen() -> None:
    resources = {f"TokenSecret{n}": f"secret-of-{n}" for n in ("smpp", "telnyx", "twilio")}
    stack = replace(stack_of(), resources=resources)
    chosen = choose(FakeSystem().client, stack, "https://a", None)
    assert (chosen.provider.name, chosen.key) == ("twilio", "shared")
    assert chosen.url == "https://a/webhooks/twilio/"


def test_the_installed_command_carries_the_sample_of_every_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As `pip` builds it: hatchling calls the hook that cli/pyproject.toml asks for."""
    build = tomllib.loads((ROOT / "cli/pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert build["targets"]["wheel"]["hooks"] == {"custom": {}}
    interface = ModuleType("hatchling.builders.hooks.plugin.interface")
    interface.BuildHookInterface = object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, interface.__name__, interface)
    hook = run_path(str(ROOT / "cli/hatch_build.py"))["Samples"]()
    hook.root, carried = str(ROOT / "cli"), dict[str, str]()
    hook.initialize("standard", {"force_include": carried})
    assert carried == {
        str(ROOT / f"events/{name}/sample.toml"): f"dlr_cli/smoke/samples/{name}/sample.toml"
        for name in provider_names()
    }


# Which stack


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """What `make run` writes, in the folder in which the command is called."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local/outputs.json").write_text('{"base_url": "http://127.0.0.1:4566/x"}')
    return


@pytest.mark.usefixtures("outputs")
def test_without_a_stack_it_is_the_one_that_runs_here() -> None:
    here = Place(STACK, "http://127.0.0.1:4566", "http://127.0.0.1:4566/x")
    assert find_place(None, None, None, {}) == here
    assert find_place("prod", None, None, {}) == Place("prod", None, None)
    embedded = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert find_place(None, None, "u", embedded) == Place(STACK, None, "u")


def test_without_any_stack_nobodys_account_is_tested(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(click.UsageError, match="--stack"):
        find_place(None, None, None, {"AWS_PROFILE": "prod"})


# All of it


@pytest.mark.parametrize("provider", ["thesmsworks", "twilio"])
def test_a_deployed_stack_passes_and_keeps_nothing_of_the_test(
    cloud: Cloud, deployment: Deployment, provider: str
) -> None:
    addresses = ["--endpoint-url", cloud.url, "--url", deployment.base_url]
    result = CliRunner().invoke(dlr, ["smoke", "--provider", provider, *addresses, "--json"])
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert (result.exit_code, result.stderr) == (0, "")
    assert {row["outcome"] for row in rows} == {"ok"}
    assert len(rows) == 13
    names = [
        rule["Name"]
        for rule in cloud.client("events").list_rules(EventBusName=deployment.resources["Bus"])[
            "Rules"
        ]
    ]
    queues = cloud.client("sqs").list_queues(QueueNamePrefix="dlr-smoke-").get("QueueUrls", [])
    assert [name for name in names if name.startswith("dlr-smoke-")] == queues == []


def test_a_rule_that_is_switched_off_is_found(cloud: Cloud, deployment: Deployment) -> None:
    rule = {
        "Name": deployment.resources["HardBounceRule"].rpartition("|")[2],
        "EventBusName": deployment.resources["Bus"],
    }
    events = cloud.client("events")
    events.disable_rule(**rule)
    try:
        addresses = ["--endpoint-url", cloud.url, "--url", deployment.base_url]
        result = CliRunner().invoke(dlr, ["smoke", *addresses, "--timeout", "3"])
    finally:
        events.enable_rule(**rule)
    assert result.exit_code == 1
    assert "failed   suppress the number" in result.stdout
    assert deployment.resources["SuppressLogs"] in result.stderr
    assert "ok       remove rule and queue" in result.stdout
