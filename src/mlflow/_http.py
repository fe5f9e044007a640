"""One HTTP session with one server: connections, retries, time-outs, login, TLS.

The session knows nothing of the API above it: it is given a method, a path and bytes, and gives
back a status and bytes. Connections are made in the process that uses them, so a forked child
starts with none of its parent's.
"""

import logging
import os
import random
import re
import socket
import threading
import time
import weakref
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from configparser import ConfigParser, Error as ConfigError
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

from mlflow import environment_variables as settings
from mlflow._addresses import hidden
from mlflow.exceptions import InvalidUrlException, MlflowException, invalid
from mlflow.version import VERSION

if TYPE_CHECKING:
    import urllib3

#: answers that may be different when asked again
PASSING = frozenset({408, 429, 500, 502, 503, 504})
#: those that asking again does not mend: "invalid state" has status 500 in this API, and a server
#: that is to serve only runs, or only artifacts, answers 503 to what is about the other
_LASTING = ((500, re.compile(rb'"INVALID_STATE"')), (503, re.compile(rb"^Endpoint\b.* disabled\b")))
_LONGEST_WAIT = 120.0
_LONGEST_RETRY_AFTER = 600.0
_REDIRECTS = frozenset({301, 302, 307, 308})
_MOST_REDIRECTS = 5
#: seconds that a request which must not hold up its caller may take to connect, and to answer
_IMPATIENT = (5.0, 30.0)
#: bytes of a streamed answer that are read at a time, and that are read of one that is an error
_PIECE = 1024 * 1024
_MOST_OF_ERROR = 64 * 1024

_logger = logging.getLogger(__name__)
_dice = random.Random()


class Answer(NamedTuple):
    """What the server answered.

    Args:
        kind: media type, without parameters.
        wait: seconds after which the server asks to be asked again, None when it does not.
    """

    status: int
    body: bytes
    kind: str
    wait: float | None


class Unanswered(Exception):
    """There was no answer: no connection, or it broke, or it took too long.

    Args:
        reason: in a few words.
        broke: whether there was a connection, which the other side ended.
    """

    def __init__(self, reason: str, *, broke: bool = False) -> None:
        super().__init__(reason)
        self.broke = broke


class Streamed:
    """An answer whose body is read piece by piece.

    Args:
        response: the answer, unread.
        raw: whether a body that is kept in some encoding is given as it is.
    """

    def __init__(self, response: "urllib3.BaseHTTPResponse", *, raw: bool = False) -> None:
        self._response = response
        self._start: bytes | None = None
        self._ended = False
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        # Without an encoding the bytes come as they are, and are not copied once more.
        self._decode = not raw and "Content-Encoding" in response.headers
        length = response.headers.get("Content-Length")
        #: bytes of the body, None when the server does not say
        self.size = int(length) if length is not None and length.isdigit() else None
        self.wait = _asked_wait(response.headers)

    @property
    def body(self) -> bytes:
        """The start of an answer that is an error."""
        return self.start() if self.status >= 300 else b""

    def start(self) -> bytes:
        """The first bytes of the body; they are taken out of `pieces`."""
        if self._start is None:
            self._start = self._read(_MOST_OF_ERROR)
        return self._start

    def pieces(self, most: int = _PIECE) -> Iterator[bytes]:
        """The body, up to `most` bytes at a time; Unanswered when it breaks off."""
        while piece := self._read(most):
            yield piece

    def lines(self) -> Iterator[bytes]:
        """The lines of the body as they come, without their ends; Unanswered when it breaks off."""
        from urllib3.exceptions import HTTPError

        # Older releases cannot give what is there without waiting for more.
        read = getattr(self._response, "read1", None)
        rest = b""
        while True:
            try:
                piece = read(_PIECE) if read is not None else self._response.read(1)
            except (HTTPError, OSError) as error:
                raise Unanswered(_reason(error), broke=True) from None
            if not piece:
                self._ended = True
                return
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines

    def _read(self, most: int) -> bytes:
        from urllib3.exceptions import HTTPError

        try:
            piece = self._response.read(most, decode_content=self._decode)
        except (HTTPError, OSError) as error:
            raise Unanswered(_reason(error), broke=True) from None
        self._ended = not piece
        return piece

    def close(self) -> None:
        """Give the connection back, or end it when something is still to come."""
        if not self._ended:
            self._response.close()
        self._response.release_conn()


#: what makes the pieces of a body; called again when it is sent again
Body = Callable[[], Iterable[bytes]]
Told = TypeVar("Told", Answer, Streamed)


