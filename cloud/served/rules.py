"""The form in which a menu that was shown is kept: its bytes and its situation, small. Pure."""

import base64
import zlib
from typing import NamedTuple

import msgspec


class Shown(NamedTuple):
    """menu: the very bytes that the phone got, JSON. situation: what it was made of, JSON."""

    menu: bytes
    situation: bytes


class _Kept(msgspec.Struct, frozen=True):
    menu: msgspec.Raw
    situation: msgspec.Raw


def pack(shown: Shown) -> str:
    """Both as one text: a quarter of their size."""
    whole = msgspec.json.encode(_Kept(msgspec.Raw(shown.menu), msgspec.Raw(shown.situation)))
    return base64.b64encode(zlib.compress(whole)).decode()


def unpack(text: str) -> Shown:
    """What `pack` packed."""
    kept = msgspec.json.decode(zlib.decompress(base64.b64decode(text)), type=_Kept)
    return Shown(bytes(kept.menu), bytes(kept.situation))
