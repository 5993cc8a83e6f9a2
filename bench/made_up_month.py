"""A made-up month of messages, put straight into the lake by the lake's own merge, and into the
table what searches, exports and backtests of the month ask it for.

The same seed makes the same month: every figure of a message follows from a hash of its number.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import md5
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from dlr.causes import BOUNCE, Cause, Policy
from dlr.lake import duck
from dlr.lake.merge import Merger
from dlr.lake.names import Names
from dlr.lake.row import COLUMNS
from dlr.lake.segment import PREFIX
from dlr.messages.item import entry_of, fingerprint_of, first_received_at_of, key_of
from dlr.phone import PhoneNumber
from dlr.report import FAILED, FINAL, DeliveryReport, Status, action_of, event_id_of
from dlr.runtime.batch import put_all

DAYS = 30
SEED = 11
KEPT_S = 90 * 24 * 3600
BUSY = (1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 13, 12, 12, 13, 14, 14, 13, 11, 9, 7, 5, 3, 2)
"""How many messages each hour of the day has, beside the others."""
PROVIDERS = ("smsmode", "twilio", "vonage", "infobip", "messente")
COUNTRIES = ("FR", "GB", "DE", "ES", "US", "IN", "NG", "BR")
CAUSES = (
    Cause.ABSENT,
    Cause.NETWORK_ERROR,
    Cause.UNKNOWN_SUBSCRIBER,
    Cause.SPAM,
    Cause.OPTED_OUT,
    Cause.EXPIRED,
    Cause.UNSPECIFIED,
    Cause.BARRED,
)
POOR, SPARED, PEOPLE = 20_000, 18_000, 70_000
"""Of so many people the first ones have all failures, and of them the first few deliveries."""
NEWEST = 200
"""The last messages: the table has these too, for a page with numbers."""
FETCH = 5_000
"""Messages in Python's memory at once."""
BAD_ROUTE = "provider = 'messente' AND country = 'NG'"
OUTAGE = "provider = 'twilio' AND d = 17 AND h BETWEEN 13 AND 16"
PRODUCTS = [f"SENDER{number}" for number in range(12)]


def rows(first: date, count: int, seed: int) -> str:
    """SQL of the month: the columns of the lake; beside them `d`, the day's number, `person`, the
    recipient's, and `failed`.

    Eight messages of a hundred are still on their way or were never heard of again; a route
    delivers half of what it takes, and a provider nothing for four hours of a day.
    """

    def dice(salt: str) -> str:
        return f"(hash({seed}, '{salt}', i) % 10000)"

    person = f"hash({seed}, 'person', i)"

    def one_of(values: Iterable[str], salt: str) -> str:
        names = list(values)
        listed = ", ".join(f"'{name}'" for name in names)
        # the square of a die: the first ones are the most frequent
        place = f"floor({len(names)} * pow({dice(salt)} / 10000.0, 2))::INTEGER + 1"
        return f"([{listed}])[{place}]"

    bounces = " ".join(f"WHEN '{cause}' THEN '{bounce}'" for cause, bounce in BOUNCE.items())
    final, failed = (", ".join(f"'{each}'" for each in sorted(some)) for some in (FINAL, FAILED))
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
        SELECT *, CASE WHEN failed THEN {one_of(CAUSES, "cause")} ELSE 'none' END AS cause,
            CASE WHEN failed AND {dice("word")} < 5000 THEN {dice("word")} < 2500 END AS permanent,
            CASE WHEN failed THEN {person} % {POOR}
                WHEN {dice("spared")} < 300 THEN {person} % {SPARED}
                ELSE {SPARED} + {person} % {PEOPLE - SPARED} END AS person
        FROM (SELECT *, status IN ({final}) AS finished, status IN ({failed}) AS failed FROM fates)
    )
    SELECT md5({seed} || '-' || i) AS mk, f, status || '-' || lpad(i::VARCHAR, 12, '0') AS rank,
        provider, 'made-up-' || i AS message_id, NULL AS apart, status, cause,
        CASE cause {bounces} END AS bounce, 'keep' AS action, permanent,
        CASE WHEN cause <> 'none' THEN (3500 + {dice("code")} % 60)::VARCHAR END AS code,
        country, country || '-' || {dice("network")} % 3 AS network,
        {one_of(PRODUCTS, "sender")} AS sender, 1 + {dice("parts")} % 3 AS segments,
        0.03 + {dice("price")} / 1000000.0 AS price, 'EUR' AS currency,
        f + to_milliseconds(({dice("done")} + 500)::BIGINT) AS "at", NULL::TIMESTAMP AS sent_at,
        CASE WHEN status = 'delivered'
            THEN floor(800 * pow(2, 6 * pow({dice("latency")} / 10000.0, 3)))::BIGINT
            END AS latency_ms,
        CASE WHEN status = 'delivered' THEN 'first_report' END AS latency_from, finished,
        epoch(f)::BIGINT + {KEPT_S} AS expires_at, d, i, person, failed
    FROM reasons
    """  # noqa: S608


class Sent(NamedTuple):
    """A message as the month's generator has it, which knows no lake and no table."""

    i: int
    person: int
    f: datetime
    provider: str
    status: Status
    cause: Cause
    permanent: bool | None
    code: str | None

    @property
    def number(self) -> PhoneNumber:
        """The recipient's."""
        return PhoneNumber(f"+1{201 + self.person // 100}55501{self.person % 100:02d}")


