"""One made-up message through every hop of a deployed stack, an alarm, and everything cleaned up.

The number is one that is reserved for fiction. Number, tokens and bodies are printed nowhere.
"""

import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import quote

from dlr.messages.event import DETAIL_TYPE
from dlr.providers.sample import Stage, Step
from dlr.suppression.announce import RELEASED, SUPPRESSED
from dlr.wire.request import Request
from dlr_cli import aws, quarantine
from dlr_cli.api import Api
from dlr_cli.aws import ClientMaker, Stack
from dlr_cli.errors import CommandError, NotFoundError
from dlr_cli.smoke.listener import Listener, wait_until
from dlr_cli.smoke.webhook import Webhook

OPERATOR = "smoke test"
"""By which the API's audit and logs name these calls."""
ALARM = "HeldAlarm"
REASON = "Smoke test by dlr smoke: nothing is wrong."
NEEDED = ("Bus", "Alarms", ALARM)
DRAWS = 10
FAILED_BEFORE = timedelta(minutes=4)
DELIVERED_BEFORE = timedelta(minutes=2)
"""Providers tell the time to the minute, some of them: the two reports lie further apart."""

Send = Callable[[Request], int]


class Outcome(StrEnum):
    """How a step ended."""

    OK = "ok"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step, and how long it took. `log_groups` are where to look if it failed."""

    step: str
    outcome: Outcome
    seconds: float
    note: str = ""
    log_groups: tuple[str, ...] = ()


class _Skipped(Exception):
    """The stack is not set up for this step. The text says why."""


class _NothingLeft(Exception):
    """A step of cleaning up has nothing to do."""


class _Step(NamedTuple):
    name: str
    act: Callable[["SmokeTest"], str | None]
    """Its answer is a note for the operator."""
    logs: tuple[str, ...] = ()
    """Logical ids of log groups."""


@dataclass
class SmokeTest:
    """One run. `show` gets each step when it has ended."""

    client: ClientMaker
    stack: Stack
    api: Api
    webhook: Webhook
    send: Send
    show: Callable[[StepResult], None]
    timeout_s: float = 120
    number: str = field(default="", repr=False)
    failed_id: str = field(default_factory=lambda: f"smoke-{secrets.token_hex(12)}")
    delivered_id: str = field(default_factory=lambda: f"smoke-{secrets.token_hex(12)}")
    garbage: str = field(default_factory=lambda: f"smoke-{secrets.token_hex(12)}")
    listener: Listener | None = None
    has_reported: bool = False
    has_sent_garbage: bool = False
    is_ok: bool = True

    def __post_init__(self) -> None:
        missing = [name for name in NEEDED if name not in self.stack.resources]
        if missing:
            name = self.stack.name
            raise CommandError(f"Stack {name} has no {missing[0]}: it is of another system.")

    def __call__(self) -> bool:
        """Whether every step went well. Cleans up in any case, also after Ctrl-C."""
        with ExitStack() as cleaning:  # does each, although another or the output fails
            for step in reversed(CLEANING):
                cleaning.callback(self._do, step)
            try:
                all(map(self._do, STEPS))
            except BaseException:
                self.is_ok = False
                raise
        return self.is_ok

    def _do(self, step: _Step) -> bool:
        """Does one step, and says how it ended."""
        start, outcome, note = time.monotonic(), Outcome.OK, ""
        try:
            with aws.explained():
                note = step.act(self) or ""
        except _NothingLeft:
            return True
        except _Skipped as skipped:
            outcome, note = Outcome.SKIPPED, str(skipped)
        except CommandError as error:
            outcome, note, self.is_ok = Outcome.FAILED, error.message, False
        seconds = round(time.monotonic() - start, 1)
        groups = tuple(self.stack.resources.get(name, name) for name in step.logs)
        shown = groups if outcome is Outcome.FAILED else ()
        self.show(StepResult(step.name, outcome, seconds, note, shown))
        return outcome is not Outcome.FAILED

    # The steps

    def choose_number(self) -> None:
        """A reserved number of which nothing is stored, so that nothing else is erased."""
        for _ in range(DRAWS):
            drawn = reserved_number()
            if self._suppression(drawn)["suppressed"]:
                raise CommandError("The number is on the list already. Lift it, or run again.")
            if not self._holds(drawn):
                self.number = drawn
                return
        raise CommandError("Something is stored of every number that was drawn.")

    def listen(self) -> None:
        """A rule and a queue of its own, which hear this test's events alone."""
        ids = [self.failed_id, self.delivered_id]
        bus = self.stack.resources["Bus"]
        self.listener = listener = Listener(self.client, bus, ids, self.number)
        listener.start()
        self._wait(listener.probe, "The event bus hands out nothing to a new rule.")

    def refuse_a_wrong_token(self) -> None:
        """A wrong token leaves nothing."""
        status = self.send(self.webhook.with_wrong_token(self._step(self.failed_id, "dead")))
        if status not in (401, 403):
            raise CommandError(f"A wrong token was answered {status}, and not 401.")

    def report_failure(self) -> None:
        """The number is dead, says the provider."""
        self._report(self.failed_id, "dead")

    def find_message(self) -> None:
        """The API has the message, under its id and with its recipient."""
        self._wait(self._has_message, "The API does not find the message.")

    def hear_report(self) -> None:
        """The stream brings it to Publish, and Publish to the bus."""
        self._wait(self._hears_report, "No event of the message came on the bus.")

    def suppress(self) -> None:
        """A rule brings the event to Suppress."""
        self._wait(lambda: bool(self._suppression()["suppressed"]), self._not_suppressed)
        self._wait(lambda: self._hears(SUPPRESSED), f"No event {SUPPRESSED} came on the bus.")

    def release(self) -> None:
        """Another message reaches the number."""
        if self.stack.parameters.get("ReleaseOnDelivery", "yes") != "yes":
            raise _Skipped("ReleaseOnDelivery is no")
        self._report(self.delivered_id, "delivered")
        still = "The number is still on the list after a delivery."
        self._wait(lambda: not self._suppression()["suppressed"], still)
        self._wait(lambda: self._hears(RELEASED), f"No event {RELEASED} came on the bus.")

    def quarantine(self) -> str:
        """What cannot be read is kept, and discarded."""
        self.has_sent_garbage = True
        status = self.send(self.webhook.garbage(self.garbage))
        if status != 400:
            raise CommandError(f"An unreadable request was answered {status}, and not 400.")
        self._wait(lambda: bool(self._quarantined()), "The request is not in quarantine.")
        self._discard()
        return "UnreadableAlarm goes off for it, once"

    def fire_alarm(self) -> str:
        """One alarm, by hand. CloudWatch sets it right again at its next look anyway."""
        name = self.stack.resources[ALARM]
        if self._alarm_of(name)["StateValue"] == "ALARM":
            raise _Skipped(f"{ALARM} is on already: look at it first")
        try:
            self._set_alarm(name, "ALARM")
            self._wait(lambda: self._is_fired(name), f"{ALARM} did not go off.")
        finally:
            self._set_alarm(name, "OK")
        over = f"{ALARM} did not go back to OK."
        self._wait(lambda: self._alarm_of(name)["StateValue"] == "OK", over)
        return self._who_hears()

    # Cleaning up: each does nothing where there is nothing

    def empty_quarantine(self) -> None:
        """Where a step failed after the unreadable request."""
        if not self.has_sent_garbage or self.is_ok:
            raise _NothingLeft
        self._discard()

    def lift(self) -> None:
        """Off the list, for what is still on its way as well."""
        if not self.has_reported:
            raise _NothingLeft
        if self.is_ok and not self._suppression()["suppressed"]:
            raise _NothingLeft
        self.api.call("DELETE", f"/suppressions/{_path(self.number)}", _anything)

    def erase(self) -> str:
        """The number, its messages and requests."""
        if not self.has_reported:
            raise _NothingLeft
        erased = self.api.call("DELETE", f"/recipients/{_path(self.number)}", _fields)
        if erased["suppressed"]:
            raise CommandError("The number is still on the list.")
        self._wait(lambda: not self._holds(self.number), "Something of the number is still stored.")
        return "left, as after any erasure: the number's keyed hash, the messages' ids"

    def stop_listening(self) -> None:
        """Without the rule and the queue."""
        if self.listener is None:
            raise _NothingLeft
        errors = []
        for remove in self.listener.removals:
            try:
                with aws.explained():
                    remove()
            except CommandError as error:
                errors.append(error.message)
        if errors:
            raise CommandError(f"{errors[0]} Delete rule and queue {self.listener.name} by hand.")

    # What the steps ask

    def _step(self, message_id: str, stage: Stage) -> Step:
        before = DELIVERED_BEFORE if stage == "delivered" else FAILED_BEFORE
        return Step(message_id, self.number.removeprefix("+"), stage, datetime.now(UTC) - before)

    def _report(self, message_id: str, stage: Stage) -> None:
        self.has_reported = True
        status = self.send(self.webhook.report(self._step(message_id, stage)))
        if status != 200:
            raise CommandError(f"The report was answered {status}, and not 200.")

    def _wait(self, condition: Callable[[], bool], failure: str | Callable[[], str]) -> None:
        if not wait_until(condition, self.timeout_s):
            text = failure if isinstance(failure, str) else failure()
            raise CommandError(f"{text} It was waited for {self.timeout_s:g} s.")

    def _has_message(self) -> bool:
        path = f"/messages/{self.webhook.provider.name}/{_path(self.failed_id)}"
        with suppress(NotFoundError):
            found = self.api.call("GET", path, _fields)
            return bool(found["recipient"] == self.number)
        return False

    def _suppression(self, number: str = "") -> dict[str, Any]:
        path = f"/suppressions/{_path(number or self.number)}"
        return self.api.call("GET", path, lambda content: {**content, "state": content["state"]})

    def _not_suppressed(self) -> str:
        if self._suppression()["state"] == "held":
            return "The mass-bounce guard holds the number: the provider is over its limit."
        return "The number is not on the suppression list."

    def _holds(self, number: str) -> bool:
        """Whether messages or quarantined requests of the number are stored."""
        found = self.api.call("GET", f"/recipients/{_path(number)}", _fields)
        return bool(found["messages"] or found["quarantine"])

    def _hears_report(self) -> bool:
        return any(
            each.detail_type == DETAIL_TYPE and each.detail["message_id"] == self.failed_id
            for each in self._heard()
        )

    def _hears(self, detail_type: str) -> bool:
        return any(each.detail_type == detail_type for each in self._heard())

    def _heard(self) -> Iterable[Any]:
        return self.listener.heard() if self.listener else ()

    def _quarantined(self) -> list[str]:
        found = quarantine.kept(self.api, self.webhook.provider.name)
        return [each.id for each in found if self.garbage in each.body]

    def _discard(self) -> None:
        for each in self._quarantined():
            if quarantine.discard(self.api, each).outcome is not quarantine.Outcome.DISCARDED:
                raise CommandError("The API does not discard the request in quarantine.")
        self._wait(lambda: not self._quarantined(), "The request is still in quarantine.")

    def _alarm_of(self, name: str) -> dict[str, Any]:
        found = self.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        if not found:
            raise CommandError(f"{ALARM} is not there.")
        alarm: dict[str, Any] = found[0]
        return alarm

    def _is_fired(self, name: str) -> bool:
        alarm = self._alarm_of(name)
        return bool(alarm["StateValue"] == "ALARM" and alarm["StateReason"] == REASON)

    def _set_alarm(self, name: str, state: str) -> None:
        self.client("cloudwatch").set_alarm_state(
            AlarmName=name, StateValue=state, StateReason=REASON
        )

    def _who_hears(self) -> str:
        topic = self.stack.resources["Alarms"]
        attributes = self.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
        if int(attributes.get("SubscriptionsConfirmed", 0)) > 0:
            return ""
        return "WARNING: nobody hears it. The topic Alarms has no confirmed subscription"


