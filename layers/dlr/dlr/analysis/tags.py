"""ETags: the same as long as an answer is."""

from datetime import datetime
from hashlib import sha256

from pydantic import BaseModel

from dlr.analysis.source import floor_hour


def tag_of(version: str, path: str, question: BaseModel, now: datetime) -> str:
    """Of the lake's version and the question.

    Of the hour too: periods that end now move on, and ids expire without a change of the lake.
    """
    text = f"{path} {question.model_dump_json()} {floor_hour(now).isoformat()}"
    return f'"{version}-{sha256(text.encode()).hexdigest()[:16]}"'


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Whether the header names the tag, weakly or not, or is `*`."""
    names = [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]
    return tag in names or "*" in names
