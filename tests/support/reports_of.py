"""What becomes of one request of a provider, without storing it."""

import json
from typing import Any
from urllib.parse import urlencode

from dlr.causes import Policy
from dlr.ingest.normalize import Normalized, Normalizer
from dlr.providers.base import load_provider
from dlr.report import DeliveryReport
from dlr.wire.request import Request
from local.recordings import NOW


def read(
    name: str, content: Any, query: str = "", policy: Policy = Policy.CAUSE, form: bool = False
) -> Normalized:
    """A text as it is; JSON, or a form, of anything else."""
    body = content if isinstance(content, str) else json.dumps(content)
    if form:
        body = urlencode(content)
    request = Request("POST", query=query, body=body.encode())
    return Normalizer(load_provider(name), policy)(request, NOW)


def report(name: str, content: Any, query: str = "", form: bool = False) -> DeliveryReport:
    (made,) = read(name, content, query, form=form).reports
    return made
