"""Every word and code of a provider with what it means here, for people and for tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dlr.causes import BOUNCE, Action, Bounce, Cause, Policy, action_for
from dlr.providers.base import Meaning, Provider, Table
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


def provider_names() -> list[str]:
    """Every provider: each has a module and a CSV of its name."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.csv"))


def rows_of(provider: Provider) -> Iterator[Row]:
    """The provider's status words first, then its codes, then its other code tables."""
    yield from _rows(provider, "status", provider.states)
    yield from _rows(provider, "code", provider.codes)
    for name, table in provider.code_tables.items():
        yield from _rows(provider, f"code ({name})", table)


def _rows(provider: Provider, name: str, table: Table) -> Iterator[Row]:
    for key, meaning in table.items():
        yield Row(
            provider=provider.name,
            table=name,
            key=key,
            status=meaning.status,
            cause=meaning.cause,
            bounce=BOUNCE[meaning.cause],
            permanent=meaning.permanent,
            action_cause=_action(meaning, Policy.CAUSE),
            action_provider=_action(meaning, Policy.PROVIDER),
            says=meaning.says,
            source=meaning.source or provider.source,
        )


def _action(meaning: Meaning, policy: Policy) -> Action:
    """Of a code that stands under a word of its own choice: as if the word said that it failed."""
    if meaning.status is None or meaning.status in FAILED:
        return action_for(meaning.cause, meaning.permanent, policy)
    return Action.KEEP
