"""Every word and code of a provider with what it leads to, for people and for tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dlr.causes import BOUNCE, Action, Bounce, Cause, Policy, action_for
from dlr.providers.base import Provider
from dlr.providers.codes import FOLDER, Meaning, read_rows
from dlr.report import FAILED, Status


class Row(NamedTuple):
    """One word or code. `status` is None where the report's word decides it."""

    provider: str
    table: str
    key: str
    status: Status | None
    cause: Cause
    bounce: Bounce
    permanent: bool | None
    action_cause: Action
    action_provider: Action
    says: str
    source: str
    note: str


def rows_of(provider: Provider) -> Iterator[Row]:
    """The provider's status words first, then its codes, then its other code tables."""
    yield from _rows(provider.name, FOLDER / f"{provider.name}.csv")
    for name, path in sorted(provider.code_tables.items()):
        rows = _rows(provider.name, path)
        yield from (row._replace(table=f"code ({name})") for row in rows if row.table == "code")


def _rows(provider: str, path: Path) -> Iterator[Row]:
    for kind, key, meaning, says, source, note in read_rows(path):
        yield Row(
            provider=provider,
            table=kind,
            key=key,
            status=meaning.status,
            cause=meaning.cause,
            bounce=BOUNCE[meaning.cause],
            permanent=meaning.permanent,
            action_cause=_action(meaning, Policy.CAUSE),
            action_provider=_action(meaning, Policy.PROVIDER),
            says=says,
            source=source,
            note=note,
        )


def _action(meaning: Meaning, policy: Policy) -> Action:
    """Of a code without a status: as under a word that says that the message failed."""
    if meaning.status is None or meaning.status in FAILED:
        return action_for(meaning.cause, meaning.permanent, policy)
    return Action.KEEP
