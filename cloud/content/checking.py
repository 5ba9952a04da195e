"""Whether content can be published: read as menus read it, and held against its own tests. Takes a second or more, so
that nobody does it in a transaction.
"""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Final

import msgspec

from mobile_menu.content_files import digest_of, read_files
from mobile_menu.content_loader import ContentError
from mobile_menu.rules.content import Content
from mobile_menu.rules.content_tests import failures

KEPT: Final = 8
"""Contents that were read, and are not read again."""


class Fault(msgspec.Struct, frozen=True):
    """line, column: counted from 1; column 0 when only the line is known."""

    file: str
    line: int
    what: str
    column: int = 0

    def __str__(self) -> str:
        column = f":{self.column}" if self.column else ""
        return f"{self.file}:{self.line}{column}: {self.what}"


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """faults: why it cannot be shown at all. failures: what it does otherwise than its own tests say, a line each.

    content: ready, when there is no fault.
    """

    digest: str
    faults: tuple[Fault, ...] = ()
    failures: tuple[str, ...] = ()
    content: Content | None = None

    @property
    def can_be_published(self) -> bool:
        return not self.faults and not self.failures


_read: OrderedDict[tuple[str, str], Content] = OrderedDict()
_reading = Lock()


def read_content(profile: str, files: Mapping[str, str]) -> Content:
    """The content in these files, with its digest; read once. Raises ContentError."""
    name = profile, digest_of(files)
    with _reading:
        if name in _read:
            _read.move_to_end(name)
            return _read[name]
    content = msgspec.structs.replace(read_files(profile, files), digest=name[1])
    with _reading:
        _read[name] = content
        while len(_read) > KEPT:
            _read.popitem(last=False)
    return content


def check(profile: str, files: Mapping[str, str]) -> Checked:
    """All that is wrong with content. Never raises."""
    try:
        content = read_content(profile, files)
    except ContentError as error:
        faults = tuple(Fault(one.file, one.line, one.what, one.column) for one in error.faults)
        return Checked(digest=digest_of(files), faults=faults)
    return Checked(digest=content.digest, failures=failures(content), content=content)
