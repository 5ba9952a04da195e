"""The content that this process makes menus of: the newest version that was published, and that can be read.

A version that cannot be read (its row was damaged, or a newer program refuses it) takes no menu away: the last one that
could be stays, and a process that has just started looks for it among the older ones.
"""

import logging
import zlib
from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import Final

import msgspec

from cloud.content import service
from cloud.content.checking import read_content
from cloud.db import Database, Transaction
from cloud.errors import NotFoundError
from mobile_menu.content_files import digest_of, packaged_files
from mobile_menu.content_loader import ContentError, load_content
from mobile_menu.rules.content import Content

log = logging.getLogger("throughline.content")
OLDER_TRIED: Final = 20
"""Versions that a fresh process looks through for one that can be read."""


class Contents:
    """For all threads of a process. switched: called when the content of a profile is another from now on."""

    def __init__(self, db: Database, switched: Callable[[], None] = lambda: None) -> None:
        self.switched = switched
        self._db = db
        self._held: dict[str, Content] = {}
        self._newest: dict[str, int] = {}
        """Versions that were looked at, whether they could be read or not."""
        self._count = -1
        self._looking = Lock()

    def current(self, profile: str) -> Content:
        """What menus of the profile are made of. Raises ContentError for a profile that there is none of."""
        held = self._held.get(profile)
        if held is None:
            with self._looking, self._db.reading() as tx:
                held = self._held.get(profile) or self._load(tx, profile, service.newest_version(tx, profile))
        return held

    def count(self) -> int:
        """How many versions there are in all, as far as this process has heard."""
        return self._count

    def heard(self, count: int) -> None:
        """There are so many versions in all: looks, when that is news. So a word that was lost is made up for."""
        if count != self._count and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()

    def look(self) -> None:
        """Takes in what was published."""
        with self._looking:
            self._look()

    def _look(self) -> None:
        with self._db.reading() as tx:
            newest = service.newest_versions(tx)
            before = dict(self._held)
            for profile in before:
                if newest.get(profile, 0) != self._newest[profile]:
                    self._load(tx, profile, newest.get(profile, 0))
            self._count = sum(newest.values())
        if any(self._held[profile] is not content for profile, content in before.items()):
            self.switched()

    def _load(self, tx: Transaction, profile: str, newest: int) -> Content:
        """Holds the newest that can be read, and what is held already rather than an older one."""
        found = self._held.get(profile)
        oldest = max(newest - OLDER_TRIED, 0) if found is None else found.version
        for version in range(newest, oldest, -1):
            content = _read(tx, profile, version)
            if content is not None:
                found = content
                break
        self._held[profile] = found = packaged(profile) if found is None or newest == 0 else found
        self._newest[profile] = newest
        return found


def _read(tx: Transaction, profile: str, version: int) -> Content | None:
    """None, and a line in the log, for one that cannot be read."""
    try:
        content = read_content(profile, service.files_of(tx, profile, version))
    except (ContentError, NotFoundError, msgspec.MsgspecError, zlib.error, UnicodeDecodeError) as error:
        log.error("version %d of the content of %s cannot be read, and another is shown: %s", version, profile, error)  # noqa: TRY400 - whose row it is and why is all there is to say
        return None
    return msgspec.structs.replace(content, version=version)


@lru_cache(maxsize=64)
def packaged(profile: str) -> Content:
    """The content that came with the program, with its digest. Raises ContentError."""
    return msgspec.structs.replace(load_content(profile), digest=digest_of(packaged_files(profile)))


def content_of(tx: Transaction, profile: str, version: int) -> Content:
    """The content of any version. Raises NotFoundError, ContentError."""
    if version == 0:
        service.must_be_known(profile)
        return packaged(profile)
    content = read_content(profile, service.files_of(tx, profile, version))
    return msgspec.structs.replace(content, version=version)
