"""A made-up month of all providers: what a stack would hold that has run for 29 days.

It goes straight into the table and the lake, where webhooks would take hours. The same seed makes
the same month, beside its last moment. Numbers are fictitious. Its shapes: a route that delivers
badly, a provider's outage, a campaign that filters stop, a provider that has fallen silent, and a
network that one provider has not reached well since this day's hours.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any, NamedTuple

from dlr.causes import BOUNCE, Cause, Policy
from dlr.messages.item import entry_of, fingerprint_of, key_of
from dlr.messages.order import micros_of, rank_of
from dlr.messages.store import Retention
from dlr.phone import PhoneNumber, RecipientHasher
from dlr.providers.base import load_provider, provider_names
from dlr.providers.catalogue import Row, rows_of
from dlr.report import FINAL, DeliveryReport, Price, Status, action_of, event_id_of

DAYS = 29
SENT, IN_OUTAGE, IN_CAMPAIGN, IN_FALL = 49_000, 1_050, 1_700, 320
MESSAGES = SENT + IN_OUTAGE + IN_CAMPAIGN + IN_FALL
RETENTION = Retention(timedelta(days=30), timedelta(days=90), timedelta(days=30))
BUSY = (1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 13, 12, 12, 13, 14, 14, 13, 11, 9, 7, 5, 3, 2)
"""How many messages each hour of the day has, beside the others."""
MAIN = ("smsmode", "twilio", "vonage", "messente", "infobip", "thesmsworks", "sinch")
"""Most of the traffic; every other provider has a little."""
BAD_ROUTE = ("messente", "20815")
BAD_DAYS = 10
OUTAGE = ("infobip", 12)
"""A provider that called every number dead for an hour, and how many days ago."""
CAMPAIGN = ("smsmode", 5)
SILENT = ("brevo", 4)
"""Nothing came since then, in days before the end."""
FALL = ("vonage", "twilio", "GB", "23410", 9)
"""Who delivers badly to a network of a country, who delivers well there, and since how many hours.
The two share its messages."""
REPORTED = timedelta(minutes=45)
"""Before the end: by then what was sent has its last report."""
SENDERS = ("ACME", "ACME", "ACME", "SHOP", "BANK", "CLINIC", "PARCEL")
NETWORKS: Mapping[str, tuple[str, ...]] = {
    "GB": ("23410", "23410", "23415", "23420", "23430"),
    "FR": ("20801", "20801", "20810", "20815", "20820"),
    "US": ("310260", "310410", "311480"),
    "CA": ("302220", "302610"),
    "JM": ("338050",),
}
AREAS = {"US": (201, 202, 212, 305, 312, 415, 503, 617, 713, 818), "CA": (416, 514), "JM": (876,)}
AREAS_IN_OUTAGE = (224, 234, 248, 301, 303, 314, 402, 404, 512, 602, 615, 702)
COUNTRIES = ("GB", "GB", "GB", "FR", "FR", "FR", "US", "US", "CA", "JM")
FATES: tuple[tuple[float, Status, Cause], ...] = (
    (0.012, Status.UNDELIVERED, Cause.UNKNOWN_SUBSCRIBER),
    (0.004, Status.UNDELIVERED, Cause.INVALID_NUMBER),
    (0.002, Status.UNDELIVERED, Cause.OPTED_OUT),
    (0.022, Status.UNDELIVERED, Cause.ABSENT),
    (0.008, Status.UNDELIVERED, Cause.NETWORK_ERROR),
    (0.004, Status.REJECTED, Cause.SPAM),
    (0.002, Status.REJECTED, Cause.SENDER_REJECTED),
    (0.012, Status.EXPIRED, Cause.EXPIRED),
    (0.014, Status.ENROUTE, Cause.NONE),
)
"""What becomes of a message, as parts of one; the rest is delivered."""
BAD_FATES = ((0.30, Status.UNDELIVERED, Cause.UNROUTABLE), (0.08, Status.EXPIRED, Cause.EXPIRED))

FALL_FATES = ((0.36, Status.UNDELIVERED, Cause.NETWORK_ERROR),)


class Sent(NamedTuple):
    """A message, and what becomes of it."""

    provider: str
    place: int
    country: str
    network: str
    number: str
    at: datetime
    latency_s: float
    status: Status
    cause: Cause
    sender: str

    @property
    def is_in_outage(self) -> bool:
        """Whether it is one of those that the outage called dead."""
        return SENT <= self.place < SENT + IN_OUTAGE


def month(end: datetime, seed: int) -> Iterator[Sent]:
    """Every message of the days before `end`, in no order."""
    random = Random(seed)  # noqa: S311
    begin = end - timedelta(days=DAYS)
    others = [name for name in provider_names() if name not in MAIN]
    silent_since = end - timedelta(days=SILENT[1])
    for place in range(SENT):
        at = _time(random, begin, end)
        is_main = random.random() < 0.86
        provider = random.choice(MAIN) if is_main else random.choice(others)
        if provider == SILENT[0] and at > silent_since:
            provider = MAIN[0]
        country = random.choice(COUNTRIES)
        network = random.choice(NETWORKS[country])
        is_bad = (provider, network) == BAD_ROUTE and at > end - timedelta(days=BAD_DAYS)
        fates = (BAD_FATES + FATES) if is_bad else FATES
        status, cause = _fate(random, fates)
        yield _sent(random, provider, place, country, network, at, status, cause)
    yield from _outage(random, end)
    yield from _campaign(random, end)
    yield from _fall(random, end)


def _outage(random: Random, end: datetime) -> Iterator[Sent]:
    provider, days = OUTAGE
    begin = _hour(end - timedelta(days=days), 13)
    for place in range(SENT, SENT + IN_OUTAGE):
        at = begin + timedelta(seconds=random.uniform(0, 3000))
        known = {"country": "US", "network": "310410"}
        fate = Status.UNDELIVERED, Cause.UNKNOWN_SUBSCRIBER
        sent = _sent(random, provider, place, **known, at=at, status=fate[0], cause=fate[1])
        turn, last = divmod(place - SENT, 100)
        yield sent._replace(number=f"+1{AREAS_IN_OUTAGE[turn]}55501{last:02d}")


def _campaign(random: Random, end: datetime) -> Iterator[Sent]:
    provider, days = CAMPAIGN
    begin = _hour(end - timedelta(days=days), 10)
    for place in range(SENT + IN_OUTAGE, SENT + IN_OUTAGE + IN_CAMPAIGN):
        at = begin + timedelta(seconds=random.uniform(0, 5400))
        fate = (Status.UNDELIVERED, Cause.CONTENT) if random.random() < 0.62 else None
        status, cause = fate or (Status.DELIVERED, Cause.NONE)
        network = random.choice(NETWORKS["FR"])
        sent = _sent(random, provider, place, "FR", network, at, status, cause)
        yield sent._replace(sender="PROMO")


def _fall(random: Random, end: datetime) -> Iterator[Sent]:
    bad, good, country, network, hours = FALL
    begin = end - timedelta(hours=hours)
    for place in range(SENT + IN_OUTAGE + IN_CAMPAIGN, MESSAGES):
        at = begin + random.random() * (end - REPORTED - begin)
        provider, fates = (bad, FALL_FATES + FATES) if place % 2 else (good, FATES)
        status, cause = _fate(random, fates)
        yield _sent(random, provider, place, country, network, at, status, cause)


def _sent(
    random: Random,
    provider: str,
    place: int,
    country: str,
    network: str,
    at: datetime,
    status: Status,
    cause: Cause,
) -> Sent:
    slow = 3 if provider in {"sinch", "messente"} else 1
    latency_s = min(slow * (0.8 + random.expovariate(0.35) ** 1.6), 1800)
    gone = cause in {Cause.UNKNOWN_SUBSCRIBER, Cause.INVALID_NUMBER, Cause.OPTED_OUT}
    number = _number(random, country, gone)
    sender = random.choice(SENDERS)
    return Sent(provider, place, country, network, number, at, latency_s, status, cause, sender)


def _number(random: Random, country: str, is_gone: bool) -> str:
    """Of fiction. Those that are dead or opted out end on 80 to 99: nobody else is sent to."""
    last = random.randrange(80, 100) if is_gone else random.randrange(80)
    if country == "GB":
        return f"+447700900{random.randrange(10)}{last:02d}"
    if country == "FR":
        return f"+3363998{random.randrange(100):02d}{last:02d}"
    return f"+1{random.choice(AREAS[country])}55501{last:02d}"


def _fate(random: Random, fates: tuple[tuple[float, Status, Cause], ...]) -> tuple[Status, Cause]:
    die = random.random()
    for part, status, cause in fates:
        die -= part
        if die < 0:
            return status, cause
    return Status.DELIVERED, Cause.NONE


def _time(random: Random, begin: datetime, end: datetime) -> datetime:
    """By day on weekdays, mostly."""
    while True:
        at = begin + random.random() * (end - begin)
        wanted = BUSY[at.hour] * (0.45 if at.weekday() >= 5 else 1)
        if random.uniform(0, max(BUSY)) < wanted:
            return at


def _hour(at: datetime, hour: int) -> datetime:
    return at.replace(hour=hour, minute=0, second=0, microsecond=0)


def item_of(sent: Sent, hasher: RecipientHasher) -> dict[str, Any]:
    """The item of ReportsTable, as the webhooks would have left it: on its way, then at its end."""
    first = _report(sent, hasher, Status.ENROUTE, Cause.NONE, sent.at + timedelta(seconds=0.7))
    reports = [first]
    if sent.status is not Status.ENROUTE:
        wait_s = 600 if sent.status is Status.EXPIRED else sent.latency_s
        at = sent.at + timedelta(seconds=1 + wait_s)
        reports.append(_report(sent, hasher, sent.status, sent.cause, at))
    last = reports[-1]
    expires_at = last.received_at + RETENTION.of(last.status)
    return {
        **key_of(last.provider, last.message_id),
        "state": entry_of(last),
        "history": {"L": [entry_of(each) for each in reports]},
        "seen": {"SS": [fingerprint_of(each) for each in reports]},
        "rank": {"S": rank_of(last)},
        "v": {"N": str(micros_of(reports[0].received_at) + len(reports))},
        "expires_at": {"N": str(int(expires_at.timestamp()))},
        "recipient": {"S": str(last.recipient)},
        "recipient_hash": {"S": str(last.recipient_hash)},
    }


def _report(
    sent: Sent, hasher: RecipientHasher, status: Status, cause: Cause, at: datetime
) -> DeliveryReport:
    word, code = words_for(sent.provider, status, cause)
    message_id = f"{sent.provider[:3]}-{sent.place:08x}"
    permanent = code.permanent if code else None
    key = code.key if code else None
    number = PhoneNumber(sent.number)
    return DeliveryReport(
        event_id=event_id_of(sent.provider, message_id, word, key, at),
        provider=sent.provider,
        message_id=message_id,
        recipient=number,
        recipient_hash=_hashed(hasher, number),
        status=status,
        final=status in FINAL,
        permanent=permanent,
        cause=cause,
        bounce=BOUNCE[cause],
        action=action_of(status, cause, permanent, Policy.CAUSE),
        provider_status=word,
        provider_code=key,
        provider_text=code.says if code else None,
        sender=sent.sender,
        sent_at=sent.at,
        occurred_at=at,
        received_at=at + timedelta(seconds=0.4),
        network=sent.network,
        segments=1 + (sent.place % 7 == 0),
        price=Price(amount=f"0.0{30 + sent.place % 40}", currency="EUR"),
    )


@cache
def _hashed(hasher: RecipientHasher, number: PhoneNumber) -> str:
    return hasher.hash(number)


@cache
def words_for(provider: str, status: Status, cause: Cause) -> tuple[str, Row | None]:
    """The provider's own word for a status, and its code for a cause, where it has one."""
    rows = list(rows_of(load_provider(provider)))
    word = next((row.key for row in rows if row.table == "status" and row.status is status), status)
    if cause is Cause.NONE:
        return word, None
    return word, next((row for row in rows if row.table == "code" and row.cause is cause), None)
