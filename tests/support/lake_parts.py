"""A lake in memory, with everything that keeps it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from dlr.lake.expiry import Expiry
from dlr.lake.manifest import Manifest
from dlr.lake.merge import Merger
from dlr.lake.reader import LakeReader
from dlr.lake.row import row_of
from dlr.lake.segment import Segments
from dlr.report import DeliveryReport
from tests.support.cases import NOW
from tests.support.lake import BUCKET, TABLE, FakeAws
from tests.support.stream import image

KEY = b"hush-key"
DAY = timedelta(days=1)


class Parts:
    """Everything that keeps a lake in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.aws = FakeAws()
        self.segments = Segments(self.aws, BUCKET)
        self.manifest = Manifest(self.aws, TABLE)
        self.merge = Merger(self.aws, BUCKET, self.manifest, folder / "merge")
        self.expire = Expiry(self.aws, BUCKET, self.manifest, folder / "merge")
        self.reader = LakeReader(self.aws, BUCKET, self.manifest, folder / "cache")

    def put(self, *reports: DeliveryReport, kept: timedelta = 30 * DAY) -> None:
        """One message each."""
        rows = []
        for report in reports:
            expires_at = int((report.received_at + kept).timestamp())
            item = image(report) | {"expires_at": {"N": str(expires_at)}}
            row = row_of(item, KEY)
            assert row is not None
            rows.append(row)
        self.segments.put("1", rows)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self.reader.open(NOW - DAY, NOW + DAY) as snapshot:
            return snapshot.db.execute(sql).fetchall()