STEPS = (
    _Step("choose a number", SmokeTest.choose_number, ("ApiLogs", "AuthorizerLogs")),
    _Step("listen to the bus", SmokeTest.listen),
    _Step("refuse a wrong token", SmokeTest.refuse_a_wrong_token, ("IngestLogs",)),
    _Step("take in a report", SmokeTest.report_failure, ("IngestLogs",)),
    _Step("show the message", SmokeTest.find_message, ("IngestLogs", "ApiLogs")),
    _Step("publish its event", SmokeTest.hear_report, ("PublishLogs",)),
    _Step("suppress the number", SmokeTest.suppress, ("SuppressLogs",)),
    _Step("release the number", SmokeTest.release, ("PublishLogs", "SuppressLogs")),
    _Step("keep garbage apart", SmokeTest.quarantine, ("IngestLogs", "ApiLogs")),
    _Step("set off an alarm", SmokeTest.fire_alarm),
)
CLEANING = (
    _Step("empty quarantine", SmokeTest.empty_quarantine, ("ApiLogs",)),
    _Step("lift the number", SmokeTest.lift, ("ApiLogs",)),
    _Step("erase the number", SmokeTest.erase, ("ApiLogs",)),
    _Step("remove rule and queue", SmokeTest.stop_listening),
)


def reserved_number() -> str:
    """One that Ofcom or the North American plan keeps for fiction."""
    if secrets.randbelow(2):
        return f"+447700900{secrets.randbelow(1000):03}"
    return f"+1{secrets.choice(AREAS)}55501{secrets.randbelow(100):02}"


AREAS = ("202", "212", "303", "312", "404", "415", "512", "617", "702", "808")


def _path(text: str) -> str:
    return quote(text, safe="")


def _fields(content: Any) -> dict[str, Any]:
    return dict(content)


def _anything(content: Any) -> None:
    """The answer says no more than the status."""
