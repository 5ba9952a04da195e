"""What people print, type and import: Digital Links, claim codes, files of units. Accepted once means accepted always,
in one canonical form.
"""

import codecs
from itertools import pairwise
from typing import Final

from cloud.registry.codes import ALPHABET, CODE_LENGTH, display, normalise
from cloud.registry.gs1 import (
    DigitalLink,
    Gs1Problem,
    check_gtin,
    check_serial,
    digital_link,
    link_from_elements,
    parse_digital_link,
)
from cloud.registry.importing import BadRow, ImportForm, MoreBadRows, Outcome, Row, read_units
from mobile_menu.rules.digital_link import unit_of_uri

MAX_FAULTS: Final = 20


def links(data: bytes) -> None:
    """A URI: a problem with a code, or a link whose canonical form is itself."""
    uri = data.decode("latin-1")
    found = parse_digital_link(uri)
    if isinstance(found, Gs1Problem):
        assert found.code
        assert found.detail
        return
    canonical = found.canonical()
    again = parse_digital_link(canonical)
    assert isinstance(again, DigitalLink), (canonical, again)
    assert again.canonical() == canonical
    assert again.path == found.path
    codes = [element.ai for element in (*found.path, *found.attributes)]
    assert len(set(codes)) == len(codes), "each AI says one thing"
    assert sorted(again.attributes) == sorted(found.attributes)
    if found.gtin is not None and found.serial is not None:
        assert isinstance(check_gtin(found.gtin), str)
        assert isinstance(check_serial(found.serial), str)
        ours = digital_link("https://id.example", found.gtin, found.serial)
        built = parse_digital_link(ours)
        assert isinstance(built, DigitalLink)
        assert (built.gtin, built.serial) == (found.gtin, found.serial)
        named = unit_of_uri(ours)
        assert named is not None, "the phone reads every label that we print"
        assert (named.gtin, named.serial) == (found.gtin, found.serial)
    rebuilt = link_from_elements((*found.path, *found.attributes))
    assert isinstance(rebuilt, Gs1Problem) or isinstance(parse_digital_link(rebuilt.canonical()), DigitalLink)


def phone_links(data: bytes) -> None:
    """The phone's own reading of a URI, which is laxer: an answer, whatever stands there."""
    named = unit_of_uri(data.decode("utf-8", "replace"))
    if named is not None:
        assert len(named.gtin) == 14
        assert named.gtin.isdigit()
        assert named.serial


def claim_codes(data: bytes) -> None:
    """What somebody typed: no code, or one that is typed back as it is printed."""
    code = normalise(data.decode("utf-8", "surrogatepass") if _whole(data) else data.decode("utf-8", "replace"))
    if code is None:
        return
    assert len(code) == CODE_LENGTH
    assert set(code) <= set(ALPHABET)
    assert normalise(display(code)) == normalise(display(code).lower()) == normalise(code) == code


def imports(data: bytes) -> None:
    """A file of units: the same rows and the same faults, however the file is cut while it is read."""
    form = ImportForm.CSV if data[:1] < b"\x80" else ImportForm.JSON_LINES
    size, content = (data[1] % 7 + 1 if len(data) > 1 else 1), data[2:]
    whole = list(read_units([content], form, max_bad_rows=MAX_FAULTS))
    parts = [content[at : at + size] for at in range(0, len(content), size)]
    assert list(read_units(parts, form, max_bad_rows=MAX_FAULTS)) == whole
    _sound(whole, lines=content.count(b"\n") + 1)


def _sound(found: list[Outcome], lines: int) -> None:
    rows = [one for one in found if isinstance(one, Row)]
    faults = [one for one in found if isinstance(one, BadRow)]
    assert len(found) - len(rows) - len(faults) <= 1
    assert isinstance(found[-1], MoreBadRows) if len(found) > len(rows) + len(faults) else True
    assert len(faults) <= MAX_FAULTS
    assert all(1 <= one.line <= lines and one.code and one.detail for one in faults)
    numbers = [one.line for one in found if not isinstance(one, MoreBadRows)]
    assert len(set(numbers)) == len(numbers)
    assert all(one.line < other.line for one, other in pairwise(rows))
    assert all(isinstance(check_gtin(one.gtin), str) for one in rows)
    named = [(one.gtin, one.serial) for one in rows if one.serial is not None]
    assert len(set(named)) == len(named)


def _whole(data: bytes) -> bool:
    try:
        codecs.decode(data, "utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True
