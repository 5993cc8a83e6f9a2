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


def _bulksmsrates(step: Step, status: str, code: str) -> Event:
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


def _messente(step: Step, status: str, code: str) -> Event:
    return _get({"sms_unique_id": step.message_id, "stat": status, "err": code, "to": step.number})


def _smpp(step: Step, status: str, code: str) -> Event:
    text = (
        f"id:{step.message_id} sub:001 dlvrd:001 submit date:{step.at:%y%m%d%H%M} "
        f"done date:{step.at:%y%m%d%H%M%S} stat:{status} err:{code} text:Your code"
    )
    return _post({"short_message": text, "source_addr": step.number, "destination_addr": "ACME"})


def _smsmode(step: Step, _: str, code: str) -> Event:
    return _get(
        {
            "smsID": step.message_id,
            "statut": code,
            "numero": step.number,
            "date_reception": f"{step.at:%Y-%m-%d %H:%M:%S}",
            "mcc_mnc": "20801",
        }
    )


def _telnyx(step: Step, status: str, code: str) -> Event:
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
        "event_type": "message.finalized" if step.stage in ENDS else "message.sent",
        "occurred_at": f"{step.at:%Y-%m-%dT%H:%M:%S.000+00:00}",
        "payload": payload,
    }
    return _post({"data": {"record_type": "event", **event}, "meta": {"attempt": 1}})


def _thesmsworks(step: Step, status: str, code: str) -> Event:
    reason = {"code": int(code), "details": "as documented", "permanent": True} if code else None
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


def _twilio(step: Step, status: str, code: str) -> Event:
    content = {"MessageSid": step.message_id, "MessageStatus": status, "To": "+" + step.number}
    content |= {"ErrorCode": code} if code else {}
    form = "application/x-www-form-urlencoded"
    return {"method": "POST", "body": urlencode(content), "type": form}


def _vonage(step: Step, status: str, code: str) -> Event:
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


STAGES = ("queued", "sent", *ENDS)
WORDS = {
    "bulksmsrates": "ACCEPTD/000 ENROUTE/000 DELIVRD/000 UNDELIV/027 UNDELIV/001 REJECTD/099",
    "messente": "ACCEPTD/ ACK/ DELIVRD/000 UNDELIV/999 UNDELIV/003 REJECTD/008",
    "smpp": "ACCEPTD/000 ENROUTE/000 DELIVRD/000 UNDELIV/000 UNDELIV/000 DND_REJECTED/000",
    "smsmode": "/10 /13 /11 /3502 /3521 /3999",
    "telnyx": "queued/ sent/ delivered/ expired/ delivery_failed/40310 delivery_failed/40300",
    "thesmsworks": (
        "SCHEDULED/ SENT/ DELIVERED/ UNDELIVERABLE/5006 UNDELIVERABLE/5001 REJECTED/5010"
    ),
    "twilio": "queued/ sent/ delivered/ undelivered/30003 undelivered/30005 failed/21610",
    "vonage": "accepted/0 buffered/0 delivered/0 failed/2 failed/3 rejected/9",
}
"""What a provider says at each stage: word/code."""
WRITERS: dict[str, Callable[[Step, str, str], Event]] = {
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
        word, _, code = WORDS[provider].split()[STAGES.index(stage)].partition("/")
        yield _event(provider, WRITERS[provider](step, word, code))


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
