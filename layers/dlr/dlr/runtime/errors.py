"""Failures without their text, which may quote a number, a token or a body."""

from collections.abc import Callable
from functools import wraps
from traceback import extract_tb
from typing import Any

Handler = Callable[[dict[str, Any], Any], Any]


class HandlerError(RuntimeError):
    """What Lambda logs of a failure: the type of the exception and where it was raised."""


def redacted(error: BaseException) -> str:
    """`KeyError at item.py:71`."""
    frames = extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


def redact_errors(handler: Handler) -> Handler:
    """A handler that raises HandlerError with type and place in place of any other exception."""

    @wraps(handler)
    def call(event: dict[str, Any], context: Any) -> Any:
        try:
            return handler(event, context)
        except Exception as error:
            raise HandlerError(redacted(error)) from None

    return call
