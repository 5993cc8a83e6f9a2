"""What the lake must say after `make load`: the model's fold, counted by hour."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from dlr.lake.manifest import Manifest
from dlr.lake.reader import LakeReader
from dlr.lake.segment import Segments
from dlr.messages.item import first_received_at_of
from dlr.report import DeliveryReport
from local.client import Client
from local.cloud import Cloud
from local.stack import Deployment

HOUR = timedelta(hours=1)
DIMENSIONS = ("hour", "provider", "status", "cause")
QUESTIONS = (("hour", "provider", "status"), ("hour", "provider", "cause"))
"""What the API is asked: a time and two dimensions are the most it takes."""
VIEWS = {"messages": ("date_trunc('hour', f)", "count(*)"), "rollups": ("hour", "sum(n)::BIGINT")}
"""Where each view of a snapshot has the hour, and how many messages there are."""

Item = Mapping[str, Any]
Counts = Counter[tuple[Any, ...]]


class Copy(NamedTuple):
    """A segment as it was before it was merged."""

    key: str
    content: bytes


class LakeCheck:
    """The lake of one deployment beside a model."""

    def __init__(self, cloud: Cloud, deployment: Deployment) -> None:
        names = deployment.resources
        self._client = Client(deployment)
        self._bucket = names["LakeBucket"]
        self._function = names["Merge"]
        self._lambda = cloud.client("lambda")
        self._s3 = cloud.client("s3")
        self._segments = Segments(self._s3, self._bucket)
        self._manifest = Manifest(cloud.client("dynamodb"), names["DeskTable"])

    def first_segment(self, timeout_s: float) -> Copy | None:
        """The first one that waits to be merged, as soon as there is one."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for each in self._segments.waiting():
                answer = self._s3.get_object(Bucket=self._bucket, Key=each.key)
                return Copy(each.key, answer["Body"].read())
            time.sleep(1)
        return None

    def restore(self, copy: Copy) -> Iterator[str]:
        """Merges what waits, writes the copy under its old key as a restore does, merges again."""
        self._merge()
        if self._waits(copy.key):
            yield "the segment was not merged before it was restored"
        self._s3.put_object(Bucket=self._bucket, Key=copy.key, Body=copy.content)
        self._merge()
        if self._waits(copy.key):
            yield "the restored segment was not merged"

    def compare(self, wanted: Counts) -> Iterator[str]:
        """Rows, rollups and the API must each give these counts."""
        hours = [key[0] for key in wanted]
        period = min(hours), max(hours) + HOUR
        for view in VIEWS:
            yield from _difference(view, wanted, self._stored(view, period))
        for names in QUESTIONS:
            asked = f"GET /stats by {','.join(names)}"
            yield from _difference(asked, _by(names, wanted), self._asked(names, period))

    def _merge(self) -> None:
        answer = self._lambda.invoke(FunctionName=self._function, Payload=b"{}")
        if "FunctionError" in answer:
            raise RuntimeError("the merge failed")

    def _waits(self, key: str) -> bool:
        return any(each.key == key for each in self._segments.waiting())

    def _stored(self, view: str, period: tuple[datetime, datetime]) -> Counts:
        hour, n = VIEWS[view]
        with tempfile.TemporaryDirectory() as folder:
            reader = LakeReader(self._s3, self._bucket, self._manifest, Path(folder))
            with reader.open(*period) as snapshot:
                rows = snapshot.db.execute(
                    f"SELECT {hour}, provider, status, cause, {n} FROM {view} GROUP BY ALL"  # noqa: S608
                ).fetchall()
        return Counter({(hour.replace(tzinfo=UTC), *rest): n for hour, *rest, n in rows if n})

    def _asked(self, names: tuple[str, ...], period: tuple[datetime, datetime]) -> Counts:
        start, end = (each.isoformat() for each in period)
        answer = self._client.stats(from_=start, to=end, by=",".join(names))
        return Counter(
            {tuple(_value(name, row) for name in names): row["n"] for row in answer["rows"]}
        )


def counts_of(items: Mapping[str, Item], states: Mapping[str, DeliveryReport]) -> Counts:
    """The model's states, by the hour in which the table has the message's first report."""
    return Counter(
        (_hour_of(items[key]), state.provider, state.status.value, state.cause.value)
        for key, state in states.items()
        if key in items
    )


def _hour_of(item: Item) -> datetime:
    first = first_received_at_of(item)
    if first is None:
        raise ValueError("a message without a first report")
    return first.replace(minute=0, second=0, microsecond=0)


def _value(name: str, row: Mapping[str, Any]) -> Any:
    return datetime.fromisoformat(row[name]) if name == "hour" else row[name]


def _by(names: tuple[str, ...], counts: Counts) -> Counts:
    places = [DIMENSIONS.index(name) for name in names]
    result: Counts = Counter()
    for key, n in counts.items():
        result[tuple(key[place] for place in places)] += n
    return result


def _difference(name: str, wanted: Counts, found: Counts) -> Iterator[str]:
    if missing := (wanted - found).total():
        yield f"{name}: {missing} messages are not counted as the model has them"
    if added := (found - wanted).total():
        yield f"{name}: {added} messages are counted that the model has not"
