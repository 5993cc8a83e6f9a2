"""`dlr` on the running system: each daily task by command, through the gateway and its scopes."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from dlr_cli.__main__ import dlr
from local.client import Client
from local.stack import Deployment
from local.waiting import wait_until
from tests.support.numbers import new_number
from tests.support.thesmsworks import HARD, report

PROVIDER = "thesmsworks"


class Operator:
    """Somebody with a token, at a shell."""

    def __init__(self, deployment: Deployment, home: Path) -> None:
        self._environment = {
            "DLR_URL": deployment.base_url,
            "DLR_TOKEN": deployment.admin_token,
            "HOME": str(home),
        }

    def call(self, *arguments: str, typed: str | None = None) -> Result:
        return CliRunner(env=self._environment).invoke(dlr, arguments, input=typed)

    def read(self, *arguments: str, typed: str | None = None) -> list[Any]:
        """The objects that the command prints as JSON."""
        result = self.call(*arguments, "--json", typed=typed)
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_number_is_checked_put_on_the_list_and_lifted(
    deployment: Deployment, number: str, tmp_path: Path
) -> None:
    operator = Operator(deployment, tmp_path)
    assert operator.read("check", number) == [{"number": number, "result": "free"}]
    (put,) = operator.read("suppress", "--list", "opt_out", "--note", "alice", typed=f"{number}\n")
    assert (put["suppressed"], put["list"], put["cause"]) == (True, "opt_out", "opted_out")
    (checked,) = operator.read("check", typed=number)
    assert (checked["result"], checked["list"]) == ("suppressed", "opt_out")
    (lifted,) = operator.read("lift", number, "--note", "alice, ticket 41")
    assert lifted["suppressed"] is False
    acts = [each for each in operator.read("audit") if (each["note"] or "").startswith("alice")]
    assert {each["route"] for each in acts} >= {"POST /suppressions/add", "POST /suppressions/lift"}
    assert not any(number[1:] in json.dumps(each) for each in acts)
    assert operator.call("suppress", "+0").exit_code == 2


def test_a_file_is_imported_checked_and_its_errors_are_found(
    deployment: Deployment, tmp_path: Path
) -> None:
    operator = Operator(deployment, tmp_path)
    listed, free = [new_number() for _ in range(3)], new_number()
    source = tmp_path / "numbers.csv"
    source.write_text("\n".join(["number;list", *(f"{each};number" for each in listed), "oops;"]))
    result = operator.call("import", str(source), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["imported"] == 3
    header, error = (tmp_path / "numbers.csv.errors.csv").read_text().splitlines()
    assert (header, error.startswith("5,")) == ("row,error", True)
    campaign = tmp_path / "campaign.txt"
    campaign.write_text("\n".join([*listed, free, "oops"]))
    found = operator.read("check", "--file", str(campaign))
    assert [each["number"] for each in found] == [*listed, "oops"]
    sendable = operator.read("check", "--file", str(campaign), "--show", "free")
    assert sendable == [{"number": free, "result": "free"}]


def test_a_message_is_watched_found_counted_shown_and_erased(
    client: Client, deployment: Deployment, number: str, message_id: str, tmp_path: Path
) -> None:
    operator = Operator(deployment, tmp_path)
    operator.read("tail", "--seconds", "0")  # from now on somebody watches
    assert client.post(deployment.webhooks[PROVIDER], report(message_id, number, code=HARD)) == 200

    def seen(*arguments: str) -> list[Any]:
        found = operator.read(*arguments)
        return [each for each in found if each["message_id"] == message_id]

    assert wait_until(lambda: seen("messages", "--provider", PROVIDER, "--limit", "0"))
    assert wait_until(lambda: seen("tail", "--seconds", "0", "--provider", PROVIDER))
    (shown,) = operator.read("message", PROVIDER, message_id)
    assert (shown["cause"], len(shown["history"])) == ("unknown_subscriber", 1)
    (same,) = operator.read("message", PROVIDER, message_id, "--of-number", typed=number)
    assert same["recipient"] == number
    counted = operator.read("stats", "--by", "provider,cause", "--provider", PROVIDER)
    assert "unknown_subscriber" in {each["cause"] for each in counted}
    text = operator.call("stats", "compare", "--by", "country").stdout
    assert f"FR\t{PROVIDER}\t" in text
    assert operator.call("stats", "unfinished", "--hours", "1").exit_code == 0
    assert wait_until(lambda: operator.read("check", number)[0]["result"] == "suppressed")

    (person,) = operator.read("person", typed=number)
    assert [each["message_id"] for each in person["messages"]] == [message_id]
    assert operator.call("erase", number).exit_code == 2
    (erased,) = operator.read("erase", number, "--yes")
    assert erased == {"messages": 1, "quarantine": 0, "suppressed": True}
    assert operator.call("message", PROVIDER, message_id).exit_code == 3


def test_what_waits_is_seen_and_settled(deployment: Deployment, tmp_path: Path) -> None:
    operator = Operator(deployment, tmp_path)
    (status,) = operator.read("status")
    assert {each["name"] for each in status["alarms"]} >= {"HeldAlarm"}
    assert operator.call("status").stdout.startswith("version ")
    for act in (["held", "release"], ["held", "discard"], ["revert"]):
        yes = [] if "release" in act else ["--yes"]
        since = ["--since", "2026-01-01T00:00:00Z", "--until", "2026-01-01T00:00:01Z"]
        (sums,) = operator.read(*act, "bulksmsrates", *since, *yes)
        assert set(sums.values()) == {0}
    assert operator.call("held", "release", "nobody").exit_code == 2
    (code,) = operator.read("codes", "twilio", "--search", "30003")
    assert (code["code"], code["cause"]) == ("30003", "absent")
    (counts,) = operator.read("backtest", "--policy", "provider")
    assert {"tried", "today"} <= counts.keys()
    assert [each["kind"] for each in operator.read("export", "--jobs")][:1] == ["backtest"]
