"""What the list announces on the bus, once or more often, and what a second look finds."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dlr.causes import Cause
from dlr.phone import PhoneNumber
from dlr.report import Status
from dlr.suppression.announce import RELEASED, SUPPRESSED
from dlr.suppression.standing import State
from dlr.suppression.table import SuppressionList
from local.cloud import Cloud
from local.listener import Listener
from tests.support.cases import NOW
from tests.support.reports import HASHER, make_report
from tests.support.suppression import RULES, SuppressionHarness, dead, failure
from tests.support.system import SystemHarness
from tests.support.thesmsworks import HARD, report

NUMBERS = iter(PhoneNumber(f"+4477009008{n:02}") for n in range(50, 99))


@pytest.fixture(scope="module")
def suppression(cloud: Cloud) -> SuppressionHarness:
    return SuppressionHarness(cloud)


@pytest.fixture(scope="module")
def system(cloud: Cloud) -> Iterator[SystemHarness]:
    system = SystemHarness(cloud)
    with system.listener:
        yield system


def from_queue(body: str, times: int) -> dict[str, Any]:
    """The batch of one message that the queue hands out for so many times."""
    attributes = {"ApproximateReceiveCount": str(times)}
    return {"Records": [{"messageId": "m", "body": body, "attributes": attributes}]}


def waiting(system: SystemHarness) -> str:
    """The only message in the queue; second looks come a minute later."""
    (message,) = system._receive("SuppressQueue", 10)
    return str(message["Body"])


def test_a_message_that_comes_again_is_announced_again(cloud: Cloud, system: SystemHarness) -> None:
    """Suppress may have stopped between the list and the bus."""
    system.wipe()
    number = next(NUMBERS)
    assert system.send(report("again", number, code=HARD))[0] == 200
    assert system.publish()
    body = waiting(system)
    with Listener(cloud, system.names["Bus"], SUPPRESSED) as listener:
        for times in (1, 1, 2):
            system.functions.call("Suppress", from_queue(body, times))
        assert [each["number"] for each in listener.heard()] == [number] * 2


def test_a_second_look_releases_and_says_so(cloud: Cloud, system: SystemHarness) -> None:
    system.wipe()
    number = next(NUMBERS)
    assert system.send(report("dead", number, code=HARD))[0] == 200
    assert system.publish()
    system.functions.call("Suppress", from_queue(waiting(system), 1))
    # delivered while nobody looked: its event never reached the list
    assert system.send(report("arrived", number, "DELIVERED", minute=9))[0] == 200
    keys = [each["recipient_hash"]["S"] for each in system.items("SuppressionsTable")]
    (key,) = [each for each in keys if "#" not in each]  # without the guard's counter
    with Listener(cloud, system.names["Bus"], RELEASED) as listener:
        system.functions.call("Suppress", from_queue(f'{{"second_look": ["{key}"]}}', 1))
        (event,) = listener.heard()
    assert (event["recipient_hash"], event["number"], event["state"]) == (key, None, "lifted")


def test_each_failure_asks_for_a_second_look_and_nothing_else_does(
    suppression: SuppressionHarness,
) -> None:
    of, other = next(NUMBERS), next(NUMBERS)
    suppression.looks.clear()
    suppression.suppress(dead(of), NOW)
    suppression.suppress(failure(of, Cause.UNSPECIFIED, permanent=True, message_id="s"), NOW)
    suppression.suppress(failure(other, Cause.OPTED_OUT), NOW)
    assert suppression.looks == [HASHER.every_hash(of)] * 2


def test_a_delivery_that_the_index_showed_late_is_found_by_the_second_look(
    suppression: SuppressionHarness,
) -> None:
    of = next(NUMBERS)
    suppression.suppress(dead(of), NOW)
    suppression.store.put(
        make_report(
            Status.DELIVERED, 9, message_id="m9", recipient=of, recipient_hash=HASHER.hash(of)
        )
    )
    changed = suppression.suppressor_of_events().look(HASHER.every_hash(of), NOW)
    assert (changed.before.state, changed.after.state) == (State.ACTIVE, State.LIFTED)


def test_a_second_look_at_somebody_unknown_makes_no_entry(suppression: SuppressionHarness) -> None:
    of = next(NUMBERS)
    delivered = make_report(message_id="m8", recipient=of, recipient_hash=HASHER.hash(of))
    suppression.store.put(delivered)
    suppression.suppressor_of_events().look(HASHER.every_hash(of), NOW)
    assert suppression.standing(of).entry.version == 0


def test_a_write_whose_answer_was_lost_is_a_change(suppression: SuppressionHarness) -> None:
    """botocore tries again by itself, and its own write refuses the second one."""

    class Deaf:
        """A client that writes and hears only of the second try."""

        def __getattr__(self, name: str) -> Any:
            return getattr(suppression.client, name)

        def put_item(self, **arguments: Any) -> Any:
            suppression.client.put_item(**arguments)
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, "PutItem")

    of = next(NUMBERS)
    deaf = SuppressionList(Deaf(), suppression.table, RULES)
    changed = suppression.suppressor(suppressions=deaf)(failure(of, Cause.OPTED_OUT), NOW)
    assert changed is not None
    assert (changed.before.state, changed.after.state) == (None, State.ACTIVE)
