"""django-anymail's tracking webhooks: what the best known e-mail library needs for the same work.

Called below Django's routing and middleware: check the sender, parse, normalize.
"""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest

SECRET, KEY = "user:public-test-secret", "public-test-key"
POSTMARK = {
    "RecordType": "Bounce",
    "Type": "HardBounce",
    "TypeCode": 1,
    "Name": "Hard bounce",
    "MessageID": "00000000-0000-0000-0000-000000000001",
    "Description": "The server was unable to deliver your message (unknown user)",
    "Details": "smtp;550 5.1.1 user unknown",
    "Email": "nobody@example.com",
    "From": "sender@example.com",
    "BouncedAt": "2026-11-20T12:00:00Z",
    "Metadata": {"order": "17"},
    "ID": 1,
    "ServerID": 2,
    "Tag": "welcome",
    "CanActivate": True,
}
MAILGUN = {
    "event-data": {
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "id": "made-up-id",
        "timestamp": 1795176000.1,
        "recipient": "nobody@example.com",
        "message": {"headers": {"message-id": "made-up@example.com"}},
        "delivery-status": {"code": 550, "message": "user unknown", "description": ""},
        "tags": ["welcome"],
        "user-variables": {"order": "17"},
    },
}
SENDGRID = [
    {
        "event": "bounce",
        "email": "nobody@example.com",
        "timestamp": 1795176000,
        "smtp-id": "<made-up@example.com>",
        "sg_event_id": "made-up-event",
        "sg_message_id": "made-up-message",
        "reason": "550 5.1.1 user unknown",
        "status": "5.1.1",
        "type": "bounce",
        "category": ["welcome"],
    }
]


def calls() -> dict[str, Callable[[], object]]:
    """By e-mail provider: everything from the request's bytes to normalized events."""
    settings.configure(
        ANYMAIL={"WEBHOOK_SECRET": SECRET, "MAILGUN_WEBHOOK_SIGNING_KEY": KEY}, USE_TZ=True
    )
    django.setup()
    from anymail.webhooks.mailgun import MailgunTrackingWebhookView
    from anymail.webhooks.postmark import PostmarkTrackingWebhookView
    from anymail.webhooks.sendgrid import SendGridTrackingWebhookView

    token, stamp = "0" * 50, "1795176000"
    signed = hmac.new(KEY.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    signature = {"token": token, "timestamp": stamp, "signature": signed}
    return {
        "Postmark": _call(PostmarkTrackingWebhookView(), POSTMARK),
        "Mailgun": _call(MailgunTrackingWebhookView(), {"signature": signature, **MAILGUN}),
        "SendGrid": _call(SendGridTrackingWebhookView(), SENDGRID),
    }


def _call(view: Any, content: Any) -> Callable[[], object]:
    request = HttpRequest()
    request.method = "POST"
    request.META["HTTP_AUTHORIZATION"] = "Basic " + b64encode(SECRET.encode()).decode()
    request.content_type = "application/json"
    request._body = json.dumps(content).encode()

    def one() -> object:
        view.validate_request(request)
        return view.parse_events(request)

    return one
