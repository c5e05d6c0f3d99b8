"""One page or feed is fetched from the address that a person named: bounded, and never from a private network.

The host is looked up once, all its addresses must be public, and the connection goes to one of those: a name that
resolves to another address the second time (DNS rebinding) leads nowhere else. No proxies and no cookies are used.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import httpcore

from index.errors import InputError, RagError

MAX_BYTES = 10_000_000  # of a page, unpacked
MAX_REDIRECTS = 5
SECONDS = 60  # for all of it
_WAIT = {"connect": 10.0, "read": 20.0, "write": 10.0, "pool": 10.0}
_HEADERS: dict[bytes | str, bytes | str] = {
    "User-Agent": "rag-articles (a person asked for this page)",
    "Accept-Encoding": "gzip",
    "Accept": "*/*",
}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Fetched:
    """What was fetched from an address.

    Attributes:
        url: the address after all redirects.
        kind: its media type, in lower case.
        charset: the encoding that the server names; empty if it names none.
    """

    url: str
    kind: str
    charset: str
    data: bytes


class _Guarded(httpcore.NetworkBackend):
    """Connects only to public addresses, or to any address of the one host that is allowed."""

    def __init__(self, allowed: str | None) -> None:
        self._allowed, self._inner = allowed, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        address = _address(host, port, host == self._allowed)
        return self._inner.connect_tcp(address, port, timeout, local_address, socket_options)


def fetch(url: str, private: str | None = None) -> Fetched:
    """Fetch an address, following at most five redirects.

    Args:
        private: the one host that may be on this machine or a private network.

    Raises:
        InputError: it is not a web address, or it leads to a private network.
        RagError: it could not be fetched, or is too large.
    """
    end = time.monotonic() + SECONDS
    with httpcore.ConnectionPool(network_backend=_Guarded(private), ssl_context=_certificates()) as pool:
        for _ in range(MAX_REDIRECTS + 1):
            url = _plain(url)
            try:
                found = _get(pool, url, end)
            except (
                httpcore.NetworkError,
                httpcore.TimeoutException,
                httpcore.ProtocolError,
                OSError,
                zlib.error,
            ) as error:
                raise RagError(
                    f"{url} could not be fetched: {error}.", "Check the address and the connection."
                ) from error
            if isinstance(found, Fetched):
                return found
            url = urljoin(url, found)
    raise RagError(f"{url} is redirected more than {MAX_REDIRECTS} times.", "Give the address that it ends at.")


def host_of(url: str) -> str:
    """The host of a web address, as it is looked up.

    Raises:
        InputError: it is not a web address.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode() if not _is_number(parts.hostname) else parts.hostname
        usable = parts.scheme in ("http", "https") and host and not parts.username and parts.port != 0
        usable = usable and not re.search(r"[\s\x00-\x1f\x7f]", url)
    except ValueError:
        usable = False
    if not usable or not host or len(url) > 2_000:
        raise InputError(
            f"{url!r:.200} is not the address of a page.", "Give one that begins with https:// or http://."
        )
    return host


def _plain(url: str) -> str:
    """The address percent-encoded as it is requested, without its fragment."""
    host_of(url)
    parts = urlsplit(url)
    netloc = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    path, query = (quote(part, safe="%/:=&~+!$,;'@()*?") for part in (parts.path or "/", parts.query))
    return urlunsplit((parts.scheme, netloc, path, query, ""))


def _is_number(host: str | None) -> bool:
    try:
        return bool(ipaddress.ip_address(host or ""))
    except ValueError:
        return False


def _certificates() -> ssl.SSLContext:
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


def _get(pool: httpcore.ConnectionPool, url: str, end: float) -> Fetched | str:
    """What one request brings, or the address that it redirects to."""
    with pool.stream("GET", url, headers=_HEADERS, extensions={"timeout": _WAIT}) as answer:
        said = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
        if answer.status in (301, 302, 303, 307, 308) and said.get("location"):
            return said["location"]
        if answer.status != 200:
            raise RagError(f"{url} answered {answer.status}.", "Open it in a browser, save the page and add the file.")
        packed = said.get("content-encoding", "identity").lower()
        if packed not in ("identity", "gzip"):
            raise RagError(f"{url} is packed as {packed!r:.40}.", "Save the page in a browser and add the file.")
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if packed == "gzip" else None
        data = bytearray()
        for part in answer.iter_stream():
            data += unpack.decompress(part, MAX_BYTES + 1 - len(data)) if unpack else part
            if len(data) > MAX_BYTES or (unpack and unpack.unconsumed_tail):
                raise RagError(f"{url} has more than {MAX_BYTES:,} bytes.", "Save what you need of it as a file.")
            if time.monotonic() > end:
                raise RagError(f"{url} took more than {SECONDS} s.", "Try again, or save the page and add the file.")
    kind, _, rest = said.get("content-type", "").lower().partition(";")
    charset = next((p.partition("=")[2].strip(" \"'") for p in rest.split(";") if p.strip().startswith("charset=")), "")
    return Fetched(url, kind.strip(), charset, bytes(data))


def _address(host: str, port: int, allowed: bool) -> str:
    """An IP address of the host; all of them must be public, unless the host is allowed to be private."""
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError as error:
        raise RagError(f"There is no host {host} ({error}).", "Check the address and the connection.") from error
    for address in found:
        if not allowed and not is_public(address):
            raise InputError(
                f"{host} is at {address}, on this machine or a private network.",
                "Nothing is fetched from there unless you ask for it: rag articles add URL --private",
            )
    return found[0]


def is_public(address: str) -> bool:
    """Whether an address is public, also when it embeds another one (IPv4 in IPv6)."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if ip.teredo or ip.is_site_local or (inner and not is_public(str(inner))):
            return False
        if inner:
            return True
    return ip.is_global and not ip.is_multicast and not ip.is_reserved
