"""ETags: the same as long as an answer is."""

from datetime import datetime
from hashlib import sha256

from dlr.analysis.asked import Asking


def tag_of(version: str, path: str, question: Asking, now: datetime) -> str:
    """Of the lake's version and the question, and of the time for which it means one period.

    Ids that expire within that time are the one thing that changes without the lake.
    """
    text = f"{path} {question.model_dump_json()} {question.unchanged_since(now).isoformat()}"
    return f'"{version}-{sha256(text.encode()).hexdigest()[:16]}"'


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Whether the header names the tag, weakly or not.

    `*` names no answer: it would be true also of a question that is refused.
    """
    names = [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]
    return tag in names
