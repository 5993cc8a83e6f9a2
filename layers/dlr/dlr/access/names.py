"""Names that stand in the audit and in the log: of tokens, and the notes of operators."""

import re

_NAME = re.compile(r"(?=.*[!-~])[ -~]{1,100}", re.ASCII)
_DIGIT = re.compile(r"[0-9]", re.ASCII)
MAX_DIGITS = 6
"""A phone number has at least seven."""
RULE = "1 to 100 printable ASCII characters, not more than 6 of them digits"


def read_name(text: str) -> str:
    """A name that is no phone number and has none in it. Raises ValueError without quoting it."""
    if _NAME.fullmatch(text) is None or len(_DIGIT.findall(text)) > MAX_DIGITS:
        raise ValueError(f"a name has {RULE}: it is logged")
    return text


def name_or_none(text: str | None) -> str | None:
    """The name, or None where it is none."""
    try:
        return None if text is None else read_name(text)
    except ValueError:
        return None


def signature(name: str, note: str | None) -> str:
    """Who did something, for an entry's trace: the token's name and the operator's note."""
    return f"{name} ({note})" if note else name