class Session:
    """Requests to one server.

    Args:
        base: `http://` or `https://` address, with a path when the server lives below one. A user
            name and password in it are used for login.
        login: whether this server may be told who we are.
        store: whether it is no tracking server but a store that one names; our certificates and
            those that tracking servers are held against have nothing to do with it, and what it
            keeps in some encoding is given as it is.
        bundle: file of the certificates that a store is held against; the system's by default.
        unsafe: whether a store's certificate is not looked at.

    Raises:
        InvalidUrlException: the address cannot be asked.
    """

    def __init__(
        self,
        base: str,
        *,
        login: bool = True,
        store: bool = False,
        bundle: str | None = None,
        unsafe: bool = False,
    ) -> None:
        parts = urlsplit(base)
        self._tells_login = login and not store
        self._store = store
        self._tls = (bundle, unsafe) if store else None
        try:
            port = f":{parts.port}" if parts.port else ""
        except ValueError:  # its text may hold a part of a password
            raise InvalidUrlException(
                f"{hidden(base)!r} cannot be asked: its host or port is none."
            ) from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidUrlException(
                f"{hidden(base)!r} is no http:// or https:// address of a server."
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.origin = f"{parts.scheme}://{host}{port}"
        self.base = self.origin + parts.path.rstrip("/")
        self._prefix = parts.path.rstrip("/")
        self._user: tuple[str, str] | None = None
        if parts.username:
            self._user = unquote(parts.username), unquote(parts.password or "")
        #: what those who ask have found out about the server, each under a name of its own
        self.notes: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._pid = 0
        self._connected: tuple[urllib3.PoolManager, urllib3.HTTPConnectionPool | None] | None = None

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, retry: bool = True
    ) -> Answer:
        """The server's answer; one that may pass is asked for again unless `retry` is false.

        Args:
            path: path below the base, with the query.
            body: JSON.

        Raises:
            Unanswered: there was no answer, after all retries.
            MlflowException: the server's certificate is refused, or settings contradict.
        """
        headers = self._headers()
        if body is not None:
            headers["Content-Type"] = "application/json"

        seconds = settings.MLFLOW_HTTP_REQUEST_TIMEOUT.get()
        connect, read = (30.0, seconds) if retry else _IMPATIENT
        limits = min(connect, seconds), min(read, seconds)

        def once() -> Answer:
            response = self._response(method, path, body, headers, limits=limits)
            return _read(response.status, response.headers, response.data)

        return self._persistently(once, retry)

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: Body | None = None,
        *,
        retry: bool = True,
        silence: float | None = None,
        connect: float = 30.0,
    ) -> Iterator[Streamed]:
        """The server's answer with its body unread; for bodies of any size, both ways.

        Time-outs are about progress, never about the whole.

        Args:
            path, retry: see `ask`.
            headers: such as the body's `Content-Type` and `Content-Length`.
            body: makes its pieces, from the start at each call.
            silence: seconds without progress, by default those of every request.
            connect: seconds for the connection; never above `silence`.

        Raises:
            Unanswered, MlflowException: see `ask`.
        """
        given = self._headers() | (headers or {})
        seconds = settings.MLFLOW_HTTP_REQUEST_TIMEOUT.get() if silence is None else silence
        limits = min(connect, seconds), seconds

        def once() -> Streamed:
            return Streamed(
                self._response(method, path, body, given, limits=limits, preload_content=False),
                raw=self._store,
            )

        streamed = self._persistently(once, retry)
        try:
            yield streamed
        finally:
            streamed.close()

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": f"mlflow-python-client/{VERSION}"}
        headers["X-MLflow-Client-Version"] = VERSION
        if login := self._login():
            headers["Authorization"] = login
        return headers

    def _persistently(self, once: Callable[[], Told], retry: bool) -> Told:
        """The answer of one request, made again while it fails in passing."""
        most = settings.MLFLOW_HTTP_REQUEST_MAX_RETRIES.get() if retry else 0
        attempt = 0
        while True:
            try:
                answer = once()
                if attempt >= most or not may_pass(answer):
                    return answer
                reason, asked = f"it answered with status {answer.status}", answer.wait
                if isinstance(answer, Streamed):
                    answer.close()
            except Unanswered as error:
                if attempt >= most:
                    raise
                reason, asked = str(error), None
            wait = _wait(attempt, asked)
            attempt += 1
            level = logging.WARNING if attempt == 1 else logging.DEBUG
            text = "%s: %s. Trying again up to %d times, next in %.1f s."
            _logger.log(level, text, self.base, reason, most, wait)
            time.sleep(wait)

    def _response(
        self,
        method: str,
        path: str,
        body: "bytes | Body | None",
        headers: dict[str, str],
        *,
        limits: tuple[float, float],
        preload_content: bool = True,
    ) -> "urllib3.BaseHTTPResponse":
        """One request, and those that it is redirected to."""
        import urllib3
        from urllib3.exceptions import HTTPError, ProtocolError, SSLError

        manager, pool = self._connections()
        timeout = urllib3.Timeout(connect=limits[0], read=limits[1])
        address = self.base + path
        # The manager finds the connections of an address, or the proxy's; knowing them is faster.
        send: Callable[..., urllib3.BaseHTTPResponse]
        send, target = (
            (manager.urlopen, address) if pool is None else (pool.urlopen, self._prefix + path)
        )
        broken = 0
        redirects = 0
        while True:
            try:
                response = send(
                    method,
                    target,
                    body=body() if callable(body) else body,
                    headers=headers,
                    retries=False,
                    redirect=False,
                    timeout=timeout,
                    preload_content=preload_content,
                )
            except SSLError as error:
                advice = "Name its CA bundle with MLFLOW_TRACKING_SERVER_CERT_PATH."
                if "WRONG_VERSION_NUMBER" in str(error):  # so OpenSSL calls plain HTTP
                    advice = "It does not speak TLS; perhaps its address begins with http://."
                raise MlflowException(
                    f"{self.origin} cannot be asked safely: {error}. {advice}"
                ) from None
            except ProtocolError as error:
                # An idle connection that the server closed at this very moment: a fresh one works.
                broken += 1
                if broken > 1:
                    raise Unanswered(_reason(error), broke=True) from None
                continue
            except (HTTPError, OSError) as error:
                raise Unanswered(_reason(error)) from None
            place = response.headers.get("Location")
            if response.status not in _REDIRECTS or not place:
                return response
            if not preload_content:
                response.close()
            redirects += 1
            if redirects > _MOST_REDIRECTS:
                raise InvalidUrlException(f"{self.base} redirects more than {redirects - 1} times.")
            origin = _origin(address)
            address = urljoin(address, place)
            headers = _redirected(headers, origin, address)
            send, target = manager.urlopen, address

    def _connections(self) -> "tuple[urllib3.PoolManager, urllib3.HTTPConnectionPool | None]":
        """The connections of this process, and those to the server unless a proxy is between."""
        import urllib3

        if self._connected is None or self._pid != os.getpid():
            # A fork may have copied the lock while another thread of the parent held it.
            if self._pid not in (0, os.getpid()):
                self._lock = threading.Lock()
            with self._lock:
                if self._connected is None or self._pid != os.getpid():
                    manager = _manager(self.base, self._tls)
                    proxied = isinstance(manager, urllib3.ProxyManager)
                    pool = None if proxied else manager.connection_from_url(self.base)
                    self._connected = manager, pool
                    self._pid = os.getpid()
        return self._connected

    def _login(self) -> str | None:
        """The Authorization header: from the address, the environment or the credentials file."""
        if not self._tells_login:
            return None
        if self._user:
            return _basic(*self._user)
        if token := settings.MLFLOW_TRACKING_TOKEN.get():
            return f"Bearer {token}"
        name = settings.MLFLOW_TRACKING_USERNAME.get()
        password = settings.MLFLOW_TRACKING_PASSWORD.get()
        if not (name and password):
            stored = stored_credentials()
            name, password = name or stored[0], password or stored[1]
        return _basic(name, password) if name and password else None


