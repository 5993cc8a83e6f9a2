"""Examples for the description of the API: made-up people, in the shapes that the routes have."""

from collections.abc import Mapping
from typing import Any

NUMBER = "+447700900123"
HASH = "a1b2c3.Zm9yIGV4YW1wbGUgb25seSwgbm8gcGVyc29uIGF0IGFs"
KNOWN_AS = "3f2a9c1d5e6b7a80"
TIME, LATER = "2026-11-24T13:00:00Z", "2026-11-25T13:00:00Z"
PARAMETERS: Mapping[str, Any] = {
    "number": NUMBER,
    "provider": "smsmode",
    "message_id": "f1d2d2f9-24e9",
    "country": "GB",
    "from": TIME,
    "to": LATER,
    "limit": 50,
    "status": "undelivered,expired",
    "cause": "absent",
    "bounce": "soft",
    "network": "23410",
    "code": "3501",
    "sender": "ACME",
    "hours": 24,
    "x-operator": "alice, ticket 41",
}
"""By the name of a parameter."""

LISTED = {
    "suppressed": True,
    "list": "number",
    "state": "active",
    "cause": "unknown_subscriber",
    "provider": "smsmode",
    "provider_code": "3501",
    "message_id": "f1d2d2f9-24e9",
    "first_seen": TIME,
    "last_seen": TIME,
    "expires_at": "2027-11-24T13:00:00Z",
    "strikes": 0,
}
REPORT = {
    "event_id": "5d41402abc4b2a76",
    "provider": "smsmode",
    "message_id": "f1d2d2f9-24e9",
    "client_reference": "order-41",
    "recipient": NUMBER,
    "recipient_hash": HASH,
    "status": "undelivered",
    "final": True,
    "permanent": True,
    "cause": "unknown_subscriber",
    "bounce": "hard",
    "action": "suppress_number",
    "provider_status": "UNDELIVERABLE",
    "provider_code": "3501",
    "provider_text": "Number does not exist",
    "provider_recipient": None,
    "sender": "ACME",
    "sent_at": TIME,
    "occurred_at": TIME,
    "received_at": TIME,
    "network": "23410",
    "segments": 1,
    "price": {"amount": "0.0390", "currency": "EUR"},
    "metadata": {},
}
TOKEN = {
    "id": KNOWN_AS,
    "name": "shop backend",
    "scopes": ["check"],
    "created_at": TIME,
    "created_by": "admin (alice)",
    "expires_at": "2027-02-22T13:00:00Z",
    "last_used": None,
    "revoked_at": None,
    "revoked_by": None,
    "parent": "",
}
SHOWN = "dlr_EXAMPLE-EXAMPLE-EXAMPLE-EXAMPLE-EXAMPLE-xyz_00000000"
WINDOW = {"since": TIME, "until": LATER}
SETTLED = {"settled": 12, "next": None, "until": LATER}
PERSON: Mapping[str, Any] = {
    "messages": [],
    "suppression": None,
    "quarantine": [],
    "further_requests": [],
    "further_messages": [],
}
JOB: Mapping[str, Any] = {
    "id": "0123456789abcdef0123456789abcdef",
    "kind": "messages",
    "format": "csv",
    "state": "queued",
    "reason": None,
    "done": 0,
    "total": 2,
    "rows": 0,
    "needs_pii": False,
    "from": TIME,
    "to": LATER,
    "filters": {"provider": ["smsmode"]},
    "asked_by": "shop backend",
    "created_at": LATER,
    "expires_at": "2026-12-02T13:00:00Z",
    "as_of": None,
    "policy": None,
    "strike_limit": None,
    "result": None,
    "links": [],
}
DONE = {
    **JOB,
    "state": "done",
    "done": 2,
    "rows": 1204,
    "as_of": "2026-11-25T12:58:50Z",
    "links": [
        f"https://bucket.s3.eu-west-1.amazonaws.com/parts/day-{day}.csv?X-Amz-Signature=…"
        for day in (1, 2)
    ],
}
ERASED = {"messages": 3, "quarantine": 1, "suppressed": True}

SEEN = {"as_of": LATER}
FOUND = {
    **{
        name: REPORT[name]
        for name in (
            *("provider", "message_id", "status", "final", "cause", "bounce", "action"),
            *("permanent", "network", "sender", "segments", "occurred_at", "sent_at"),
        )
    },
    "code": "3501",
    "country": "GB",
    "price": 0.039,
    "currency": "EUR",
    "first_seen": TIME,
    "latency_ms": None,
    "latency_from": None,
}
FIGURES = {
    "n": 12000,
    "final": 11900,
    "delivered": 10950,
    "delivery_rate": 0.9201680672268907,
    "report_ratio": 0.9916666666666667,
    "p50_s": 3.084,
    "p95_s": 20.749,
    "band": "good",
    "advice": "Some invalid numbers: clean your list.",
}
BETTER = {"low": 0.9151551, "high": 0.9249093, "best": "smsmode", "significant": None}
RANGE = {"from": TIME, "to": LATER}

