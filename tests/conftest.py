"""What tests share. No test can reach a real AWS account."""

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import hypothesis
import pytest

from local.certificates import read_certificates_from_the_recordings
from local.cloud import Cloud, free_port, isolate_from_aws
from local.listener import Listener
from local.waiting import TIMEOUT_S
from tests.support.numbers import new_number

if TYPE_CHECKING:  # importing them takes a second, in each process
    from local.client import Client
    from local.stack import Deployment
    from tests.support.chain import Chain

isolate_from_aws()
read_certificates_from_the_recordings()


EMULATED = {"cloud", "new_cloud"}
"""The fixtures that start the embedded AWS."""

OUTCOMES = pytest.StashKey[dict[tuple[str, str], str]]()


@pytest.fixture(scope="session")
def outcomes(pytestconfig: pytest.Config) -> dict[tuple[str, str], str]:
    """The outcome of each call under each fault: shown as a table at the end."""
    return pytestconfig.stash.setdefault(OUTCOMES, {})


hypothesis.settings.register_profile("any_machine", deadline=None)  # however busy it is
hypothesis.settings.load_profile("any_machine")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Which part of the system made good each fault of each call."""
    outcomes = config.stash.get(OUTCOMES, {})
    if not outcomes:
        return
    calls, faults = (list(dict.fromkeys(names)) for names in zip(*outcomes, strict=True))
    rows = [
        [call, *(outcomes.get((call, fault), "-") for fault in faults)] for call in sorted(calls)
    ]
    rows.insert(0, ["who made it good", *faults])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    terminalreporter.section("faults")
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        terminalreporter.write_line("  ".join(cells).rstrip())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of xdist hands its outcomes to the one that shows them."""
    if hasattr(session.config, "workeroutput"):
        outcomes = session.config.stash.get(OUTCOMES, {})
        session.config.workeroutput["outcomes"] = [[*key, way] for key, way in outcomes.items()]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Takes them; none where the process died."""
    outcomes = node.config.stash.setdefault(OUTCOMES, {})
    for call, fault, way in getattr(node, "workeroutput", {}).get("outcomes", ()):
        outcomes[call, fault] = way


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put each test that is not marked with a tier into its own, before `-m` chooses a tier."""
    for item in items:
        if not any(map(item.get_closest_marker, ("slow", "built", "browser"))):
            is_emulated = EMULATED & set(getattr(item, "fixturenames", ()))
            item.add_marker("emulator" if is_emulated else "unit")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Coverage's tracer makes Python several times slower. pytest-cov's own way to stop it,
    `no_cover`, does nothing in xdist's processes."""
    tracer = sys.gettrace()
    if item.get_closest_marker("untraced"):
        sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


@pytest.fixture(scope="session")
def new_cloud(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Cloud]:
    """Makes an embedded AWS of a test's own, on a given port or a free one; not started yet."""
    return lambda port=None, folder=None: Cloud(
        port or free_port(), folder or tmp_path_factory.mktemp("cloud")
    )


@pytest.fixture(scope="session")
def cloud(new_cloud: Callable[..., Cloud]) -> Iterator[Cloud]:
    """The embedded AWS with the whole system on it, started once."""
    from local.stack import deploy

    with new_cloud() as cloud:
        deploy(cloud)
        yield cloud


@pytest.fixture(scope="session")
def deployment(cloud: Cloud) -> "Deployment":
    """Its addresses and tokens."""
    from local.stack import describe

    return describe(cloud)


@pytest.fixture(scope="session")
def client(deployment: "Deployment") -> "Client":
    """Speaks to it."""
    from local.client import AGAIN, Client

    return Client(deployment, TIMEOUT_S, AGAIN)


@pytest.fixture
def listener(cloud: Cloud, deployment: "Deployment") -> Iterator[Listener]:
    """Hears what comes on the bus from now on."""
    with Listener(cloud, deployment.resources["Bus"]) as listener:
        yield listener


@pytest.fixture(scope="module")
def shared_chain(cloud: Cloud) -> "Chain":
    """From a provider's request to the suppression list, on tables of the module's own."""
    from tests.support.chain import Chain

    return Chain(cloud)


@pytest.fixture
def chain(shared_chain: "Chain") -> "Iterator[Chain]":
    """The same, with no message in its table."""
    yield shared_chain
    shared_chain.delete_messages()


@pytest.fixture
def number() -> str:
    """A number that no other test uses."""
    return new_number()


@pytest.fixture
def message_id() -> str:
    """A message that no other test uses."""
    return uuid4().hex
