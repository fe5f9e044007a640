"""Running the server: the port, the worker processes, and the end.

One worker runs in the process itself. Several are forked, share the listening socket, so that
whoever is idle takes the next connection, and are replaced when they die. Asked to stop (SIGTERM,
SIGINT), the server takes no more connections, finishes the requests in flight and commits what the
store has queued.
"""

import asyncio
import ctypes
import errno
import logging
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.net import SocketHolder  # type: ignore[attr-defined]
from granian.server.embed import Server

from mlflow import environment_variables as env, service
from mlflow.exceptions import MlflowException, invalid
from mlflow.server.app import App, counted_names, open_app
from mlflow.server.observe import Tally
from mlflow.server.settings import Settings
from mlflow.server.signals import Signals

_log = logging.getLogger("mlflow.server")
_BACKLOG = 1024
#: bytes that are read from a connection at a time, if they come so fast: each piece of a file costs
#: several changes of threads. A head that is twice as large is refused before it is whole.
_BUFFER = 256 * 1024
_MOST_CONNECTIONS = 10_000
#: where the C library keeps what threads allocate: by default each has a place of its own, and
#: what is free in one is of no use to the others
_MOST_ARENAS = 2
_M_ARENA_MAX = -8  # of mallopt
#: of requests to a store behind, for seconds rather than minutes
_RETRIES = "2"
#: seconds in which a second SIGINT is still the first: shells and wrappers send it twice
_SAME_KEY = 0.3


def _stop_signals() -> set[signal.Signals]:
    """What stops the server; a lost terminal does not when `nohup` says so."""
    kept = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return {signal.SIGTERM, signal.SIGINT} | (set() if kept else {signal.SIGHUP})


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until a signal says stop.

    Args:
        settings: checked here first.
        announce: called with the address once connections are taken.

    Raises:
        MlflowException: the server cannot be started; the message is one sentence for the user.
    """
    settings.check()
    _share_memory()
    # Who asks waits too, and asks again: a store that is away is told of soon.
    os.environ.setdefault(env.MLFLOW_HTTP_REQUEST_MAX_RETRIES.name, _RETRIES)
    listener = bind(settings.host, settings.port)
    address = _address(settings, listener)
    if settings.workers == 1:
        app = open_app(settings)
        app.begin_sweep()
        announce(address)
        _work(app, listener, settings)
        return
    if not settings.artifacts_only:
        # Creates or refuses the schema once, and with a message, before there are several.
        service.open_engine(settings.backend_store_uri, settings.artifact_root).close()
    tally = Tally(counted_names(), settings.workers)

    def work(number: int, parent: int) -> None:
        tally.work_as(number)
        app = open_app(settings, tally)
        if number == 0:
            app.begin_sweep()
        _work(app, listener, settings, parent)

    announce(address)
    _Supervisor(work, listener, settings).run()


def _share_memory() -> None:
    """Let threads share what they free; half of the memory that moving files takes."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # only glibc has it, and only it needs it
        mallopt(_M_ARENA_MAX, _MOST_ARENAS)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; MlflowException with a sentence when there cannot be one."""
    host = host.strip("[]")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise invalid(f"The host {host!r} is not known here: {error.strerror}.") from None
    # `localhost` may be both; most clients mean the older one.
    family, _, _, _, where = min(found, key=lambda one: one[0] != socket.AF_INET)
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit these. Without the first, small answers may wait 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        listener.bind(where)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise invalid(_why_not(error, host, port)) from None
    return listener


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another program: stop that one, or choose "
            "another port with --port."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has: choose one above 1023."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"This machine has no address {host}: choose another with --host."
    return f"Cannot listen on {host}, port {port}: {error.strerror}."


def _address(settings: Settings, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    host = settings.host.strip("[]")
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{settings.static_prefix}"


class _BoundServer(Server):
    """Granian inside this process, on a socket that is already bound.

    Granian's own would be opened with SO_REUSEPORT, which lets a second server start on a taken
    port and take half of its requests.
    """

    listener: socket.socket

    def _init_shared_socket(self) -> None:
        self._shd: Any = SocketHolder(  # type: ignore[call-arg]
            self.listener.detach(), False, _BACKLOG
        )


def _work(app: App, listener: socket.socket, settings: Settings, parent: int | None = None) -> None:
    """Answer requests until told to stop; closes the app.

    Args:
        app: the application.
        listener: taken over.
        settings: for the time-outs.
        parent: a pipe that ends when the supervisor is gone, however that happened.
    """
    finished = False
    try:
        finished = asyncio.run(_answer(app, listener, settings, parent))
    finally:
        app.close(wait=finished)
        if not finished:
            _log.warning("stopped before all requests were finished")
            sys.stderr.flush()
            os._exit(0)  # threads that still run would be waited for


async def _answer(
    app: App, listener: socket.socket, settings: Settings, parent: int | None
) -> bool:
    """Whether all requests were finished when it stopped."""
    server = _BoundServer(
        app,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=int(settings.client_timeout * 1000),
            max_buffer_size=_BUFFER,
        ),
        websockets=False,
        log_enabled=False,
        runtime_blocking_threads=1,
        backlog=_BACKLOG,
        backpressure=_connections(),
    )
    server.listener = listener
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    again = asyncio.Event()

    asked_at = 0.0

    def stop(number: int) -> None:
        nonlocal asked_at
        if not asked.is_set():
            asked_at = loop.time()
            asked.set()
        elif number == signal.SIGINT and loop.time() - asked_at > _SAME_KEY:
            again.set()

    # A terminal's Ctrl-C reaches all processes, and the supervisor passes it on: only one without
    # counts how often.
    signals = Signals(
        dict.fromkeys(_stop_signals(), stop if parent is None else lambda _: asked.set())
    )
    if parent is not None:
        loop.add_reader(parent, asked.set)
    watching = loop.create_task(app.watch_runs())
    serving = loop.create_task(server.serve())
    wanted = loop.create_task(asked.wait())
    await asyncio.wait((serving, wanted), return_when=asyncio.FIRST_COMPLETED)
    wanted.cancel()
    watching.cancel()
    if parent is not None:
        loop.remove_reader(parent)
    app.end_streams()
    server.stop()  # type: ignore[no-untyped-call]
    forced = loop.create_task(again.wait())
    await asyncio.wait(
        (serving, forced), timeout=settings.stop_timeout, return_when=asyncio.FIRST_COMPLETED
    )
    forced.cancel()
    signals.close()  # closing the store must not be interrupted by one more
    if serving.done():
        serving.result()
        return True
    serving.cancel()
    return False


def _connections() -> int:
    """How many connections this process may hold, after asking for as many files as allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _MOST_CONNECTIONS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    files = wanted if soft == resource.RLIM_INFINITY else soft
    return max(64, min(_MOST_CONNECTIONS, files - 200))