@dataclass(frozen=True)
class MadeUpMonth:
    """In DuckDB, which reads and writes in the folder."""

    db: Any
    folder: Path

    def fill(self, s3: Any, bucket: str, merge: Merger) -> int:
        """Puts it into the lake, a segment for each day; how many messages it has."""
        columns = ", ".join(f'"{name}"' for name in COLUMNS)
        for day in range(DAYS):
            file = self.folder / f"{day}.jsonl.gz"
            self.db.execute(
                f"COPY (SELECT {columns} FROM month WHERE d = {day}) TO '{file}'"  # noqa: S608
                " (FORMAT json, COMPRESSION gzip, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%f')"
            )
            key = f"{PREFIX}{day:02d}.jsonl.gz"
            s3.put_object(Bucket=bucket, Key=key, Body=file.read_bytes())
            file.unlink()
            while merge().more:
                pass
        ((stored,),) = self.db.execute("SELECT count(*) FROM month").fetchall()
        return int(stored)

    def sent(self, where: str = "true") -> Iterator[Sent]:
        """The messages of each person together, in the order in which they came."""
        columns = "i, person, f, provider, status, cause, permanent, code"
        found = self.db.execute(
            f"SELECT {columns} FROM month WHERE {where} ORDER BY person, f, i"  # noqa: S608
        )
        while some := found.fetchmany(FETCH):
            for i, person, f, provider, status, cause, *rest in some:
                yield Sent(
                    i, person, f.replace(tzinfo=UTC), provider, Status(status), Cause(cause), *rest
                )

    def keep(self, client: Any, table: str, hash_of: Callable[[PhoneNumber], str]) -> int:
        """Puts into the table all that an answer about the month can ask it for; how many.

        That is what failed, what was delivered to somebody with a failure, and the newest.
        """
        newest = f"SELECT i FROM month ORDER BY f DESC LIMIT {NEWEST}"  # noqa: S608
        wanted = f"failed OR (status = 'delivered' AND person < {POOR}) OR i IN ({newest})"
        put = 0
        sent = self.sent(wanted)
        while some := list(islice(sent, FETCH)):
            put_all(client, table, [_item_of(each, hash_of(each.number)) for each in some])
            put += len(some)
        return put


@contextmanager
def made_up(first: date, count: int, seed: int) -> Iterator[MadeUpMonth]:
    """The month until the end of the context."""
    with TemporaryDirectory() as folder, duck.connect(Path(folder)) as db:
        db.execute(f"CREATE TABLE month AS {rows(first, count, seed)}")
        yield MadeUpMonth(db, Path(folder))


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


def _item_of(sent: Sent, recipient_hash: str) -> dict[str, Any]:
    message_id = f"made-up-{sent.i}"
    report = DeliveryReport(
        event_id=event_id_of(sent.provider, message_id, sent.status, sent.code, sent.f),
        provider=sent.provider,
        message_id=message_id,
        recipient=sent.number,
        recipient_hash=recipient_hash,
        status=sent.status,
        final=sent.status in FINAL,
        permanent=sent.permanent,
        cause=sent.cause,
        bounce=BOUNCE[sent.cause],
        action=action_of(sent.status, sent.cause, sent.permanent, Policy.CAUSE),
        provider_status=sent.status,
        provider_code=sent.code,
        occurred_at=sent.f,
        received_at=sent.f,
    )
    entry = entry_of(report)
    return {
        **key_of(report.provider, report.message_id),
        "state": entry,
        "history": {"L": [entry]},
        "seen": {"SS": [fingerprint_of(report)]},
        "recipient": {"S": str(report.recipient)},
        "recipient_hash": {"S": recipient_hash},
        "expires_at": {"N": str(int((sent.f + timedelta(seconds=KEPT_S)).timestamp()))},
    }


def month_before(now: datetime) -> date:
    """The first of the `DAYS` days that end yesterday."""
    return now.astimezone(UTC).date() - timedelta(days=DAYS)
