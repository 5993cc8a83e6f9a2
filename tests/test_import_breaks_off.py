"""An import one of whose writes fails: what stands on the list was announced all the same."""

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dlr.phone import PhoneNumber
from dlr.suppression.admin import SuppressionAdmin
from dlr.suppression.announce import Announcer
from dlr.suppression.table import SuppressionList
from dlr.suppression.transfer import AT_A_TIME, CONTESTED, SuppressionTransfer
from tests.support.cases import NOW
from tests.support.reports import HASHER
from tests.support.suppression import RULES

pytestmark = pytest.mark.unit

PEOPLE = [PhoneNumber(f"+3363998{place:04}") for place in range(AT_A_TIME + 5)]
TEXT = "number\n" + "\n".join(PEOPLE)


class Aws:
    """Stands in for both clients: an empty table that refuses the write of one entry, and a bus."""

    def __init__(self, refused: PhoneNumber, why: str) -> None:
        self.refused, self.why = HASHER.hash(refused), why
        self.written: set[str] = set()
        self.announced: list[str] = []

    def batch_get_item(self, **_: Any) -> Any:
        return {"Responses": {}}

    def put_item(self, Item: Any, **_: Any) -> None:
        name = Item["recipient_hash"]["S"]
        if name == self.refused:
            raise ClientError({"Error": {"Code": self.why}}, "PutItem")
        self.written.add(name)

    def put_events(self, Entries: list[Any]) -> Any:
        self.announced += [json.loads(each["Detail"])["recipient_hash"] for each in Entries]
        return {"FailedEntryCount": 0}


def transfer_by(aws: Aws) -> SuppressionTransfer:
    suppressions, announce = SuppressionList(aws, "list", RULES), Announcer(aws, "bus")
    admin = SuppressionAdmin(suppressions, HASHER, timedelta(days=1), announce, lambda _: {})
    return SuppressionTransfer(suppressions, admin, HASHER)


@pytest.mark.parametrize("place", [0, 50, AT_A_TIME - 1, AT_A_TIME + 2])
def test_what_is_written_beside_a_write_that_fails_is_announced(place: int) -> None:
    aws = Aws(PEOPLE[place], "InternalServerError")
    with pytest.raises(ClientError, match="InternalServerError"):
        transfer_by(aws).import_csv(TEXT, "alice", NOW)
    assert sorted(aws.announced) == sorted(aws.written)
    assert len(aws.written) >= AT_A_TIME - 1


def test_a_contested_entry_is_told_by_its_row_and_all_others_are_announced() -> None:
    aws = Aws(PEOPLE[7], "ConditionalCheckFailedException")
    done = transfer_by(aws).import_csv(TEXT, "alice", NOW)
    assert (done.imported, done.errors) == (len(PEOPLE) - 1, [f"row 9: {CONTESTED}"])
    assert sorted(aws.announced) == sorted(aws.written)
    assert len(aws.written) == len(PEOPLE) - 1
