"""Which hosts and origins a request may name.

A web page anywhere can make a browser send requests to a server on the user's own machine. Two
things stop it: the Host header must name this server, so that a foreign name that was made to
point here (DNS rebinding) is refused, and the Origin header of a request that changes something
must be one that is trusted. Both are parsed and compared as names and addresses, never as text,
so that `127.0.0.1.evil.com`, `localhost@evil.com` or `0x7f.1` are what they are.
"""

import re
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import msgspec

from mlflow.exceptions import invalid

Address = IPv4Address | IPv6Address
#: methods that change nothing
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?")
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]{0,20})://(.+)")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Addresses that lead no further than the own network. A page from elsewhere cannot carry them as
# its own name, so a Host header with one of them is not rebinding.
_PRIVATE = [
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
]
_MEMORY = 1024


class Authority(msgspec.Struct, frozen=True):
    """A parsed `host[:port]`: `address` is set when the host is an IP address."""

    name: str
    address: Address | None
    port: int | None

    @property
    def is_loopback(self) -> bool:
        """Whether it names the machine that it is sent from."""
        if self.address is not None:
            return self.address.is_loopback
        return self.name == "localhost" or self.name.endswith(".localhost")


Matcher = Callable[[Authority], bool]


def parse_authority(text: str) -> Authority | None:
    """The parts of `host[:port]`, or None when it is not exactly that."""
    match = _AUTHORITY.fullmatch(text)
    if not match:
        return None
    in_brackets, name, digits = match.groups()
    port = int(digits) if digits else None
    if port is not None and port > 65535:
        return None
    if in_brackets:
        return _addressed(in_brackets, port, IPv6Address)
    name = name.lower().removesuffix(".")
    labels = name.split(".")
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        # What ends in a number is an address to a browser; only the plain spelling is accepted.
        return _addressed(name, port, IPv4Address)
    if not all(_LABEL.fullmatch(label) for label in labels):
        return None
    return Authority(name, None, port)