def may_pass(answer: "Answer | Streamed") -> bool:
    """Whether the same request may be answered differently a little later."""
    return answer.status in PASSING and not any(
        answer.status == status and words.search(answer.body[:200]) for status, words in _LASTING
    )


_credentials: tuple[Path, float, tuple[str | None, str | None]] | None = None


def stored_credentials() -> tuple[str | None, str | None]:
    """User name and password in `~/.mlflow/credentials`, None where there are none."""
    global _credentials
    path = Path.home() / ".mlflow" / "credentials"
    try:
        changed = path.stat().st_mtime
    except OSError:
        return None, None
    if _credentials is None or _credentials[:2] != (path, changed):
        file = ConfigParser(interpolation=None)
        try:
            file.read(path, encoding="utf-8")
        except (ConfigError, OSError, UnicodeError) as error:
            raise invalid(f"{path} cannot be read: {error}.") from None
        found = dict(file["mlflow"]) if file.has_section("mlflow") else {}
        pair = (found.get("mlflow_tracking_username"), found.get("mlflow_tracking_password"))
        _credentials = (path, changed, pair)
    return _credentials[2]


def _basic(name: str, password: str) -> str:
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


def _manager(base: str, tls: tuple[str | None, bool] | None) -> "urllib3.PoolManager":
    """Connections with the settings of the environment.

    Args:
        tls: the bundle of certificates, and whether none is looked at, of a store; None for a
            tracking server, which has settings for it.
    """
    import urllib3

    bundle, unsafe = tls or (
        settings.MLFLOW_TRACKING_SERVER_CERT_PATH.get(),
        settings.MLFLOW_TRACKING_INSECURE_TLS.get(),
    )
    if bundle and unsafe:
        raise invalid(
            "MLFLOW_TRACKING_INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH are both set: "
            "unset one of them."
        )
    options: dict[str, object] = {
        "maxsize": settings.MLFLOW_HTTP_POOL_MAXSIZE.get(),
        "block": True,  # waits for a free connection; without it surplus ones are made and dropped
        "socket_options": _socket_options(),
    }
    if base.startswith("https:"):
        options |= {
            "cert_reqs": "CERT_NONE" if unsafe else "CERT_REQUIRED",
            "ca_certs": bundle,
            "cert_file": None if tls else settings.MLFLOW_TRACKING_CLIENT_CERT_PATH.get(),
        }
        if unsafe:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    proxy = _proxy(base)
    if proxy is None:
        return _open_to_the_end(urllib3.PoolManager(**options))  # type: ignore[arg-type]
    user = urlsplit(proxy)
    headers = None
    if user.username:
        login = _basic(unquote(user.username), unquote(user.password or ""))
        headers = {"Proxy-Authorization": login}
    return _open_to_the_end(
        urllib3.ProxyManager(proxy, proxy_headers=headers, **options)  # type: ignore[arg-type]
    )