class _Supervisor:
    """Starts workers, replaces those that die, and stops them.

    Args:
        work: what a worker does: (its number, the end of the pipe that it watches).
        listener: the socket they share.
        settings: how many, and how long they may take to stop.
    """

    def __init__(
        self, work: Callable[[int, int], None], listener: socket.socket, settings: Settings
    ) -> None:
        self._work = work
        self._listener = listener
        self._settings = settings
        self._workers: dict[int, tuple[int, float]] = {}  # process → its number, start
        self._failures = 0
        self._watched, self._held = os.pipe()
        self._stop_signals = _stop_signals()
        self._signals = {*self._stop_signals, signal.SIGCHLD, signal.SIGALRM}

    def run(self) -> None:
        """Work until a signal says stop."""
        waited = self._signals
        signal.signal(signal.SIGCHLD, lambda *_: None)  # the default would throw it away
        signal.pthread_sigmask(signal.SIG_BLOCK, waited)
        missing = set(range(self._settings.workers))
        while True:
            for number in sorted(missing):
                self._start(number)
            missing.clear()
            got = signal.sigwait(waited)
            if got in self._stop_signals:
                break
            missing |= self._dead()
            if missing and got == signal.SIGCHLD:
                # A worker that dies at once is not started over and over without a pause.
                delay = min(5.0, 0.05 * 2**self._failures)
                signal.setitimer(signal.ITIMER_REAL, delay)
                while (got := signal.sigwait(waited)) == signal.SIGCHLD:
                    missing |= self._dead()
                signal.setitimer(signal.ITIMER_REAL, 0)
                if got in self._stop_signals:
                    break
        self._stop()

    def _start(self, number: int) -> None:
        process = os.fork()
        if process == 0:
            self._be_worker(number)
        self._workers[process] = number, time.monotonic()

    def _be_worker(self, number: int) -> NoReturn:
        code = 1
        try:
            os.close(self._held)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self._signals)
            self._work(number, self._watched)
            code = 0
        except MlflowException as error:
            print(f"Worker {number + 1}: {error}", file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _dead(self) -> set[int]:
        """Numbers of workers that have ended."""
        numbers = set()
        while self._workers:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                break
            number, started = self._workers.pop(process)
            lived = time.monotonic() - started
            self._failures = 0 if lived > 10 else self._failures + 1
            how = os.waitstatus_to_exitcode(status)
            reason = f"signal {-how}" if how < 0 else f"exit code {how}"
            _log.error("worker %d (process %d) ended: %s", number + 1, process, reason)
            numbers.add(number)
        return numbers

    def _stop(self) -> None:
        self._listener.close()
        for process in self._workers:
            os.kill(process, signal.SIGTERM)
        begun = time.monotonic()
        end = begun + self._settings.stop_timeout + 5
        while self._workers:
            process, _ = os.waitpid(-1, os.WNOHANG)
            if process:
                self._workers.pop(process, None)
                continue
            if signal.SIGINT in signal.sigpending():
                signal.sigwait({signal.SIGINT})
                if time.monotonic() - begun > _SAME_KEY:
                    end = 0.0
            if time.monotonic() > end:
                for process in self._workers:
                    os.kill(process, signal.SIGKILL)
                end = float("inf")
            time.sleep(0.01)
