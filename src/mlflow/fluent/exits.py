"""No run stays RUNNING after its process: what ends runs when nobody called `end_run`.

    end of the program        FINISHED
    uncaught exception        FAILED
    sys.exit with a code      FAILED
    Ctrl-C                    KILLED
    SIGTERM, SIGHUP           KILLED, and then the process dies of the signal as it would have

Runs of a thread that dies of an exception end FAILED at once. Processes of `multiprocessing`
leave without the usual exit, so they are told through its own.
"""

import _thread
import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, NoReturn

from mlflow.client import background
from mlflow.fluent import active

End = Callable[[active.OpenRun, str], None]

#: what asks a process to end: `kill`, a scheduler, a terminal or connection that is closed
_ASKING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
#: seconds that runs may take to end after a signal, and at the exit of a process that got one
_GRACE = 10.0

_end: End | None = None
_installed_in = 0
_fate: str | None = None
_terminating = threading.Event()
_ended = threading.Event()


def install(end: End) -> None:
    """Watch the end of this process; may be called often.

    Args:
        end: ends a run with a status.
    """
    global _end, _installed_in
    watch_signals()
    if _installed_in == os.getpid():
        return
    first, _installed_in = _installed_in == 0, os.getpid()
    _end = end
    if first:
        _watch_exceptions()
        _watch_exit_codes()
    _watch_multiprocessing()


def watch_signals() -> None:
    """Take the signals that end a process where nobody else has; a program's own handlers stay.

    Only the main thread may; so it is done early, for runs that are started in other threads.
    """
    if _terminating.is_set() or threading.current_thread() is not threading.main_thread():
        return  # a second signal is to kill at once
    for number in _ASKING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminate)


def carry_on() -> None:
    """Note that the program goes on, so an error that it met before was not its end."""
    global _fate
    _fate = None


def hold_if_terminating() -> None:
    """Begin nothing new in the moment in which the process dies of a signal."""
    if _terminating.is_set():
        threading.Event().wait(_GRACE)


def is_dying() -> bool:
    """Whether a signal ends this process: nothing may wait for a server then, before it is kept."""
    return _terminating.is_set()


def status_for(error: BaseException | None) -> str:
    """The status of a run whose code ended with this exception."""
    if _terminating.is_set() or isinstance(error, KeyboardInterrupt):
        return "KILLED"
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return "FINISHED"
    return "FAILED"


def _end_all(status: str, thread: threading.Thread | None = None) -> None:
    for opened in active.all_open():
        if _end is not None and thread in (None, opened.thread):
            try:
                _end(opened, status)
            except Exception as error:
                # The process ends here and nobody is left to catch it.
                print(f"mlflow: run {opened.run_id} was not ended: {error}", file=sys.stderr)


# At the import, so that what a program registers later, and may log there, comes before.
@atexit.register
def _at_exit() -> None:
    if _terminating.is_set():
        _ended.wait(_GRACE)
    _end_all("KILLED" if _terminating.is_set() else _fate or "FINISHED")


def _watch_exceptions() -> None:
    previous, previous_in_thread = sys.excepthook, threading.excepthook

    def noting_excepthook(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        global _fate
        _fate = status_for(error)
        previous(kind, error, trace)

    def ending_excepthook(args: threading.ExceptHookArgs) -> None:
        previous_in_thread(args)
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            _end_all(status_for(args.exc_value), threading.current_thread())

    sys.excepthook = noting_excepthook
    threading.excepthook = ending_excepthook


def _watch_exit_codes() -> None:
    # The interpreter tells nobody the code that it exits with; `sys.exit` is where it passes.
    leave = sys.exit

    def noting_exit(code: Any = None, /) -> NoReturn:
        global _fate
        if threading.current_thread() is threading.main_thread():
            _fate = None if code in (None, 0) else "FAILED"
        leave(code)

    sys.exit = noting_exit


def _terminate(number: int, frame: FrameType | None) -> None:
    # The main thread may hold any lock here, so another one does the work. It is started without
    # `threading`, whose locks the main thread may hold as well. A second signal kills at once.
    signal.signal(number, signal.SIG_DFL)
    if not active.any_open():
        os.kill(os.getpid(), number)
        return
    _terminating.set()
    _thread.start_new_thread(_end_and_die, (number,))
    _thread.start_new_thread(_die_after_grace, (number,))


def _end_and_die(number: int) -> None:
    try:
        ended: list[active.OpenRun] = []
        while active.any_open():  # the other threads go on meanwhile
            ended += active.all_open()
            _end_all("KILLED")
        for opened in ended:
            opened.logbook.settle()
        background.flush()
    finally:
        _ended.set()
        os.kill(os.getpid(), number)


def _die_after_grace(number: int) -> None:
    if not _ended.wait(_GRACE):
        os.kill(os.getpid(), number)


def _watch_multiprocessing() -> None:
    processes = sys.modules.get("multiprocessing.process")
    if processes is None or processes.parent_process() is None:
        return
    from multiprocessing.util import Finalize

    def leave() -> None:
        error = sys.exc_info()[1]
        _end_all(status_for(error) if error else _fate or "FINISHED")

    Finalize(None, leave, exitpriority=20)  # before the outbox, which has 10
