"""Parameters and errors that several routes share."""

import re
from typing import Annotated, Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import AfterValidator

from dlr.access.names import signature
from dlr.http.api import TARGET, caller_in
from dlr.http.problem import Problem, ProblemError
from dlr.phone import read_country
from dlr.providers.base import provider_names

MAX_KEY = 256  # characters: DynamoDB refuses a key over 2,048 bytes
_IDS = {
    "quarantine_id": re.compile(r"[a-z0-9]+\.[0-9a-f]{32}", re.ASCII),
    "token_id": re.compile(r"[0-9a-f]{16}", re.ASCII),
}


def known_provider(provider: str) -> str:
    """The name of a provider. Raises ValueError without quoting another text."""
    if provider not in provider_names():
        raise ValueError(f"no such provider; there are {', '.join(provider_names())}")
    return provider


Provider = Annotated[str, Path(max_length=MAX_KEY)]
KnownProvider = Annotated[Provider, AfterValidator(known_provider)]
"""For what an operator decides about a provider: a misspelt name would decide about nothing."""
MessageId = Annotated[str, Path(max_length=MAX_KEY)]
AnyMessageId = Annotated[
    str, Query(alias="message_id", min_length=1, max_length=MAX_KEY, description="Any text")
]
Recipient = Annotated[
    str | None,
    Query(
        max_length=MAX_KEY,
        description="Whose message, with `+`: needed where a provider gives several recipients' "
        "messages one id. Needs scope `pii`",
    ),
]
QuarantineId = Annotated[str, Path(max_length=MAX_KEY)]
Country = Annotated[
    str | None,
    Query(description="Of numbers without + or 00: a code of two letters, like GB"),
    AfterValidator(lambda code: code and read_country(code)),
]
After = Annotated[str | None, Query(max_length=MAX_KEY, description="`next` of the answer before")]
"""The parameter is `after` of an act in parts, and `cursor` of a list."""


def not_kept(thing: str) -> ProblemError:
    """The requested thing is unknown or has expired; `thing` names its kind: `message`."""
    return ProblemError(Problem.NOT_KEPT, f"No such {thing} is kept (any more).")


def note_act(router: Any, note: str | None, target: str | None = None) -> str:
    """Puts into the call's line of the log who did it, and to what; the audit gets that too.

    Answers the name for an entry's own trace. `target` is the id of a token or of a quarantined
    request, which begins with its provider, or a provider: a caller may write anything for one, a
    phone number too, so only what is one is kept.
    """
    by, metrics = signature(caller_in(router).name, note), Metrics()
    metrics.add_metadata("by", by)
    if target is not None and (kind := _kind_of(target)):
        metrics.add_metadata(kind, target)
        router.context[TARGET] = target
    return by


def _kind_of(target: str) -> str | None:
    """What the log calls it; None for what is no target."""
    if target in provider_names():
        return "provider"
    return next((kind for kind, form in _IDS.items() if form.fullmatch(target)), None)