def _addressed(text: str, port: int | None, kind: type[Address]) -> Authority | None:
    try:
        address: Address = kind(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return Authority(str(address), address, port)


class Hosts:
    """Decides about Host and Origin headers.

    Args:
        allowed: further hosts: names, `*.example.com`, addresses, networks (`10.1.0.0/16`),
            `192.168.*`, each with `:port` if only that one is meant; `*` for any. Without any,
            addresses of private networks are allowed. The machine itself always is.
        origins: origins whose pages may change things and read answers, as
            `https://app.example.com`, with the same wildcards; `*` for any. The server's own
            pages and pages on `localhost` always may.
        bound: the address that the server listens on.
        enabled: False lets everything through.
    """

    def __init__(
        self,
        allowed: Sequence[str] = (),
        origins: Sequence[str] = (),
        *,
        bound: str = "127.0.0.1",
        enabled: bool = True,
    ) -> None:
        self._enabled = enabled
        own = parse_authority(f"[{bound}]" if ":" in bound and "[" not in bound else bound)
        self._matchers: list[Matcher] = [
            _is_bound(own),
            *([_host_matcher(text) for text in allowed] or [_is_private]),
        ]
        self._origins = [_origin_matcher(text) for text in origins]
        self._known_hosts: dict[bytes, bool] = {}
        self._known_origins: dict[tuple[bytes, bytes], bool] = {}

    def allows_host(self, host: bytes) -> bool:
        """Whether the value of a Host header names this server."""
        known = self._known_hosts.get(host)
        if known is None:
            if len(self._known_hosts) >= _MEMORY:
                self._known_hosts.clear()
            known = self._known_hosts[host] = self._judge_host(host)
        return known

    def allows_origin(self, origin: bytes, host: bytes) -> bool:
        """Whether a page of `origin` may change things on the server that it knows as `host`."""
        known = self._known_origins.get((origin, host))
        if known is None:
            if len(self._known_origins) >= _MEMORY:
                self._known_origins.clear()
            known = self._known_origins[origin, host] = self._judge_origin(origin, host)
        return known

    def _judge_host(self, header: bytes) -> bool:
        if not self._enabled:
            return True
        host = _authority_of(header)
        if host is None:
            return False
        return host.is_loopback or any(matches(host) for matches in self._matchers)

    def _judge_origin(self, header: bytes, host_header: bytes) -> bool:
        if not self._enabled:
            return True
        if header == b"null":  # sandboxed frames and local files, of which anybody can have one
            return False
        match = _ORIGIN.fullmatch(header.decode("latin-1"))
        origin = parse_authority(match[2]) if match else None
        if match is None or origin is None:
            return False
        scheme = match[1]
        if scheme in _DEFAULT_PORTS:
            host = _authority_of(host_header)
            if host and host.name == origin.name and _port(origin) == _port(host):
                return True
            if origin.is_loopback:
                return True
        return any(matches(scheme, origin) for matches in self._origins)


def _authority_of(header: bytes) -> Authority | None:
    return parse_authority(header.decode("latin-1"))


def _port(authority: Authority) -> int | None:
    """The port, None for the usual ones: behind a proxy the server cannot know which it is."""
    return None if authority.port in (80, 443) else authority.port


def _is_private(host: Authority) -> bool:
    address = host.address
    return address is not None and any(address in network for network in _PRIVATE)


def _is_bound(own: Authority | None) -> Matcher:
    return lambda host: own is not None and host.name == own.name


def _host_matcher(text: str) -> Matcher:
    """What one entry of the list of allowed hosts means; MlflowException if it means nothing."""
    if text == "*":
        return lambda host: True
    pattern, port = text.lower(), None
    if found := re.fullmatch(r"(\[.*\]|[^:]*):(\d+|\*)", pattern):
        pattern, port = found[1], None if found[2] == "*" else int(found[2])
    if bracketed := re.fullmatch(r"\[([0-9a-f:.]+)\]", pattern):
        pattern = bracketed[1]
    by_name = _name_matcher(pattern)
    if by_name is None:
        raise invalid(
            f"{text!r} is no host that could be allowed: give a name, an address or a network, "
            "such as mlflow.example.com, *.example.com, 192.168.* or 10.1.0.0/16."
        )
    return lambda host: (port is None or host.port == port) and by_name(host)


def _name_matcher(pattern: str) -> Matcher | None:
    try:
        if "/" in pattern:
            network = ip_network(pattern)
            return lambda host: host.address is not None and host.address in network
        if ":" in pattern or re.fullmatch(r"[\d.]+", pattern):
            address = ip_address(pattern)
            return lambda host: host.address == address
    except ValueError:
        return None
    if not re.fullmatch(r"[a-z0-9_.*-]+", pattern):
        return None
    if re.fullmatch(r"\d[\d.*]*", pattern):
        # A pattern of an address: it must never match a name such as 192.168.evil.com.
        digits = re.compile(re.escape(pattern).replace(r"\*", r"[0-9.]+"))
        return lambda host: host.address is not None and bool(digits.fullmatch(host.name))
    start, rest = (r"(?:[^.]+\.)+", pattern[2:]) if pattern.startswith("*.") else ("", pattern)
    name = re.compile(start + re.escape(rest.removesuffix(".")).replace(r"\*", "[^.]*"))
    return lambda host: host.address is None and bool(name.fullmatch(host.name))


def _origin_matcher(text: str) -> Callable[[str, Authority], bool]:
    if text == "*":
        return lambda scheme, origin: True
    scheme, separator, rest = text.lower().rstrip("/").partition("://")
    if not separator:
        raise invalid(
            f"{text!r} is no origin: give scheme, host and port, as in https://app.example.com."
        )
    default = _DEFAULT_PORTS.get(scheme)
    found = re.fullmatch(r"(\[.*\]|[^:]*):(\d+|\*)", rest)
    host, port = (found[1], found[2]) if found else (rest, None)
    matches = _host_matcher(host)

    def judge(given_scheme: str, origin: Authority) -> bool:
        if given_scheme != scheme or not matches(Authority(origin.name, origin.address, None)):
            return False
        wanted = default if port is None else port
        return wanted == "*" or (origin.port or default) == (int(wanted) if wanted else None)

    return judge
