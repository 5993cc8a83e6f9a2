"""What providers send in a day, made up: life cycles, duplicates, disorder, bursts.

The same seed makes the same traffic. Numbers and ids are fictitious; every message ends in one
final status, so what must be stored and suppressed in the end does not depend on the order.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import urlencode

Event = dict[str, Any]
START = datetime(2026, 11, 20, 8, tzinfo=UTC)
ENDS = {"delivered": 89, "absent": 6, "dead": 4, "stop": 1}
"""Of a hundred messages. Only the last two kinds suppress."""
DUPLICATES = 0.03
LATE = 0.05
BURST_S, PAUSE_S = 20, 10


@dataclass(frozen=True)
class Arrival:
    """One request and when it comes, counted in seconds from the start."""

    at_s: float
    provider: str
    message_id: str
    event: Event


@dataclass(frozen=True)
class Step:
    """One station of a message's way."""

    message_id: str
    number: str
    stage: str
    at: datetime


def _post(content: dict[str, Any]) -> Event:
    return {"method": "POST", "body": json.dumps(content), "type": "application/json"}


def _get(content: dict[str, str]) -> Event:
    return {"method": "GET", "query": urlencode(content)}


def _thesmsworks(step: Step) -> Event:
    status, code = {
        "queued": ("SCHEDULED", None),
        "sent": ("SENT", None),
        "delivered": ("DELIVERED", None),
        "absent": ("UNDELIVERABLE", 5006),
        "dead": ("UNDELIVERABLE", 5001),
        "stop": ("REJECTED", 5010),
    }[step.stage]
    reason = {"code": code, "details": "as documented", "permanent": True} if code else None
    return _post(
        {
            "messageid": step.message_id,
            "destination": int(step.number),
            "status": status,
            "failurereason": reason,
            "modified": f"{step.at:%Y-%m-%dT%H:%M:%S.000Z}",
            "sender": "ACME",
        }
    )


def _bulksmsrates(step: Step) -> Event:
    status, code = {
        "queued": ("ACCEPTD", "000"),
        "sent": ("ENROUTE", "000"),
        "delivered": ("DELIVRD", "000"),
        "absent": ("UNDELIV", "027"),
        "dead": ("UNDELIV", "001"),
        "stop": ("REJECTD", "099"),
    }[step.stage]
    return _post(
        {
            "message_id": step.message_id,
            "status": status,
            "error_code": code,
            "to": "+" + step.number,
            "delivered_at": f"{step.at:%Y-%m-%dT%H:%M:%SZ}",
            "network": "23415",
            "segments": 1,
            "cost": "0.0180",
            "currency": "EUR",
        }
    )


def _messente(step: Step) -> Event:
    stat, err = {
        "queued": ("ACCEPTD", ""),
        "sent": ("ACK", ""),
        "delivered": ("DELIVRD", "000"),
        "absent": ("UNDELIV", "999"),
        "dead": ("UNDELIV", "003"),
        "stop": ("REJECTD", "008"),
    }[step.stage]
    return _get({"sms_unique_id": step.message_id, "stat": stat, "err": err, "to": step.number})


def _smsmode(step: Step) -> Event:
    code = {
        "queued": "10",
        "sent": "13",
        "delivered": "11",
        "absent": "3502",
        "dead": "3521",
        "stop": "3999",
    }[step.stage]
    return _get(
        {
            "smsID": step.message_id,
            "statut": code,
            "numero": step.number,
            "date_reception": f"{step.at:%Y-%m-%d %H:%M:%S}",
            "mcc_mnc": "20801",
        }
    )


def _smpp(step: Step) -> Event:
    stat = {
        "queued": "ACCEPTD",
        "sent": "ENROUTE",
        "delivered": "DELIVRD",
        "absent": "UNDELIV",
        "dead": "UNDELIV",
        "stop": "DND_REJECTED",
    }[step.stage]
    text = (
        f"id:{step.message_id} sub:001 dlvrd:001 submit date:{step.at:%y%m%d%H%M} "
        f"done date:{step.at:%y%m%d%H%M%S} stat:{stat} err:000 text:Your code"
    )
    return _post({"short_message": text, "source_addr": step.number, "destination_addr": "ACME"})


