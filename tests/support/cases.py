"""The project's folder, the time at which its recorded requests came, and a test of each."""

from collections.abc import Callable, Iterable
from functools import update_wrapper
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Any

import pytest

from local.recordings import NOW, Recording

__all__ = ["NOW", "ROOT", "each_of"]

ROOT = Path(__file__).parent.parent.parent

Test = Callable[..., None]


def each_of(cases: Iterable[Recording]) -> Callable[[Test], Test]:
    """Run the test on each of them as its `case`, those of one provider in one go.

    A failure shows every case that failed. A test for each of them alone, some thousands, would
    cost several times what the tests do.
    """
    by_provider: dict[str, list[Recording]] = {}
    for case in cases:
        by_provider.setdefault(case.provider, []).append(case)

    def of_each_provider(test: Test) -> Test:
        def run(name: str, **others: Any) -> None:
            failures = []
            for case in by_provider[name]:
                try:
                    test(case=case, **others)
                except (Exception, pytest.fail.Exception) as failure:
                    failure.add_note(f"The case: {case.id}")
                    failures.append((case.id, failure))
            if failures:
                names = ", ".join(id_ for id_, _ in failures)
                raise BaseExceptionGroup(f"{names} failed", [each for _, each in failures])

        update_wrapper(run, test)
        taken = [each for each in signature(test).parameters.values() if each.name != "case"]
        name = Parameter("name", Parameter.POSITIONAL_OR_KEYWORD)
        run.__signature__ = Signature([name, *taken])  # type: ignore[attr-defined]
        return pytest.mark.parametrize("name", by_provider)(run)

    return of_each_provider