PROVIDER = {
    "name": "smsmode",
    "title": "smsmode",
    "sends": "delivery reports (REST v1), JSON POST per change",
    "answer": "2xx.",
    "signed": "no",
    "docs": "https://dev.smsmode.com/sms/v1/callback",
    "setup": "Give the address with each message, in `callbackUrlStatus`.",
    "enabled": True,
    "signing": {"required": False, "key": "missing", "name": "a secret of your own"},
    "last_seen": TIME,
    "url": "https://api.example.com/webhooks/smsmode/EXAMPLE",
}
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
CHANGE = {
    "id": "5d41402abc4b2a76",
    "at": TIME,
    "provider": "smsmode",
    "message_id": "f1d2d2f9-24e9",
    "status": "delivered",
    "cause": "none",
    "code": None,
    "country": "GB",
}
ALARM = {
    "name": "HeldAlarm",
    "state": "alarm",
    "since": TIME,
    "says": "The mass-bounce guard holds new dead numbers of a provider. Release or discard them.",
}

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "GET /messages": {
        "answer": {"items": [FOUND], "next": "WzE3NjM5ODk2MDAwMDAwMDAsIjVkNDE0…", **SEEN}
        | {"scanned_to": "2026-11-24T13:00:00Z"}
    },
    "GET /stats": {
        "answer": {
            "rows": [
                {"day": "2026-11-24", "provider": "smsmode", **FIGURES},
                {"day": "2026-11-24", "provider": "twilio", **FIGURES, "n": 1200},
            ],
            **SEEN,
        }
    },
    "GET /stats/compare": {
        "answer": {
            "rows": [
                {"country": "GB", "network": "23410", "provider": "smsmode", **FIGURES, **BETTER}
            ],
            **SEEN,
        }
    },
    "GET /stats/unfinished": {
        "answer": {
            "rows": [
                {
                    "provider": "smsmode",
                    "n": 3,
                    "of": 12000,
                    "oldest": TIME,
                    "oldest_message_id": "f1d2d2f9-24e9",
                }
            ],
            **SEEN,
        }
    },
    "GET /stats/findings": {
        "answer": {
            "rows": [
                {
                    "provider": "messente",
                    "country": "DE",
                    "network": "26202",
                    "since": TIME,
                    "delivered": 293,
                    "final": 412,
                    "rate": 0.711,
                    "low": 0.666,
                    "high": 0.753,
                    "before": {
                        "delivered": 8010,
                        "final": 9000,
                        "rate": 0.89,
                        "low": 0.883,
                        "high": 0.896,
                    },
                    "better": {
                        "provider": "thesmsworks",
                        "delivered": 357,
                        "final": 380,
                        "rate": 0.939,
                        "low": 0.911,
                        "high": 0.959,
                    },
                }
            ],
            **SEEN,
        }
    },
    "GET /messages/{provider}": {"answer": {**REPORT, "history": [REPORT]}},
    "GET /messages/{provider}/{message_id}": {"answer": {**REPORT, "history": [REPORT]}},
    "GET /suppressions/{number}": {"answer": LISTED},
    "POST /suppressions/lookup": {"body": {"number": NUMBER}, "answer": LISTED},
    "POST /suppressions/add": {"body": {"number": NUMBER, "list": "opt_out"}, "answer": LISTED},
    "POST /suppressions/lift": {
        "body": {"number": NUMBER},
        "answer": {**LISTED, "suppressed": False, "list": None, "state": "lifted"},
    },
    "PUT /suppressions/{number}": {"body": {"list": "opt_out"}, "answer": LISTED},
    "DELETE /suppressions/{number}": {
        "answer": {**LISTED, "suppressed": False, "list": None, "state": "lifted"}
    },
    "POST /suppressions/check": {
        "body": {"numbers": [NUMBER, "+447700900124"]},
        "answer": {
            "checked": 2,
            "suppressed": [{"number": NUMBER, **LISTED}],
            "not_numbers": [],
        },
    },
    "GET /suppressions/export": {
        "answer": {"csv": f"recipient_hash,list,state\n{HASH},number,active\n", "next": None}
    },
    "POST /suppressions/import": {
        "body": f"number,list\n{NUMBER},opt_out\n",
        "answer": {"imported": 1, "skipped": 0, "errors": []},
    },
    "GET /suppressions/held/{provider}": {"answer": {"held": 12}},
    "POST /suppressions/held/{provider}/release": {"body": WINDOW, "answer": SETTLED},
    "POST /suppressions/held/{provider}/discard": {"body": WINDOW, "answer": SETTLED},
    "POST /suppressions/revert/{provider}": {
        "body": WINDOW,
        "answer": {"reverted": 12, "next": None, "until": LATER},
    },
    "POST /exports": {
        "body": {
            "kind": "messages",
            "format": "csv",
            "filters": {"from": TIME, "to": LATER, "provider": "smsmode"},
        },
        "answer": JOB,
    },
    "GET /exports": {"answer": {"items": [JOB], "next": None}},
    "GET /exports/{id}": {"answer": DONE},
    "POST /backtests": {
        "body": {"policy": "provider", "strike_limit": 2, "from": TIME, "to": LATER},
        "answer": {
            **JOB,
            "kind": "backtest",
            "total": 1,
            "filters": {},
            "policy": "provider",
            "strike_limit": 2,
        },
    },
    "POST /people/lookup": {"body": {"number": NUMBER}, "answer": PERSON},
    "GET /recipients/{number}": {"answer": PERSON},
    "POST /people/erase": {"body": {"number": NUMBER}, "answer": ERASED},
    "DELETE /recipients/{number}": {"answer": ERASED},
    "POST /erasures/repeat": {"answer": {"repeated": 4, "next": None}},
    "GET /quarantine": {"answer": {"items": [], "next": None}},
    "POST /quarantine/{id}/replay": {
        "answer": {"new": 1, "stale": 0, "duplicate": 0, "error": None}
    },
    "DELETE /quarantine/{id}": {
        "answer": {"discarded": "smsmode.0123456789abcdef0123456789abcdef"}
    },
    "POST /tokens": {
        "body": {"name": "shop backend", "scopes": ["check"], "days": 90},
        "answer": {**TOKEN, "token": SHOWN},
    },
    "GET /tokens": {"answer": {"items": [TOKEN], "next": None}},
    "DELETE /tokens/{id}": {
        "answer": {**TOKEN, "revoked_at": LATER, "revoked_by": "admin (alice)"}
    },
    "POST /sessions": {
        "body": {"scopes": ["read"]},
        "answer": {
            **TOKEN,
            "scopes": ["read"],
            "expires_at": "2026-11-24T21:00:00Z",
            "parent": "admin:9b1c2d3e4f506172",
            "token": SHOWN,
        },
    },
    "GET /providers": {"answer": {"items": [PROVIDER], "next": None}},
    "POST /providers/{provider}/test": {
        "answer": {
            "provider": "smsmode",
            "message_id": "test-9b1c2d3e4f50",
            "status": 200,
            "detail": "The report was taken.",
        }
    },
    "PUT /providers/{provider}/key": {
        "body": {"key": "EXAMPLE"},
        "answer": {"provider": "smsmode", "key": "set"},
    },
    "GET /codes": {"answer": {"items": [CODE], "next": None}},
    "GET /status": {
        "answer": {
            "alarms": [ALARM],
            "quarantine": {"waiting": 2, "more": False},
            "held": [{"provider": "smsmode", "n": 12, "more": False}],
            "providers": [{"name": "smsmode", "last_seen": TIME}],
            "as_of": LATER,
            "version": "0.1.0",
        }
    },
    "GET /tail": {"answer": {"items": [CHANGE], "next": "2026-11-24T13:00:02.000000Z#00"}},
    "GET /sessions/current": {
        "answer": {
            "id": KNOWN_AS,
            "name": "shop backend",
            "scopes": ["read"],
            "expires_at": "2026-11-24T21:00:00Z",
            "parent": "admin:9b1c2d3e4f506172",
        },
    },
    "DELETE /sessions/current": {
        "answer": {**TOKEN, "revoked_at": LATER, "revoked_by": "shop backend"}
    },
    "GET /audit": {
        "answer": {
            "items": [
                {
                    "at": TIME,
                    "name": "shop backend",
                    "token_id": KNOWN_AS,
                    "route": "PUT /suppressions/{number}",
                    "request_id": "52fdfc07-2182-454f-963f-5f0f9a621d72",
                    "outcome": "done",
                    "status": 200,
                    "note": "alice, ticket 41",
                    "subject": HASH,
                    "target": None,
                }
            ],
            "next": None,
        }
    },
}
"""By route: the body that is sent and the answer of a success."""
