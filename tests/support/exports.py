"""Exports step by step: tables of their own, a lake of made-up rows, a bucket in memory."""

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb

from dlr.causes import Policy
from dlr.exports.ask import BacktestRequest, ExportRequest
from dlr.exports.backtest import BacktestPart, Ruling
from dlr.exports.clean import NumbersPart
from dlr.exports.desk import JobDesk
from dlr.exports.job import Job, Kind
from dlr.exports.listed import ListPart
from dlr.exports.numbers import MessageItems
from dlr.exports.part import MessagesPart
from dlr.exports.queue import Step
from dlr.exports.service import Asker, Exports, JobAnswer
from dlr.exports.staged import stage
from dlr.exports.work import Bucket, ExportWorker
from dlr.lake import duck
from dlr.lake.names import Names
from dlr.lake.row import COLUMNS, Row, row_of
from dlr.messages.item import key_of
from dlr.report import DeliveryReport
from dlr.suppression.standing import Rules
from local.cloud import Cloud
from tests.support.reports import HASHER
from tests.support.suppression import SuppressionHarness
from tests.support.tables import make_table

KEY = b"the lake's key in tests"
YEAR = timedelta(days=365)
ASKER = Asker(name="analyst", token_id="0123456789abcdef", pii=True)
NOBODY = Asker(name="reader", token_id="fedcba9876543210")
ADMIN = Asker(name="admin", token_id="admin:0000000000000000", pii=True, everybodys=True)
MOST = 100
"""Unfinished jobs of a token."""


class RowsLake:
    """A lake of these rows, as `LakeReader` shows it."""

    def __init__(self, folder: Path) -> None:
        self.rows: list[Row] = []
        self.as_of = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self._folder = folder

    @contextmanager
    def open(self, start: datetime, end: datetime, *, rollups: bool) -> Iterator[Any]:
        assert not rollups
        first, last = (each.replace(tzinfo=None).isoformat() for each in (start, end))
        inside = [row for row in self.rows if first <= row["f"] < last]
        with duck.connect(self._folder) as db:
            stage(db, "messages", COLUMNS, inside, self._folder)
            yield SimpleNamespace(db=db, as_of=self.as_of)


class Crash(BaseException):
    """The function was killed."""


