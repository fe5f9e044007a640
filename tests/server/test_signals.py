"""Signals reach the event loop however busy it is."""

from __future__ import annotations

import asyncio
import os
import signal

from mlflow.server.signals import Signals


async def _heard_after(wakes: int) -> list[int]:
    heard: list[int] = []
    arrived = asyncio.Event()

    def hear(number: int) -> None:
        heard.append(number)
        arrived.set()

    before = signal.getsignal(signal.SIGUSR1)
    signals = Signals({signal.SIGUSR1: hear})
    try:
        loop = asyncio.get_running_loop()
        for _ in range(wakes):  # as threads do whose work is done
            loop.call_soon_threadsafe(int)
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.wait_for(arrived.wait(), 10)
    finally:
        signals.close()
        signal.signal(signal.SIGUSR1, before)
    return heard


def test_a_signal_is_heard_behind_any_number_of_wake_ups() -> None:
    assert asyncio.run(_heard_after(0)) == [signal.SIGUSR1]
    assert asyncio.run(_heard_after(100_000)) == [signal.SIGUSR1]
