"""A made-up month of messages, put straight into the lake by the lake's own merge, and its last
messages into the table.

The same seed makes the same month: every figure of a message follows from a hash of its number.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import md5
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dlr.causes import BOUNCE
from dlr.lake import duck
from dlr.lake.merge import Merger
from dlr.lake.names import Names
from dlr.lake.row import COLUMNS
from dlr.lake.segment import PREFIX
from dlr.messages.item import entry_of, fingerprint_of, first_received_at_of, key_of
from dlr.phone import PhoneNumber
from dlr.report import FINAL, DeliveryReport, Status, event_id_of
from dlr.runtime.batch import put_all

DAYS = 30
SEED = 11
KEPT_S = 90 * 24 * 3600
BUSY = (1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 13, 12, 12, 13, 14, 14, 13, 11, 9, 7, 5, 3, 2)
"""How many messages each hour of the day has, beside the others."""
PROVIDERS = ("smsmode", "twilio", "vonage", "infobip", "messente")
COUNTRIES = ("FR", "GB", "DE", "ES", "US", "IN", "NG", "BR")
BAD_ROUTE = "provider = 'messente' AND country = 'NG'"
OUTAGE = "provider = 'twilio' AND d = 17 AND h BETWEEN 13 AND 16"
PRODUCTS = [f"SENDER{number}" for number in range(12)]


def rows(first: date, count: int, seed: int) -> str:
    """SQL of the month: the columns of the lake, with `d`, the day's number, beside them.

    Eight messages of a hundred are still on their way or were never heard of again; a route
    delivers half of what it takes, and a provider nothing for four hours of a day.
    """

    def dice(salt: str) -> str:
        return f"(hash({seed}, '{salt}', i) % 10000)"

    def one_of(values: Iterable[str], salt: str) -> str:
        names = list(values)
        listed = ", ".join(f"'{name}'" for name in names)
        # the square of a die: the first ones are the most frequent
        place = f"floor({len(names)} * pow({dice(salt)} / 10000.0, 2))::INTEGER + 1"
        return f"([{listed}])[{place}]"

    bounces = " ".join(f"WHEN '{cause}' THEN '{bounce}'" for cause, bounce in BOUNCE.items())
    final = ", ".join(f"'{status}'" for status in sorted(FINAL))
    causes = ["absent", "network_error", "unknown_subscriber", "spam", "opted_out", "expired"]
    hours = ", ".join(str(hour) for hour, parts in enumerate(BUSY) for _ in range(parts))
    start = f"TIMESTAMP '{first} 00:00:00'"
    return f"""
    WITH times AS (
        SELECT i, {dice("day")} * {DAYS} // 10000 AS d,
            ([{hours}])[1 + ({dice("hour")} % {sum(BUSY)})::INTEGER] AS h,
            (hash({seed}, 'second', i) % 3600000000)::BIGINT AS micros
        FROM range({count}) AS t(i)
    ),
    routes AS (
        SELECT *, {one_of(PROVIDERS, "provider")} AS provider,
            {one_of(COUNTRIES, "country")} AS country,
            {start} + to_days(d::INTEGER) + to_hours(h) + to_microseconds(micros) AS f,
            {dice("fate")} AS fate
        FROM times
    ),
    fates AS (
        SELECT *, CASE
            WHEN {OUTAGE} THEN CASE WHEN fate < 7000 THEN 'expired' ELSE 'enroute' END
            WHEN {BAD_ROUTE} AND fate < 4500 THEN 'undelivered'
            WHEN fate < 400 THEN 'undelivered' WHEN fate < 600 THEN 'expired'
            WHEN fate < 700 THEN 'rejected' WHEN fate < 1000 THEN 'enroute'
            WHEN fate < 1100 THEN 'accepted' ELSE 'delivered' END AS status
        FROM routes
    ),
    reasons AS (
        SELECT *, CASE WHEN status IN ('undelivered', 'expired', 'rejected')
            THEN {one_of(causes, "cause")} ELSE 'none' END AS cause,
            status IN ({final}) AS finished
        FROM fates
    )
    SELECT md5({seed} || '-' || i) AS mk, f, status || '-' || lpad(i::VARCHAR, 12, '0') AS rank,
        provider, 'made-up-' || i AS message_id, NULL AS apart, status, cause,
        CASE cause {bounces} END AS bounce, 'keep' AS action, NULL::BOOLEAN AS permanent,
        CASE WHEN cause <> 'none' THEN (3500 + {dice("code")} % 60)::VARCHAR END AS code,
        country, country || '-' || {dice("network")} % 3 AS network,
        {one_of(PRODUCTS, "sender")} AS sender, 1 + {dice("parts")} % 3 AS segments,
        0.03 + {dice("price")} / 1000000.0 AS price, 'EUR' AS currency,
        f + to_milliseconds(({dice("done")} + 500)::BIGINT) AS "at", NULL::TIMESTAMP AS sent_at,
        CASE WHEN status = 'delivered'
            THEN floor(800 * pow(2, 6 * pow({dice("latency")} / 10000.0, 3)))::BIGINT
            END AS latency_ms,
        CASE WHEN status = 'delivered' THEN 'first_report' END AS latency_from, finished,
        epoch(f)::BIGINT + {KEPT_S} AS expires_at, d
    FROM reasons
    """  # noqa: S608


def fill(s3: Any, bucket: str, merge: Merger, first: date, count: int, seed: int) -> int:
    """Puts a month into the lake, a segment for each day; how many messages it has."""
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    with TemporaryDirectory() as folder, duck.connect(Path(folder)) as db:
        db.execute(f"CREATE TABLE month AS {rows(first, count, seed)}")
        for day in range(DAYS):
            file = Path(folder) / f"{day}.jsonl.gz"
            db.execute(
                f"COPY (SELECT {columns} FROM month WHERE d = {day}) TO '{file}'"  # noqa: S608
                " (FORMAT json, COMPRESSION gzip, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%f')"
            )
            key = f"{PREFIX}{day:02d}.jsonl.gz"
            s3.put_object(Bucket=bucket, Key=key, Body=file.read_bytes())
            file.unlink()
            while merge().more:
                pass
        ((stored,),) = db.execute("SELECT count(*) FROM month").fetchall()
    return int(stored)


def keep(client: Any, table: str, items: list[dict[str, Any]]) -> None:
    """Puts these messages of a search into the table, with made-up numbers."""
    put_all(client, table, [_item_of(place, item) for place, item in enumerate(items)])


class MadeUpNames(Names):
    """The names of the month's messages, which `rows` makes without the lake's key."""

    def __init__(self, seed: int) -> None:
        super().__init__(bytes)
        self._seed = seed

    def name(self, item: Mapping[str, Any]) -> tuple[str, datetime | None]:
        """Of an item that `keep` has put into the table."""
        number = item["pk"]["S"].rpartition("-")[2]
        mk = md5(f"{self._seed}-{number}".encode(), usedforsecurity=False).hexdigest()
        return mk, first_received_at_of(item)


def _item_of(place: int, item: dict[str, Any]) -> dict[str, Any]:
    seen: datetime = item["first_seen"]
    status = Status(item["status"])
    report = DeliveryReport(
        event_id=event_id_of(item["provider"], item["message_id"], status, None, seen),
        provider=item["provider"],
        message_id=item["message_id"],
        recipient=PhoneNumber(f"+1{201 + place // 100 % 700}55501{place % 100:02d}"),
        status=status,
        final=status in FINAL,
        cause=item["cause"],
        bounce=item["bounce"],
        action=item["action"],
        occurred_at=seen,
        received_at=seen,
    )
    entry = entry_of(report)
    return {
        **key_of(report.provider, report.message_id),
        "state": entry,
        "history": {"L": [entry]},
        "seen": {"SS": [fingerprint_of(report)]},
        "recipient": {"S": str(report.recipient)},
        "expires_at": {"N": str(int((seen + timedelta(seconds=KEPT_S)).timestamp()))},
    }


def month_before(now: datetime) -> date:
    """The first of the `DAYS` days that end yesterday."""
    return now.astimezone(UTC).date() - timedelta(days=DAYS)
