"""The lake beside the real table: what its own stream says, in any batches and any order."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlr.causes import Cause
from dlr.lake.manifest import Manifest
from dlr.lake.merge import Merger
from dlr.lake.reader import LakeReader
from dlr.lake.row import mk_of
from dlr.lake.segment import Segments
from dlr.lake.writer import LakeWriter
from dlr.messages.item import is_redacted, key_of
from dlr.messages.redact import redact
from dlr.messages.store import ReportStore, Retention
from dlr.messages.view import message_of
from dlr.report import FAILED, Status
from local.cloud import Cloud
from tests.support.history import BEGIN, END, PEOPLE
from tests.support.lake import BUCKET, TABLE, FakeAws
from tests.support.reports import HASHER, make_report
from tests.support.tables import make_table

pytestmark = pytest.mark.slow

KEY = b"hush-key"
YEAR = timedelta(days=365)
ERASE = "erase"
STATES = ("accepted", "enroute", "delivered", "undelivered", "read")
Act = tuple[int, str, int, int]
"""A message, what happens to it, the minutes before it, and how wrong the report's time is."""
acts = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from((*STATES, *STATES, ERASE)),
        st.integers(0, 90),
        st.integers(-30, 5),
    ),
    min_size=1,
    max_size=12,
)


class Table:
    """ReportsTable on the embedded AWS, with its stream."""

    def __init__(self, cloud: Cloud) -> None:
        self.client = cloud.client("dynamodb")
        self.name = make_table(cloud, "ReportsTable")
        self.store = ReportStore(self.client, self.name, Retention(YEAR, YEAR, YEAR))
        self._streams = cloud.client("dynamodbstreams")
        arn = self.client.describe_table(TableName=self.name)["Table"]["LatestStreamArn"]
        (shard,) = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        self._position = self._streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]

    def item(self, message_id: str) -> dict[str, Any] | None:
        key = key_of("acme", message_id)
        found: dict[str, Any] | None = self.client.get_item(
            TableName=self.name, Key=key, ConsistentRead=True
        ).get("Item")
        return found

    def records(self) -> list[dict[str, Any]]:
        """Those since the last call."""
        answer = self._streams.get_records(ShardIterator=self._position)
        self._position = answer["NextShardIterator"]
        found: list[dict[str, Any]] = answer["Records"]
        return found

    def do(self, act: Act, prefix: str, now: datetime) -> str | None:
        """Stores a report or redacts what is there; the id of a redacted message."""
        message, what, _, wrong = act
        message_id = f"{prefix}-{message}"
        if what == ERASE:
            item = self.item(message_id)
            if item is None or is_redacted(item):
                return None
            assert redact(self.client, self.name, item, int((now + YEAR).timestamp()))
            return message_id
        status, (_, number) = Status(what), PEOPLE[message % 2]
        cause = Cause.ABSENT if status in FAILED else Cause.NONE
        report = make_report(
            status,
            cause=cause,
            message_id=message_id,
            recipient=number,
            recipient_hash=HASHER.hash(number),
            provider_code=what,
            received_at=now,
            occurred_at=now + timedelta(minutes=wrong),
        )
        self.store.put(report)
        return None


@pytest.fixture(scope="module")
def table(cloud: Cloud) -> Table:
    return Table(cloud)


class Lake:
    """In memory; it is never emptied, as the table is not."""

    def __init__(self, folder: Path) -> None:
        aws = FakeAws()
        manifest = Manifest(aws, TABLE)
        self.write = LakeWriter(Segments(aws, BUCKET), lambda: KEY)
        self.merge = Merger(aws, BUCKET, manifest, folder / "merge")
        self._reader = LakeReader(aws, BUCKET, manifest, folder / "cache")

    def answers(self) -> dict[str, tuple[Any, ...]]:
        """Every message by its name in the lake."""
        with self._reader.open(BEGIN, END) as snapshot:
            found = snapshot.db.execute(
                "SELECT mk, f, message_id, status, cause, code FROM messages"
            ).fetchall()
        answers = {mk: tuple(values) for mk, *values in found}
        assert len(answers) == len(found)
        return answers


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(tmp_path_factory.mktemp("lake"))


@given(acts=acts, data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_law_2_the_lake_says_what_the_api_says_of_every_message(
    table: Table, lake: Lake, acts: list[Act], data: st.DataObject
) -> None:
    prefix, now, erased = uuid4().hex, BEGIN, set()
    for act in acts:
        now += timedelta(minutes=act[2], microseconds=1)
        erased.add(table.do(act, prefix, now))
    records = data.draw(st.permutations(table.records()))
    cut = data.draw(st.integers(0, len(records)))
    for batch in (records[:cut], records[cut:], records[: cut // 2]):
        if batch:
            lake.write(batch)
        if data.draw(st.booleans()):
            lake.merge()
    answers = lake.answers()
    for name in (f"{prefix}-{n}" for n in range(4)):
        item = table.item(name)
        if item is None:
            continue
        row = answers[mk_of(item, KEY)]
        if name in erased:
            assert (row[1], row[4]) == (None, None)
            continue
        shown = message_of(item)
        first = min(each.received_at for each in shown.history).replace(tzinfo=None)
        assert row == (first, name, shown.status, shown.cause, shown.provider_code)
