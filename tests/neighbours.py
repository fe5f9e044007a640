"""How tests that run at the same time, on the workers of pytest-xdist, get along.

Files are the unit: all tests of one file run on one worker, so that what they share is made once.
What takes long begins first, so that the workers end together. A test marked `alone` measures
time: nothing of the other workers runs meanwhile.
"""

from __future__ import annotations

import fcntl
import getpass
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

#: what takes longest, in the order in which it begins; the files of the rest take seconds each
LONGEST = (
    "compat/",
    "faults/",
    "web/",
    "search/test_fuzz",
    "store/test_where",
    "blobs/",
    "client/",
)
_LOCKS = pytest.StashKey["Locks"]()


class Locks:
    """Locks between the processes that run tests for one user of this machine.

    They are locks of processes, not of open files: the child of a fork has no share in them.
    """

    def __init__(self) -> None:
        folder = Path(tempfile.gettempdir()) / f"millstream-tests-of-{getpass.getuser()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        self._door = (folder / "door").open("a+")
        self._room = (folder / "room").open("a+")

    @contextmanager
    def held(self, *, alone: bool) -> Iterator[None]:
        """Work beside others, or alone: once all who are at work have ended theirs."""
        # Who waits to be alone stands in the door, so that nobody overtakes him.
        fcntl.lockf(self._door, fcntl.LOCK_EX)
        try:
            fcntl.lockf(self._room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        finally:
            fcntl.lockf(self._door, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.lockf(self._room, fcntl.LOCK_UN)

    def close(self) -> None:
        self._door.close()
        self._room.close()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):  # one of several workers
        config.stash[_LOCKS] = Locks()


def pytest_unconfigure(config: pytest.Config) -> None:
    if (locks := config.stash.get(_LOCKS, None)) is not None:
        locks.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def turn(item: pytest.Item) -> int:
        name = item.nodeid.removeprefix("tests/")
        found = (place for place, longest in enumerate(LONGEST) if name.startswith(longest))
        return next(found, len(LONGEST))

    items.sort(key=turn)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    with ExitStack() as stack:
        if (locks := item.config.stash.get(_LOCKS, None)) is not None:
            alone = item.get_closest_marker("alone") is not None
            stack.enter_context(locks.held(alone=alone))
        return (yield)
