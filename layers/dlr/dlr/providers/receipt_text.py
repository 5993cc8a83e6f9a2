"""The text of an SMPP delivery receipt: SMPP 3.4 Appendix B, as SMSCs really write it.

`id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…` is the suggested form, and the
format "is SMSC vendor specific": fields come in any order and case, may be missing or empty, and
the message's own text may hold something that looks like a field.
"""

import re

_NO_ERR = frozenset({"", "null", "none", "..."})
_FIELD = re.compile(r"(?<!\S)(id|sub|dlvrd|submit date|done date|stat|err|text):", re.IGNORECASE)


def read_receipt(text: str) -> dict[str, str]:
    """The receipt's fields by lower-case name, without those that are missing.

    The first of two equal fields counts. `text` ends the receipt once `stat` has been seen, so a
    message cannot forge its own status.
    """
    fields: dict[str, str] = {}
    name, start = "", 0
    for match in _FIELD.finditer(text):
        if name == "text" and "stat" in fields:
            break
        if name:
            _keep(fields, name, text[start : match.start()])
        name, start = match[1].lower(), match.end()
    if name:
        _keep(fields, name, text[start:])
    return fields


def key_of_err(err: str) -> str:
    """`err` as the tables of `providers/smsc/` have it; nothing for none."""
    return "" if err.lower() in _NO_ERR else err.upper().lstrip("0").zfill(3)


def _keep(fields: dict[str, str], name: str, value: str) -> None:
    """One field; what follows a value without a key of its own is the message's text."""
    if name in fields:
        return
    if name == "text":
        fields[name] = value.strip()
        return
    first, *rest = value.split(None, 1) or [""]
    fields[name] = first
    if rest:
        fields.setdefault("text", rest[0].strip())
