"""Rounds in which clients and servers are killed while artifacts are on their way."""

from __future__ import annotations

import random
import threading
from pathlib import Path

from tests.faults.artifact_clients import Client, Outcome, done
from tests.faults.artifacts import new_run
from tests.servers.fault_proxy import FaultProxy, Side
from tests.servers.millstream import RunningServer

CLIENT, SERVER, BOTH = "client", "server", "both"
#: parts, ranges or files that are on their way at the same time, at most
AT_ONCE = 8
#: heads, listings and answers of one call
HEADS = 64 * 1024


class Rounds:
    """A server, and calls during which somebody is killed.

    Attributes:
        kills: how many processes were killed so far.

    Args:
        proxy: where the bytes of artifacts pass: in front of the server, or of the store behind.
        url: where clients find the server.
        folder: where they run.
        seed: of all that is left to chance.
    """

    def __init__(
        self, server: RunningServer, proxy: FaultProxy, url: str, folder: Path, seed: int
    ) -> None:
        self.server = server
        self.proxy = proxy
        self.url = url
        self.folder = folder
        self.dice = random.Random(seed)
        self.run = new_run(server)
        self.kills = 0

    def call(self, verb: str, *arguments: str) -> None:
        """A call that nothing happens to."""
        self.proxy.forget()
        done(self.url, self.folder, verb, self.run, *arguments)

    def kill_during(self, whole: int, side: Side, verb: str, *arguments: str) -> Outcome:
        """A call during which client, server or both are killed; the server is back afterwards.

        Args:
            whole: bytes that would pass on `side`; the kill comes before them.
        """
        victim = self.dice.choice((CLIENT, SERVER, BOTH))
        moment = self.dice.randrange(whole)
        begun, struck, over = threading.Event(), threading.Event(), threading.Event()
        self.proxy.forget()

        def strike() -> None:
            begun.wait()
            struck.set()
            if victim != SERVER:
                client.kill()
            if victim != CLIENT:
                self.server.kill()
            over.set()

        self.proxy.when(moment, strike, side)
        client = Client(self.url, self.folder, verb, self.run, *arguments)
        begun.set()
        while not struck.wait(0.001) and not client.ended.is_set():
            pass
        if struck.is_set():
            over.wait()
            self.kills += 1 if victim != BOTH else 2
            if victim != CLIENT:
                self.server.start()
        outcome = client.outcome()
        if victim == SERVER:
            # Nobody calls again: the client waits for the server and goes on by itself.
            assert outcome.answer is not None, outcome
        self.proxy.clear()
        return outcome