def _open_to_the_end(manager: "urllib3.PoolManager") -> "urllib3.PoolManager":
    """Let the connections of a manager serve until the process is gone.

    urllib3 empties its pools by `atexit`, and an empty pool makes the next request wait for ever;
    yet at the exit somebody may still have something to send.
    """
    make = manager._new_pool  # urllib3 documents it as the place for customization

    def make_lasting(*args: Any, **kwargs: Any) -> "urllib3.HTTPConnectionPool":
        pool = make(*args, **kwargs)
        for reference in weakref.getweakrefs(pool):
            if isinstance(reference.__callback__, weakref.finalize):
                reference.__callback__.atexit = False
        return pool

    manager._new_pool = make_lasting  # type: ignore[method-assign]
    return manager


def _proxy(base: str) -> str | None:
    """The proxy that the environment names for an address."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(base)
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return found if "://" in found else f"http://{found}"


def _socket_options() -> list[tuple[int, int, int]]:
    options = [
        # Small requests must not wait for the acknowledgement of the one before.
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    ]
    # Idle connections are asked after 30 s whether they live, so a dead one is noticed.
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options


def _read(status: int, headers: "urllib3.HTTPHeaderDict", body: bytes) -> Answer:
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Answer(status, body, kind, _asked_wait(headers))


def _asked_wait(headers: "urllib3.HTTPHeaderDict") -> float | None:
    """The seconds after which the server asks to be asked again."""
    if settings.MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER.get() and "Retry-After" in headers:
        return _retry_after(headers["Retry-After"])
    return None


def _retry_after(text: str) -> float | None:
    """The seconds that a Retry-After header asks for; it holds seconds or a date."""
    from email.utils import parsedate_to_datetime

    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER) if seconds == seconds else None


def _wait(attempt: int, asked: float | None) -> float:
    """Seconds before the next attempt; they double, and chance keeps clients from marching."""
    if asked is not None:
        return asked
    factor = settings.MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR.get()
    jitter = settings.MLFLOW_HTTP_REQUEST_BACKOFF_JITTER.get()
    return min(factor * 2.0**attempt, _LONGEST_WAIT) + _dice.uniform(0, jitter)


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port


def _redirected(
    headers: dict[str, str], origin: tuple[str, str | None, int | None], address: str
) -> dict[str, str]:
    """The headers for the next hop: the login stays with the server that it is meant for."""
    scheme, host, port = _origin(address)
    if scheme not in ("http", "https") or (origin[0], scheme) == ("https", "http"):
        shown = hidden(address.partition("?")[0])  # what follows may be a signature
        raise InvalidUrlException(f"The server redirects to {shown!r}, which is not followed.")
    # The same host on its standard TLS port is the usual step from http to https.
    upgraded = origin[0] == "http" and scheme == "https" and host == origin[1]
    if (scheme, host, port) == origin or (upgraded and port in (None, 443)):
        return headers
    return {name: value for name, value in headers.items() if name != "Authorization"}


def _reason(error: BaseException) -> str:
    """The cause in a few words, without the library's object addresses."""
    while error.__context__ is not None and not isinstance(error, OSError):
        error = error.__context__
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    text = str(error)
    return text.rpartition(": ")[2] if "object at 0x" in text else text or type(error).__name__
