"""Signals as calls on the event loop, none of which is lost.

asyncio hears of signals over the socket by which threads wake its loop up. After some hundred
wake-ups that the loop has not read yet that socket is full, and a signal is dropped: a server that
is busy would not stop. Here signals have a socket of their own.
"""

import asyncio
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress


class Signals:
    """Calls functions on the running event loop when signals arrive; for the main thread.

    Args:
        calls: signal → what is called with its number.
    """

    def __init__(self, calls: Mapping[signal.Signals, Callable[[int], None]]) -> None:
        self._calls = {int(number): call for number, call in calls.items()}
        self._loop = asyncio.get_running_loop()
        self._heard, self._told = socket.socketpair()
        self._heard.setblocking(False)
        self._told.setblocking(False)
        self._loop.add_reader(self._heard, self._hear)
        signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        for number in self._calls:
            signal.signal(number, lambda *_: None)  # Python writes the number to the socket

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            for number in self._heard.recv(4096):
                if call := self._calls.get(number):
                    call(number)

    def close(self) -> None:
        """Ignore these signals from now on."""
        for number in self._calls:
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        self._loop.remove_reader(self._heard)
        self._heard.close()
        self._told.close()
