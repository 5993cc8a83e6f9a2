"""Every word and code of a provider with what it means here, for people and for tests."""

from collections.abc import Iterator
from pathlib import Path
from pkgutil import iter_modules
from typing import NamedTuple

from dlr import providers
from dlr.causes import BOUNCE, Action, Bounce, Cause, Policy, action_for
from dlr.provider import Meaning, Provider, Table, judge
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
    """Every provider that there is a module for."""
    return sorted(module.name for module in iter_modules(map(str, map(Path, providers.__path__))))


def rows_of(provider: Provider) -> Iterator[Row]:
    """The provider's status words first, then its codes, then its other code tables."""
    yield from _rows(provider, "status", provider.states)
    yield from _rows(provider, "code", provider.codes)
    for name, table in provider.code_tables.items():
        yield from _rows(provider, f"code ({name})", table)


def _rows(provider: Provider, name: str, table: Table) -> Iterator[Row]:
    for key, meaning in table.items():
        told = meaning if meaning.status is None else judge({}, (), {key: meaning}, key)
        yield Row(
            provider=provider.name,
            table=name,
            key=key,
            status=meaning.status,
            cause=told.cause,
            bounce=BOUNCE[told.cause],
            permanent=told.permanent,
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