def _telnyx(step: Step) -> Event:
    status, code = {
        "queued": ("queued", None),
        "sent": ("sent", None),
        "delivered": ("delivered", None),
        "absent": ("expired", None),
        "dead": ("delivery_failed", "40310"),
        "stop": ("delivery_failed", "40300"),
    }[step.stage]
    payload = {
        "record_type": "message",
        "type": "SMS",
        "id": step.message_id,
        "to": [{"phone_number": "+" + step.number, "status": status, "carrier": "ACME"}],
        "errors": [{"code": code, "title": "as documented"}] if code else [],
        "parts": 1,
        "cost": {"amount": "0.0051", "currency": "USD"},
    }
    event = {
        "event_type": "message.sent" if step.stage in {"queued", "sent"} else "message.finalized",
        "occurred_at": f"{step.at:%Y-%m-%dT%H:%M:%S.000+00:00}",
        "payload": payload,
    }
    return _post({"data": {"record_type": "event", **event}, "meta": {"attempt": 1}})


def _twilio(step: Step) -> Event:
    status, code = {
        "queued": ("queued", ""),
        "sent": ("sent", ""),
        "delivered": ("delivered", ""),
        "absent": ("undelivered", "30003"),
        "dead": ("undelivered", "30005"),
        "stop": ("failed", "21610"),
    }[step.stage]
    content = {"MessageSid": step.message_id, "MessageStatus": status, "To": "+" + step.number}
    content |= {"ErrorCode": code} if code else {}
    form = "application/x-www-form-urlencoded"
    return {"method": "POST", "body": urlencode(content), "type": form}


def _vonage(step: Step) -> Event:
    status, code = {
        "queued": ("accepted", "0"),
        "sent": ("buffered", "0"),
        "delivered": ("delivered", "0"),
        "absent": ("failed", "2"),
        "dead": ("failed", "3"),
        "stop": ("rejected", "9"),
    }[step.stage]
    return _get(
        {
            "messageId": step.message_id,
            "msisdn": step.number,
            "to": "ACME",
            "status": status,
            "err-code": code,
            "scts": f"{step.at:%y%m%d%H%M}",
            "network-code": "310260",
            "price": "0.0330",
        }
    )


WRITERS: dict[str, Callable[[Step], Event]] = {
    "bulksmsrates": _bulksmsrates,
    "messente": _messente,
    "smpp": _smpp,
    "smsmode": _smsmode,
    "telnyx": _telnyx,
    "thesmsworks": _thesmsworks,
    "twilio": _twilio,
    "vonage": _vonage,
}
WAYS: dict[int, tuple[str, ...]] = {1: (), 2: ("sent",), 3: ("queued", "sent")}


def traffic(reports: int, seed: int, per_second: float) -> list[Arrival]:
    """About as many requests, in the order in which they come."""
    random = Random(seed)  # noqa: S311
    arrivals: list[Arrival] = []
    message = 0
    while len(arrivals) < reports:
        message += 1
        sent_s = _in_bursts(len(arrivals) / per_second)
        arrivals += _message(random, seed, message, sent_s)
    return sorted(arrivals, key=lambda each: each.at_s)


def id_of(message: int, seed: int) -> str:
    """The provider's id of a message."""
    return f"{seed:04x}{message:012x}"


def life(provider: str, message: int, stages: tuple[str, ...], seed: int = 0) -> Iterator[Event]:
    """The requests of one message, in order."""
    message_id = id_of(message, seed)
    number = f"1{200 + message // 100 % 800}5550{100 + message % 100}"  # 555-01xx are for fiction
    for place, stage in enumerate(stages):
        step = Step(message_id, number, stage, START + timedelta(seconds=message + 9 * place))
        yield _event(provider, WRITERS[provider](step))


def _message(random: Random, seed: int, message: int, sent_s: float) -> Iterator[Arrival]:
    provider = random.choice(list(WRITERS))
    end = random.choices(list(ENDS), list(ENDS.values()))[0]
    before = WAYS[random.choices(list(WAYS), [3, 5, 2])[0]]
    for place, event in enumerate(life(provider, message, (*before, end), seed)):
        late_s = random.uniform(0, 10) if random.random() < LATE else 0
        yield Arrival(sent_s + place * 2 + late_s, provider, id_of(message, seed), event)
        if random.random() < DUPLICATES:
            again_s = sent_s + place * 2 + random.uniform(0, 5)
            yield Arrival(again_s, provider, id_of(message, seed), event)


def _in_bursts(at_s: float) -> float:
    """Campaigns: what comes in a minute at an even pace comes faster, with pauses between."""
    rounds, rest = divmod(at_s, BURST_S + PAUSE_S)
    return rounds * (BURST_S + PAUSE_S) + rest * BURST_S / (BURST_S + PAUSE_S)


def _event(provider: str, request: Event) -> Event:
    """As API Gateway hands it to a function."""
    path = f"/webhooks/{provider}/token"
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": request.get("query", ""),
        "headers": {"content-type": request.get("type", "text/plain")},
        "requestContext": {"http": {"method": request["method"], "path": path}},
        "body": request.get("body"),
        "isBase64Encoded": False,
    }
