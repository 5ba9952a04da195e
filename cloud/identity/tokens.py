"""The form of phones' tokens, and what can be told from a token alone.

    tls_ | selector, 128 bits, the session's | secret, 256 bits, its own | check, 128 bits

`tls_` is an access token, `tlr_` a refresh token. The check is a keyed hash over the rest: it tells a token that we
made, and that has been replaced since, from one that somebody made up, and so a theft from a slip of the pen.
"""

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from typing import Final

from cloud.registry import codes
from cloud.secrets import Keys

ACCESS, REFRESH, VISIT = "tls_", "tlr_", "tlv_"
_FORM: Final = re.compile(r"tl[sr]_([A-Za-z0-9_-]{22})[A-Za-z0-9_-]{43}([A-Za-z0-9_-]{22})")
_CHECK_CHARS: Final = 22
FAMILY_CHARS: Final = 26
"""So many characters at the beginning all tokens of one kind have in common in a session, however often it renews them.
"""


def selector_of(token: str) -> str | None:
    """The part that all tokens of the session share; None for a token without one."""
    form = _FORM.fullmatch(token)
    return None if form is None else form[1]


def is_genuine(keys: Keys, token: str) -> bool:
    """We made this token once. Says nothing of whether it still counts.

    A token from before there were two kinds has no check; its family is itself, and a stranger cannot guess it.
    """
    form = _FORM.fullmatch(token)
    if form is None:
        return token.startswith(ACCESS)
    return hmac.compare_digest(form[2], _check(keys, token[:-_CHECK_CHARS]))


def family_of(token: str) -> bytes:
    """What its session is found by."""
    form = _FORM.fullmatch(token)
    return codes.token_hash(token if form is None else form[1])


def is_access(token: str) -> bool:
    """An access token is none to refresh with; but one from before there were two kinds is."""
    return token.startswith(ACCESS) and _FORM.fullmatch(token) is not None


def new_token(keys: Keys, prefix: str, selector: str) -> str:
    """A fresh token of the session with this selector."""
    body = prefix + selector + secrets.token_urlsafe(32)
    return body + _check(keys, body)


def _check(keys: Keys, body: str) -> str:
    return urlsafe_b64encode(keys.mac(f"token:{body}")[:16]).decode().rstrip("=")
