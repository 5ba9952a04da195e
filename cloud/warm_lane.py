"""The short way of the one call that phones make all day: a warm menu is answered where the request was read.

Between the parser and a route stand a task, a scope, seven guards and two sends; they cost three times what the menu
does. So a request for a menu that is warm is answered before any of that, by the same rules: who calls, how often, from
where, with which headers. Whatever is not as ordinary as can be goes the long way and is judged there, refusals too.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from cloud.headers import Header, completed
from cloud.limits import RateLimit, token_in
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters
from cloud.proxies import FORWARDED_FOR, FORWARDING, Ours
from mobile_menu.service import Served
from mobile_menu.streams import MAX_ID, MAX_TAGS, MAX_TOKEN, etag_matches, language_of, menu_headers

URL: Final = b"/menu/v1/menu?journey="
MAX_HEADERS: Final = 32
_READ: Final = frozenset({b"host", b"authorization", b"accept-language", b"if-none-match", FORWARDED_FOR})
_UNUSUAL: Final = frozenset({b"content-length", b"content-type", b"transfer-encoding", b"expect", b"upgrade"})
_SAID_EACH_TIME: Final = frozenset({b"etag", b"content-length"})


class Menus(Protocol):
    """What is in memory: `MenuService`."""

    def warm_menu(self, token: str, language: str, journey_id: str) -> Served | None: ...


class WarmLane:
    """Answers a request for a warm menu, whole; or says None, and has then changed nothing.

    https: our address is an https one. For one thread: the event loop's.
    """

    def __init__(self, menus: Menus, rates: RateLimit, meters: Meters, proxies: Ours, *, https: bool) -> None:
        self._menus = menus
        self._rates = rates
        self._meters = meters
        self._proxies = proxies
        self._menu_tail = _always(menu_headers(Served("", b"")), https=https)
        self._same_tail = _always(menu_headers(Served("", b""), same=True), https=https)

    def answer(self, url: bytes, headers: Sequence[Header], peer: str, also: Iterable[Header] = ()) -> bytes | None:
        """To a GET by HTTP/1.1 that has no body and keeps its connection. headers: names in lower case. peer: the
        address at the other end. also: the server's own headers, such as the date.
        """
        journey = url[len(URL) :]
        if not url.startswith(URL) or len(journey) > MAX_ID or not journey.isalnum():
            return None
        read = _read(headers)
        if read is None:
            return None
        token = token_in(read.get(b"authorization", b""))
        host = self._client(peer, read)
        if host is None or not token or len(token) > MAX_TOKEN:
            return None
        language = language_of(read.get(b"accept-language", b"").decode("latin-1"))
        served = self._menus.warm_menu(token.decode("latin-1"), language, journey.decode())
        if served is None or not self._rates.admits(host, token):
            return None
        return self._written(served, read.get(b"if-none-match", b""), also)

    def _client(self, peer: str, read: dict[bytes, bytes]) -> str | None:
        """Whose call it is; None: somebody says so whose word does not count."""
        if FORWARDED_FOR not in read:
            return peer
        return self._proxies.client(peer, read[FORWARDED_FOR]) if self._proxies.trusts(peer) else None

    def _written(self, served: Served, if_none_match: bytes, also: Iterable[Header]) -> bytes:
        etag = served.etag.encode()
        first = b"".join([b"%s: %s\r\n" % one for one in also])
        if if_none_match and etag_matches(if_none_match[:MAX_TAGS].decode("latin-1"), served.etag):
            self._meters.add(catalogue.RESPONSES, label="3xx")
            return b'HTTP/1.1 304 Not Modified\r\n%setag: "%s"\r\n%s\r\n' % (first, etag, self._same_tail)
        self._meters.add(catalogue.RESPONSES, label="2xx")
        body = served.body
        head = (first, etag, len(body), self._menu_tail, body)
        return b'HTTP/1.1 200 OK\r\n%setag: "%s"\r\ncontent-length: %d\r\n%s\r\n%s' % head


def _read(headers: Sequence[Header]) -> dict[bytes, bytes] | None:
    """The headers that count here; None when one of them is there twice, or one asks for something else."""
    if len(headers) > MAX_HEADERS:
        return None
    read: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _READ:
            if name in read:
                return None
            read[name] = value
        elif name in _UNUSUAL or name in FORWARDING:
            return None
    return read


def _always(headers: list[Header], *, https: bool) -> bytes:
    """What every such answer says in the same words."""
    said = (b"%s: %s\r\n" % one for one in completed(headers, https=https) if one[0] not in _SAID_EACH_TIME)
    return b"".join(said)