class MemoryS3:
    """Objects by key; `crash` names a moment at which the function is killed, once."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.crash: str | None = None

    def reach(self, moment: str) -> None:
        if self.crash == moment:
            self.crash = None
            raise Crash

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:
        self.reach("before upload")
        self.objects[Key] = Body
        self.reach("after upload")

    def delete_object(self, Bucket: str, Key: str) -> None:
        self.objects.pop(Key, None)


class CrashingDesk(JobDesk):
    """The real one; killed before or after it notes a part."""

    def __init__(self, client: Any, table: str, s3: MemoryS3) -> None:
        super().__init__(client, table)
        self._s3 = s3

    def put(self, *arguments: Any) -> Any:
        self._s3.reach("before note")
        kept = super().put(*arguments)
        self._s3.reach("after note")
        return kept


class ExportHarness:
    """The API's side and the worker's, with a list in place of the queue."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self.list = SuppressionHarness(cloud)
        self.client = self.list.client
        self.folder = folder
        self.lake = RowsLake(folder)
        self.s3 = MemoryS3()
        self.desk_table = make_table(cloud, "DeskTable")
        self.desk = CrashingDesk(self.client, self.desk_table, self.s3)
        self.steps: list[Step] = []
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self.may_see = True
        self.rules = Rules()
        self.exports = self.service()
        self.work = self.worker()

    def service(self, most: int = MOST) -> Exports:
        return Exports(self.desk, self, self, self.rules.strike_limit, most)  # type: ignore[arg-type]

    def worker(self, entries: int = 200_000, policy: Policy = Policy.CAUSE) -> ExportWorker:
        items = MessageItems(self.client, self.list.reports_table, Names(lambda: KEY))
        return ExportWorker(
            self.desk,
            self,  # type: ignore[arg-type]
            Bucket(self.s3, "exports"),
            {
                Kind.MESSAGES: MessagesPart(self.lake, items),
                Kind.NUMBERS_TO_CLEAN: NumbersPart(self.lake, items, self.list.list, HASHER),
                Kind.SUPPRESSIONS: ListPart(self.list.list, entries),
                Kind.BACKTEST: BacktestPart(
                    self.lake,
                    items,
                    self.list.find_deliveries,
                    HASHER,
                    Ruling(policy, self.rules),
                    YEAR,
                ),
            },
            lambda _: self.may_see,
            self.folder / "export",
            lambda: self.now,
        )

    def send(self, steps: list[Step]) -> None:
        """Stands for the queue."""
        self.steps += steps

    def of(self, job: Job) -> list[str]:
        """Stands for the links: the keys."""
        return [part.key for _, part in sorted(job.parts.items())]

    def store(self, *reports: DeliveryReport, shares_id: bool = False) -> None:
        """Into the table, and what the lake then has of the message."""
        for report in reports:
            self.list.store.put(report, shares_id=shares_id)
        for report in reports:
            row = row_of(self._item_of(report), KEY)
            assert row is not None
            self.lake.rows = [each for each in self.lake.rows if each["mk"] != row["mk"]]
            self.lake.rows.append(row)

    def _item_of(self, report: DeliveryReport) -> Mapping[str, Any]:
        """Kept under id and recipient, or under the id alone."""
        for apart in (str(report.recipient_hash), ""):
            key = key_of(report.provider, report.message_id, apart)
            answer = self.client.get_item(TableName=self.list.reports_table, Key=key)
            if "Item" in answer:
                break
        found: Mapping[str, Any] = answer["Item"]
        return found

    def ask(self, asker: Asker = ASKER, key: str | None = None, **content: Any) -> JobAnswer:
        """An export, or a backtest where a policy is named."""
        if "policy" in content:
            request = BacktestRequest.model_validate(content)
            return self.exports.backtest(request, asker, key, self.now)
        return self.exports.export(ExportRequest.model_validate(content), asker, key, self.now)

    def run(self) -> None:
        """Until the queue is empty."""
        while self.steps:
            self.work(self.steps.pop(0))

    def get(self, job: JobAnswer, asker: Asker = ASKER) -> JobAnswer:
        found = self.exports.get(job.id, asker, self.now)
        assert found is not None
        return found

    def wipe(self) -> None:
        """No job, no message and nobody on the list is left."""
        self.list.delete_messages()
        for table, keys in ((self.list.table, ["recipient_hash"]), (self.desk_table, ["pk", "sk"])):
            for item in self.client.scan(TableName=table)["Items"]:
                key = {name: item[name] for name in keys}
                self.client.delete_item(TableName=table, Key=key)

    def made(self, **content: Any) -> list[dict[str, Any]]:
        """The rows of all parts of a new job, as read back."""
        job = self.ask(**content)
        self.run()
        return self.rows(job)

    def rows(self, job: JobAnswer) -> list[dict[str, Any]]:
        links = self.get(job).links
        return [row for key in links for row in read(self.s3.objects[key], key, self.folder)]


def read(content: bytes, key: str, folder: Path) -> list[dict[str, Any]]:
    """The rows of a file; CSV as `csv` reads it, Parquet as DuckDB does."""
    if key.endswith(".csv"):
        return list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))
    path = folder / "read.parquet"
    path.write_bytes(content)
    with duckdb.connect() as db:
        found = db.execute("SELECT * FROM read_parquet(?)", [str(path)])
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def lake_row(message: str, f: datetime, **fields: Any) -> Row:
    """A delivered message of twilio's, or what the fields say."""
    known: Mapping[str, Any] = {
        "mk": message,
        "f": f.replace(tzinfo=None).isoformat(),
        "rank": "6",
        "provider": "twilio",
        "message_id": message,
        "status": "delivered",
        "cause": "none",
        "bounce": "none",
        "action": "keep",
        "at": f.replace(tzinfo=None).isoformat(),
        "finished": True,
        "expires_at": 4_102_444_800,
    }
    return dict.fromkeys(COLUMNS) | known | fields
