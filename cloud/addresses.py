"""Which addresses we send people to: a plain one that every reader reads alike. Pure; nothing here calls any.

The cloud follows no address that a client gave it. It only hands such addresses on, as redirects and links.
"""

import re
from typing import Final
from urllib.parse import urlsplit

# Letters, digits and hyphens: no escape, and no letter of another alphabet that a browser would take for one of these.
# Other alphabets come as `xn--`.
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_PATH: Final = r"(?:[!$&'()*+,./:;=@_~A-Za-z0-9-]|%[0-9A-Fa-f]{2})*"
_AFTER: Final = _PATH.replace("./", "./?")
_PLAIN: Final = re.compile(rf"https?://[A-Za-z0-9.:-]+(?:/{_PATH})?(?:\?{_AFTER})?(?:#{_AFTER})?")
"""As RFC 3986 writes paths, queries and fragments: each other character stands there as an escape of two digits."""


def plain_host(address: str, schemes: tuple[str, ...] = ("https",)) -> str | None:
    """The host of an absolute address, in small letters; None when the address is not plain, or of another scheme.

    Not plain: control characters, spaces, backslashes, userinfo, a port other than the scheme's own, anything that is
    not ASCII, and what no URI of RFC 3986 holds there (quotes, brackets, `^`, `|`, half an escape, a second `#`). What
    browsers mend (`https:host`, `https:///host`, a tab within) is refused, as each mends it otherwise.
    """
    if _PLAIN.fullmatch(address) is None:
        return None
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    labels = (host or "").split(".")
    if parts.scheme not in schemes or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    return host if port in {None, {"https": 443, "http": 80}[parts.scheme]} else None
