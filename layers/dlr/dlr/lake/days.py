"""Days of the lake as objects: hours written anew, the rollup made of them, the manifest after it.

Objects carry the version that they were made for, so that nobody deletes what another is about to
name.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from dlr.lake import duck
from dlr.lake.duck import Database
from dlr.lake.manifest import (
    Day,
    Hour,
    Manifest,
    daily_of,
    folder_of,
    messages_of,
    rollups_of,
)
from dlr.lake.objects import Objects

MAX_ROWS = 2_000_000
"""Of an object. A larger hour is cut by `mk`."""
TRIES = 10
DELETED_AT_ONCE = 1000
"""The most that one DeleteObjects takes."""


class BusyError(RuntimeError):
    """Others changed a day each time that this run had prepared it."""


class Days:
    """The days in `bucket`. `s3` is an S3 client; `folder` is for files of its own."""

    def __init__(self, s3: Any, bucket: str, manifest: Manifest, folder: Path) -> None:
        self._s3 = s3
        self._bucket = bucket
        self.manifest = manifest
        self.objects = Objects(s3, bucket, folder)

    def change(
        self, db: Database, before: Day, hours: Iterable[int], cutoff: int | None = None
    ) -> bool:
        """Makes the table `incoming` of `db` part of these hours; whether nobody else was first.

        With a cutoff also what has expired before this Unix second loses id and code. An hour in
        which nothing changes is not written. Raises GoneError for an object that is not there.
        """
        written = {hour: self._write_hour(db, before, hour, cutoff) for hour in sorted(hours)}
        changed = {hour: each for hour, each in written.items() if each is not None}
        after = before
        if changed or cutoff is not None:
            after = replace(before, version=before.version + 1, hours={**before.hours, **changed})
            if changed:
                after = replace(after, rollup=self._write_rollup(db, before, after, changed))
            if not self.manifest.commit(after):
                return False
        self.delete_others(after)  # also where nothing changed: of a run that broke off
        return True

    def delete_others(self, day: Day) -> None:
        """Objects of versions up to this one that it does not name: old ones, and leftovers."""
        prefixes = messages_of(day.day), rollups_of(day.day), daily_of(day.day)
        keys = {each["Key"] for each in self._found(prefixes)} - day.named()
        self.delete(key for key in keys if _version_of(key) <= day.version)

    def sweep(self, before: datetime) -> None:
        """Deletes what was written before this time and is named nowhere: runs broke off."""
        found = self._found(("messages/", "rollups/", "daily/"))
        old = {each["Key"] for each in found if each["LastModified"] < before}
        named = (day.named() for day in self.manifest.days(date.min, date.max))
        self.delete(old.difference(*named))

    def _found(self, prefixes: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        for prefix in prefixes:
            for page in self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix
            ):
                yield from page.get("Contents", ())

    def delete(self, keys: Iterable[str]) -> None:
        """Raises RuntimeError where S3 refuses one."""
        left = iter(keys)
        while some := list(islice(left, DELETED_AT_ONCE)):
            wanted = {"Objects": [{"Key": key} for key in some], "Quiet": True}
            answer = self._s3.delete_objects(Bucket=self._bucket, Delete=wanted)
            if answer.get("Errors"):
                raise RuntimeError("objects that are merged could not be deleted")

    def _write_hour(self, db: Database, before: Day, hour: int, cutoff: int | None) -> Hour | None:
        """None where nothing changes."""
        start = datetime(before.day.year, before.day.month, before.day.day, hour)
        old = list(self.objects.fetch(before.keys([hour])).values())
        stored = duck.messages(old)
        news = f"(SELECT * FROM incoming WHERE date_trunc('hour', f) = TIMESTAMP '{start}')"
        expiring = f"message_id IS NOT NULL AND expires_at < {cutoff or 0}"
        db.execute(
            f"CREATE OR REPLACE TEMP TABLE changed AS SELECT mk, f FROM {news} "
            f"UNION SELECT mk, f FROM {stored} WHERE {expiring}"
        )
        known = f"SELECT * FROM {stored} AS s SEMI JOIN changed USING (mk, f)"
        touched = f"({known} UNION ALL BY NAME SELECT * FROM {news})"
        db.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS {duck.folded(touched, cutoff)}")
        if not db.execute(f"SELECT * FROM fresh EXCEPT {known} LIMIT 1").fetchall():
            return None
        names = self._write_slices(db, before, hour, stored)
        written = duck.messages(
            self.objects.file_of(f"{folder_of(before.day, hour)}{name}") for name in names
        )
        ((count, first, last),) = db.execute(
            "SELECT count(*), min(expires_at) FILTER (message_id IS NOT NULL), max(expires_at) "
            f"FROM {written}"
        ).fetchall()
        since = int(start.replace(tzinfo=UTC).timestamp())
        return Hour(tuple(names), count, first, max(last or 0, since))

    def _write_slices(self, db: Database, before: Day, hour: int, stored: str) -> list[str]:
        ((rows,),) = db.execute(
            f"SELECT (SELECT count(*) FROM {stored}) + (SELECT count(*) FROM changed)"
        ).fetchall()
        slices = rows // MAX_ROWS + 1
        stem = f"{before.version + 1:08d}-{uuid4().hex[:12]}"
        names = [f"{stem}-{place}.parquet" for place in range(slices)]
        for place, name in enumerate(names):
            part = f"('0x' || mk[1:4])::INTEGER * {slices} // 65536 = {place}"
            query = (
                f"SELECT * FROM {stored} AS s ANTI JOIN changed USING (mk, f) WHERE {part} "
                f"UNION ALL BY NAME SELECT * FROM fresh WHERE {part} ORDER BY f, mk"
            )
            self._write(db, f"{folder_of(before.day, hour)}{name}", query)
        return names

    def _write_rollup(self, db: Database, before: Day, after: Day, changed: Iterable[int]) -> str:
        hours = list(changed)
        key, written = before.rollup_key, after.keys(hours)
        files = self.objects.fetch([*written, *([key] if key else [])])
        source = duck.parquet([files[key]]) if key else duck.empty(duck.ROLLUP_COLUMNS)
        name = f"{after.version:08d}-{uuid4().hex[:12]}.parquet"
        query = (
            f"SELECT * FROM {source} WHERE hour(hour) NOT IN ({', '.join(map(str, hours))}) "
            f"UNION ALL BY NAME {duck.counted(duck.messages(files[each] for each in written))} "
            "ORDER BY ALL"
        )
        hourly = f"{rollups_of(after.day)}{name}"
        self._write(db, hourly, query)
        counts = duck.parquet(self.objects.fetch([hourly]).values())
        self._write(db, f"{daily_of(after.day)}{name}", duck.by_day(counts))
        return name

    def _write(self, db: Database, key: str, query: str) -> None:
        """The rows as an object, and as a file for whoever reads it next."""
        file = self.objects.file_of(key)
        db.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
        with file.open("rb") as content:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)


def _version_of(key: str) -> int:
    """The version that an object was made for."""
    return int(key.rpartition("/")[2].partition("-")[0])
