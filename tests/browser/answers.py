"""What the made-up API answers beyond the examples: enough of everything to fill each page."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dlr.analysis.bands import band_of
from dlr.analysis.interval import Share, wilson
from local.api_examples import CHANGE, CODE, PROVIDER, TOKEN
from tests.browser.site import Call, description, examples

AS_OF = "2026-11-25T13:00:00Z"
NUMBER = "+447700900123"
SETUP = """Give the address with each message, in `callbackUrlStatus`:

```
curl https://rest.example.com/sms/v1/messages -H "X-Api-Key: $KEY" -d '{"callbackUrlStatus": "…"}'
```

Or once for all, in *Settings*, [Callbacks](https://example.com/callbacks)."""


def provider(name: str, title: str, **other: Any) -> dict[str, Any]:
    """One of the list."""
    url = f"https://api.example.com/webhooks/{name}/{'x' * 43}"
    return {**PROVIDER, "name": name, "title": title, "setup": SETUP, "url": url, **other}


NO_KEY = {"required": False, "key": "none", "name": None}
PROVIDERS = [
    provider("smsmode", "smsmode"),
    provider("smpp", "SMPP receipts", signing=NO_KEY, docs=None, last_seen=None),
    provider(
        "twilio", "Twilio", signing={"required": True, "key": "set", "name": "the auth token"}
    ),
    provider("telnyx", "Telnyx", signing={"required": True, "key": "missing", "name": "a key"}),
    provider("vonage", "Vonage", enabled=False, url=None, last_seen=None),
    provider("messente", "Messente"),
    provider("thesmsworks", "The SMS Works"),
]
CODES = [
    CODE,
    {
        **CODE,
        "code": "3525",
        "words": "Message contains forbidden words",
        "cause": "content",
        "bounce": "block",
        "action": "keep",
        "note": "A property of the message.",
    },
    {
        **CODE,
        "provider": "smpp",
        "kind": "status",
        "code": "DELIVRD",
        "words": "Message is delivered to destination",
        "status": "delivered",
        "cause": "none",
        "bounce": "none",
        "permanent": None,
        "action": "keep",
        "action_provider_policy": "keep",
        "source": "SMPP 3.4, Appendix B",
    },
]


def codes(call: Call) -> Any:
    """Those of the provider that is asked for."""
    wanted = call.query.get("provider")
    items = [each for each in CODES if wanted in (None, each["provider"])]
    return {"items": items, "next": None}


def quarantined(place: int, provider: str, error: str) -> dict[str, Any]:
    """A request that could not be read."""
    return {
        "id": f"{provider}.{place:02d}" + "23456789abcdef" * 2 + "89",
        "provider": provider,
        "error": error,
        "received_at": f"2026-11-24T13:{place:02d}:00Z",
        "method": "POST",
        "query": "",
        "content_type": "application/json",
        "body": f'{{"messageId": "m-{place}", "recipient": {{"to": "447700900123"}}}}',
    }


QUARANTINE = [
    quarantined(1, "smsmode", "status: Field required"),
    quarantined(2, "smsmode", "status: Field required"),
    quarantined(3, "twilio", "the body is no form"),
]
CHANGES = [
    {**CHANGE, "id": f"{place:032x}", "status": status, "cause": cause, "code": code}
    for place, (status, cause, code) in enumerate(
        [
            ("delivered", "none", None),
            ("undelivered", "unknown_subscriber", "3501"),
            ("enroute", "none", None),
        ]
    )
]


def tail(call: Call) -> Any:
    """Three changes, once."""
    items = [] if "after" in call.query else CHANGES
    return {"items": items, "next": "2026-11-24T13:00:02.000000Z#00"}


# ---------------------------------------------------------------- figures


def figures(n: int, rate: float, p95_s: float = 20.7) -> dict[str, Any]:
    """What is said of a group, with the band that its rate has."""
    final = round(n * 0.985)
    delivered = round(final * rate)
    band = band_of(delivered, final)
    return {
        "n": n,
        "final": final,
        "delivered": delivered,
        "delivery_rate": delivered / final,
        "report_ratio": final / n,
        "p50_s": 3.1,
        "p95_s": p95_s,
        "band": band and band.name,
        "advice": band and band.advice,
    }


FAILURES = {
    "unknown_subscriber": 1830,
    "absent": 1102,
    "expired": 640,
    "content": 512,
    "sender_rejected": 221,
    "invalid_number": 210,
    "network_error": 102,
    "opted_out": 88,
    "spam": 40,
    "unspecified": 12,
}
RATES = {"smsmode": 0.968, "twilio": 0.941, "messente": 0.873, "thesmsworks": 0.955, "smpp": 0.71}
PLACES = {"DE": "26202", "FR": "20801", "GB": "23410", "ES": "21407", "IN": "40410", None: None}


def stats(call: Call) -> Any:
    """By whatever is asked for."""
    by = call.query.get("by", "")
    rows: list[dict[str, Any]] = [figures(61_240, 0.924)]
    if by == "cause":
        rows = [{"cause": cause, **figures(n, 0.5)} for cause, n in FAILURES.items()]
    elif by == "provider":
        rows = [
            {"provider": name, **figures(20_000 // place, rate)}
            for place, (name, rate) in enumerate(RATES.items(), 1)
        ]
    elif by in ("hour", "day"):
        step = timedelta(hours=1) if by == "hour" else timedelta(days=1)
        start = datetime(2026, 11, 24, tzinfo=UTC)
        rows = [
            {
                by: (start + place * step).isoformat()[: None if by == "hour" else 10],
                **figures(900 + 400 * (place % 5), 0.94 - 0.03 * (place % 4 == 3)),
            }
            for place in range(24 if by == "hour" else 7)
        ]
    return {"rows": rows, "as_of": AS_OF}


def compared(call: Call) -> Any:
    """Each provider in each place."""
    rows = []
    for row, (country, network) in enumerate(PLACES.items()):
        for column, (name, rate) in enumerate(RATES.items()):
            if (row + column) % 4 == 3:
                continue
            numbers = figures(8_000 // (1 + row * 3 + column * column), rate - row * 0.02)
            low, high = wilson(Share(numbers["delivered"], numbers["final"]))
            place = {"country": country} | (
                {"network": network} if "network" in call.query["by"] else {}
            )
            against = None if name == "smsmode" else True
            best = {"best": "smsmode", "significant": against}
            rows.append({**place, "provider": name, **numbers, "low": low, "high": high, **best})
    return {"rows": rows, "as_of": AS_OF}


def messages(call: Call) -> Any:
    """Two pages of all kinds."""
    (like,) = examples()["GET /messages"]["items"]
    kinds = [
        {"status": "delivered", "cause": "none", "bounce": "none", "code": "0", "latency_ms": 3120},
        {},
        {"status": "expired", "cause": "absent", "bounce": "soft", "code": "3525", "sender": None},
        {"status": "enroute", "cause": "none", "bounce": "none", "code": None, "network": None},
        {"message_id": None, "code": None, "country": None},
    ]
    numbers = {"recipient": NUMBER} if call.query.get("numbers") else {}
    items = [
        {**like, "message_id": f"f1d2d2f9-{place}", **kinds[place % len(kinds)], **numbers}
        for place in range(12)
    ]
    page = {"items": items, "as_of": AS_OF, "scanned_to": AS_OF}
    return {**page, "next": None if "cursor" in call.query else "the-second"}


def message(call: Call) -> Any:
    """One that failed after a while on its way."""
    found = examples()["GET /messages/{provider}"]
    (last,) = found["history"]
    onway = {
        "event_id": "0",
        "status": "enroute",
        "cause": "none",
        "bounce": "none",
        "provider_status": "SENT",
        "provider_code": None,
        "provider_text": None,
    }
    return {**found, "history": [{**last, **onway}, last]}


def jobs(call: Call) -> Any:
    """In each state, and a backtest."""
    (like,) = examples()["GET /exports"]["items"]
    done = {"state": "done", "done": 2, "rows": 1204}
    items = [
        {**like, "id": "0" * 32, "kind": "numbers_to_clean", **done, "needs_pii": True},
        {**like, "id": "1" * 32, "state": "running", "done": 1},
        {**like, "id": "2" * 32, "state": "failed", "reason": "it was not done within 24 hours"},
        {**like, **BACKTEST},
    ]
    return {"items": items, "next": None}


BACKTEST = {
    "id": "3" * 32,
    "kind": "backtest",
    "state": "done",
    "done": 1,
    "total": 1,
    "rows": 410,
    "policy": "provider",
    "strike_limit": 2,
    "filters": {},
    "as_of": "2026-11-25T12:58:50Z",
    "result": {
        "tried": {"unknown_subscriber": 350, "absent": 60},
        "today": {"unknown_subscriber": 350},
        "added": {"absent": 60},
        "removed": {},
        "failed_messages": 2210,
        "not_kept": 12,
    },
}


def job(call: Call) -> Any:
    """The one of that id, with links."""
    found = next(each for each in jobs(call)["items"] if each["id"] == call.path.split("/")[-1])
    links = ["https://bucket.example/part-1.csv"] if found["state"] == "done" else []
    return {**found, "links": links}


TOKENS = [
    {**TOKEN, "id": "0" * 16, "name": "shop backend", "last_used": "2026-11-24"},
    {**TOKEN, "id": "1" * 16, "name": "alice", "scopes": ["read", "pii", "write", "erase"]},
    {**TOKEN, "id": "2" * 16, "name": "old", "revoked_at": AS_OF, "revoked_by": "admin (bob)"},
    {**TOKEN, "id": "3" * 16, "name": "alice", "parent": "1" * 16},
]


ANSWERS: dict[str, Any] = {
    "GET /providers": {"items": PROVIDERS, "next": None},
    "GET /codes": codes,
    "GET /quarantine": {"items": QUARANTINE, "next": None},
    "GET /tail": tail,
    "GET /stats": stats,
    "GET /stats/compare": compared,
    "GET /messages": messages,
    "GET /messages/{provider}": message,
    "GET /exports": jobs,
    "GET /exports/{id}": job,
    "GET /tokens": {"items": TOKENS, "next": None},
    "GET /openapi.json": description(),
}
