"""Puts the made-up month into a running system: its table, and its lake."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dlr.lake.key import lake_key
from dlr.lake.manifest import Manifest
from dlr.lake.merge import Merger
from dlr.lake.row import Row, row_of
from dlr.lake.segment import Segments
from dlr.phone import RecipientHasher
from dlr.runtime.batch import put_all
from local.cloud import Cloud
from local.month import item_of, month

NEWEST = 500
"""Messages that the table has: of the others the lake alone knows."""


def fill(cloud: Cloud, names: Mapping[str, str], end: datetime, seed: int) -> int:
    """Writes the month before `end`; how many messages it has. `names` are physical names.

    All are in the lake. The table has the newest and those of the outage: its stream brings each
    of them to the list, as if it had come in, and that takes the functions here a while.
    """
    dynamodb = cloud.client("dynamodb")
    hasher = _hasher(cloud, names["HashSecret"])
    messages = sorted(month(end, seed), key=lambda sent: sent.at)
    items = [item_of(sent, hasher) for sent in messages]
    _into_lake(cloud, names, items)
    old = zip(messages[:-NEWEST], items[:-NEWEST], strict=True)
    kept = [item for sent, item in old if sent.is_in_outage] + items[-NEWEST:]
    put_all(dynamodb, names["ReportsTable"], kept)
    return len(items)


def _into_lake(cloud: Cloud, names: Mapping[str, str], items: list[dict[str, Any]]) -> None:
    """A segment a day, merged at once: the schedule would take minutes."""
    s3, dynamodb = cloud.client("s3"), cloud.client("dynamodb")
    key = lake_key(dynamodb, names["DeskTable"])()
    days: dict[str, list[Row]] = defaultdict(list)
    for item in items:
        if (row := row_of(item, key)) is not None:
            days[str(row["f"])[:10]].append(row)
    segments = Segments(s3, names["LakeBucket"])
    for day, rows in sorted(days.items()):
        segments.put(f"demo-{day}", rows)
    with TemporaryDirectory() as folder:
        manifest = Manifest(dynamodb, names["DeskTable"])
        merge = Merger(s3, names["LakeBucket"], manifest, Path(folder))
        while merge().more:
            pass


def _hasher(cloud: Cloud, secret: str) -> RecipientHasher:
    text = cloud.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    content = json.loads(text)
    return RecipientHasher(lambda: [content["current"], *content["previous"]])
