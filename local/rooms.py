"""The rooms of the project: what each does, and what it may import of the others.

`make docs` writes it into docs/architecture.md; tests/test_walls.py compares it with the imports.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple


class Room(NamedTuple):
    """A package, a module or a folder. `imports` names the rooms that it may import."""

    does: str
    imports: frozenset[str] = frozenset()


def _room(does: str, imports: str = "") -> Room:
    return Room(does, frozenset(imports.split()))


ROOMS: Mapping[str, Room] = {
    "causes": _room("vocabulary: causes, bounces and actions"),
    "numbering": _room("numbering plans, written by `make docs`"),
    "phone": _room("vocabulary: the recipient's number and its keyed hash", "numbering"),
    "report": _room("vocabulary: the normalized report", "causes phone"),
    "runtime": _room("how functions call AWS: timeouts, batches, secrets, errors without text"),
    "wire": _room("one HTTP request: its parts, its items, its signature"),
    "providers": _room(
        "what each provider sends and means: a module and a CSV each", "causes report wire"
    ),
    "messages": _room(
        "one item per message: order of reports, verdict, storage, events",
        "causes phone report runtime",
    ),
    "ingest": _room(
        "from a request to stored reports; quarantine and replay",
        "causes messages phone providers report runtime wire",
    ),
    "suppression": _room(
        "who may not be sent to: rules, storage, lookup, an operator's acts",
        "causes messages phone runtime",
    ),
    "lake": _room(
        "rows of all messages in S3: written from the stream, merged, read with DuckDB",
        "messages phone report runtime",
    ),
    "exports": _room(
        "jobs that put messages, numbers and the list into files, part by part; backtests",
        "access causes lake messages phone providers report runtime suppression",
    ),
    "analysis": _room(
        "what the lake answers: search, statistics, comparison",
        "causes messages phone report runtime",
    ),
    "live": _room(
        "what people watch: when providers were heard of, messages as they change",
        "messages phone report runtime",
    ),
    "webhooks": _room(
        "the webhooks' addresses and keys, and a report to try one", "providers wire"
    ),
    "alarms": _room("the stack's alarms, as CloudWatch knows them"),
    "people": _room(
        "everything stored about a person, and its erasure", "ingest messages phone suppression"
    ),
    "access": _room(
        "who may call the API and what each may do: tokens, scopes, audit", "phone runtime wire"
    ),
    "http": _room(
        "what all functions of the API share: problems, parameters, the gate",
        "access phone runtime wire",
    ),
    "settings": _room("the functions' environment", "causes ingest messages phone providers"),
    "__main__": _room("`make codes`, and one report normalized", "causes ingest providers wire"),
}
"""The layer's packages and modules."""
FUNCTIONS: Mapping[str, Room] = {
    "functions/ingest": _room(
        "the webhooks, one function per provider", "ingest messages phone runtime settings wire"
    ),
    "functions/publish": _room(
        "from the table's stream to the bus", "live messages phone runtime suppression"
    ),
    "functions/lake": _room("from the table's stream to segments of the lake", "lake runtime"),
    "functions/merge": _room("the lake's merge, every five minutes", "lake runtime"),
    "functions/suppress": _room(
        "from the queue to the suppression list", "messages phone runtime settings suppression"
    ),
    "functions/export": _room(
        "from the queue to the files of an export",
        "access causes exports lake messages phone runtime settings suppression",
    ),
    "functions/api": _room(
        "the API, a module in `routes/` per noun",
        "access alarms causes exports http ingest live messages people phone providers report "
        "runtime settings suppression webhooks",
    ),
    "functions/query": _room("search and statistics", "access analysis http lake phone runtime"),
    "functions/authorizer": _room("who is let in to the API", "access runtime"),
    "functions/console": _room("the console's files, and its sign-in", "access"),
}
"""The thin handlers, by folder."""
PARTS: Mapping[str, Room] = {
    "layers/dlr/dlr": _room("the layer: every room named so far except the functions"),
    "functions": _room("the functions", "dlr"),
    "cli/dlr_cli": _room("the operator's command `dlr`", "dlr"),
    "local": _room(
        "the stack on this machine: `make run`, the demo, `sam local`, the rehearsal", "dlr"
    ),
    "bench": _room("measurements, load, fuzzing", "dlr local"),
    "tests/support": _room("what tests share", "dlr local"),
    "tests": _room("the tests", "dlr dlr_cli local"),
}
"""The project's folders, and what each may import of the others' packages."""


def rooms_table() -> str:
    """Every room in a row."""
    lines = ["| room | what it does | may import |", "|---|---|---|"]
    for name, room in {**ROOMS, **FUNCTIONS, **PARTS}.items():
        allowed = " ".join(f"`{each}`" for each in sorted(room.imports)) or "nothing"
        lines.append(f"| `{name}` | {room.does} | {allowed} |")
    return "\n".join(lines) + "\n"


def rooms_picture() -> str:
    """The layer's rooms and the functions by level: a room imports only from the levels below."""
    levels = list(_levels({**ROOMS, **FUNCTIONS}))
    lines = [f"  {'   '.join(names)}" for names in reversed(levels)]
    return "```\n" + "\n      │\n      ▼\n".join(lines) + "\n```\n"


def _levels(rooms: Mapping[str, Room]) -> Iterator[list[str]]:
    """The rooms that import nothing, then those that import only these, and so on."""
    placed: set[str] = set()
    while placed != rooms.keys():
        level = [name for name in rooms if name not in placed and rooms[name].imports <= placed]
        if not level:
            raise ValueError(f"imports in a circle: {sorted(rooms.keys() - placed)}")
        yield level
        placed.update(level)
