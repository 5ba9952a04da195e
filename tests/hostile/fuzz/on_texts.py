"""What clients write in their own way: what they would like to get, how deep their JSON is, where to mail to."""

import json
from typing import Final

from cloud.identity.address_form import MAX_LENGTH, normalise
from cloud.json_shape import MAX_DEPTH, shape_problem
from cloud.registry.negotiation import is_person, language_for, media_weight, wants_html, wants_linkset, weighted

LANGUAGES: Final = ("en", "de", "de-CH")


def negotiations(data: bytes) -> None:
    """Accept and Accept-Language, a line each: weights within bounds, and always a language that there is."""
    accept, _, languages = data.decode("latin-1").partition("\n")
    wanted = weighted(accept)
    assert all(0 <= one.weight <= 1 and one.value == one.value.lower() for one in wanted)
    assert all(0 <= media_weight(wanted, kind) <= 1 for kind in ("text/html", "application/json", "*/*"))
    assert language_for(languages, LANGUAGES) in LANGUAGES
    assert not is_person("HEAD", {"accept": accept})
    assert isinstance(wants_html(wanted) and wants_linkset(wanted), bool)


def shapes(data: bytes) -> None:
    """A body of JSON: what is said to be shallow, is; so that no reader behind it runs out of its stack."""
    if shape_problem(data):
        return
    try:
        value = json.loads(data)
    except ValueError:
        return
    assert _depth(value) <= MAX_DEPTH


def emails(data: bytes) -> None:
    """An address as somebody typed it: none, or one that stays the same when it is typed again."""
    address = normalise(data.decode("utf-8", "replace"))
    if address is None:
        return
    assert normalise(address) == address
    assert address.isascii()
    assert address == address.lower()
    assert len(address) <= MAX_LENGTH
    name, _, host = address.rpartition("@")
    assert name
    assert host
    assert not any(mark in address for mark in "\r\n \t,;<>"), "nothing that a mail's header could be split by"


def _depth(value: object) -> int:
    deepest, level = 0, [value]
    while level:
        nested = [one for one in level if isinstance(one, dict | list)]
        deepest += bool(nested)
        level = [part for one in nested for part in (one.values() if isinstance(one, dict) else one)]
    return deepest
