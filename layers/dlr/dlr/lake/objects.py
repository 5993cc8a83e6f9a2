"""Objects of the lake's bucket as files of this function, many at once."""

import os
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

AT_ONCE = 8
MAX_CACHED = 256 * 1024 * 1024


class GoneError(LookupError):
    """An object was deleted after it was named: what it held is in a newer one."""


class Objects:
    """Fetches objects, which never change under their key, and keeps them in `folder`.

    `s3` is an S3 client. What was not used for longest goes where the folder holds more than
    `most` bytes besides what is asked for.
    """

    def __init__(self, s3: Any, bucket: str, folder: Path, most: int = MAX_CACHED) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._folder = folder
        self._most = most

    def fetch(self, keys: Iterable[str]) -> Mapping[str, Path]:
        """A file for each key. Raises GoneError where an object is not there any more."""
        files = {key: self.file_of(key) for key in keys}
        self._folder.mkdir(parents=True, exist_ok=True)
        missing = {key: file for key, file in files.items() if not file.exists()}
        now = time.time()
        for file in {*files.values()} - {*missing.values()}:
            os.utime(file, (now, file.stat().st_mtime))  # DuckDB reads a file again by its mtime
        if missing:
            self._make_room(set(files.values()))
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(self._download, missing, missing.values()))
        return files

    def file_of(self, key: str) -> Path:
        """Where the object is, or will be, in the folder."""
        return self._folder / key.replace("/", "_")

    def _download(self, key: str, file: Path) -> None:
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"NoSuchKey", "404"}:
                raise
            raise GoneError(key) from None
        part = file.with_suffix(".part")
        with part.open("wb") as target:
            for chunk in body.iter_chunks(1 << 20):
                target.write(chunk)
        part.replace(file)

    def _make_room(self, wanted: set[Path]) -> None:
        others = [file for file in self._folder.iterdir() if file.is_file() and file not in wanted]
        others.sort(key=lambda file: file.stat().st_atime)
        size = sum(file.stat().st_size for file in others)
        for file in others:
            if size <= self._most:
                break
            size -= file.stat().st_size
            file.unlink()
