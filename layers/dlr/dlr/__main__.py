"""`python -m dlr`: try the normalization and read the code tables. Needs no AWS."""

import argparse
import json
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from dlr.causes import Policy
from dlr.ingest.normalize import Normalizer
from dlr.providers.base import load_provider, provider_names
from dlr.providers.catalogue import Row, rows_of
from dlr.wire.decode import UnreadableError
from dlr.wire.request import Request


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, or 2 for a wrong call."""
    options = _parser().parse_args(arguments)
    try:
        lines = options.lines(options)
    except LookupError as error:
        print(f"dlr: {error.args[0]}", file=sys.stderr)  # noqa: T201
        return 2
    try:
        for line in lines:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dlr", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    normalize = commands.add_parser(
        "normalize",
        help="requests on standard input to delivery reports",
        description="Reads one request a line, "
        '{"method", "headers", "query", "body"}, and writes one line each: '
        '{"ok", "events", "error"}. Nothing is verified and nothing is stored.',
    )
    normalize.add_argument("provider", metavar="PROVIDER", help="its name in the URL: twilio")
    normalize.add_argument(
        "--policy",
        type=Policy,
        choices=list(Policy),
        default=Policy.CAUSE,
        help="what suppresses: the cause, or also whatever the provider calls permanent",
    )
    normalize.add_argument("--code-table", default="default", help="for smpp: what err means")
    normalize.set_defaults(lines=_normalize)
    codes = commands.add_parser("codes", help="every status and code, and what it leads to")
    codes.add_argument("provider", metavar="PROVIDER", nargs="?")
    codes.add_argument("--json", action="store_true", help="one JSON array")
    codes.set_defaults(lines=_codes)
    return parser


def _normalize(options: argparse.Namespace) -> Iterable[str]:
    provider = load_provider(options.provider, options.code_table)
    normalizer = Normalizer(provider, options.policy)
    return (json.dumps(_answer(normalizer, line)) for line in sys.stdin if line.strip())


def _answer(normalizer: Normalizer, line: str) -> dict[str, Any]:
    try:
        normalized = normalizer(_request(line), datetime.now(UTC))
    except UnreadableError as error:
        return {"ok": False, "events": [], "error": str(error)}
    events = [report.model_dump(mode="json") for report in normalized.reports]
    return {
        "ok": not normalized.errors,
        "events": events,
        "error": "; ".join(normalized.errors.values()) or None,
    }


def _request(line: str) -> Request:
    try:
        request = json.loads(line)
        return Request(
            method=str(request.get("method", "POST")).upper(),
            query=request.get("query") or "",
            headers={str(k).lower(): str(v) for k, v in (request.get("headers") or {}).items()},
            body=(request.get("body") or "").encode("utf-8", "surrogatepass"),
        )
    except (ValueError, AttributeError):
        raise UnreadableError(
            'the line is not a JSON object {"method", "headers", "query", "body"}'
        ) from None


def _codes(options: argparse.Namespace) -> Iterable[str]:
    names = [options.provider] if options.provider else provider_names()
    rows = [row for name in names for row in rows_of(load_provider(name))]
    if options.json:
        return [json.dumps([row._asdict() for row in rows], indent=2)]
    return _table(rows)


def _table(rows: list[Row]) -> Iterable[str]:
    lines = [tuple(name.replace("_", " ") for name in Row._fields)]
    lines += [tuple("-" if cell is None else str(cell) for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(cells).rstrip()


if __name__ == "__main__":  # pragma: no cover
    sys.exit(main())
