"""What the made-up API answers beyond the examples: enough of everything to fill each page."""

from typing import Any

from local.api_examples import CHANGE, PROVIDER
from tests.browser.site import Call

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
]
CODE = {
    "provider": "smsmode",
    "kind": "code",
    "code": "3501",
    "words": "Number does not exist",
    "status": None,
    "cause": "unknown_subscriber",
    "bounce": "hard",
    "permanent": True,
    "action": "suppress_number",
    "action_provider_policy": "suppress_number",
    "source": "https://dev.smsmode.com/sms/v1/errors",
    "note": "",
}
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


ANSWERS: dict[str, Any] = {
    "GET /providers": {"items": PROVIDERS, "next": None},
    "GET /codes": codes,
    "GET /quarantine": {"requests": QUARANTINE, "next": None},
    "GET /tail": tail,
}
