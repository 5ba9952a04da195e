"""The pictures of all content that was ever published: a phone may show an older menu, and an operator any."""

import contextlib
import zlib
from collections.abc import Callable
from threading import Lock

import msgspec
import sqlalchemy as sa

from cloud.content import service
from cloud.db import Database
from mobile_menu.content_files import PICTURES
from mobile_menu.content_loader import find_picture
from mobile_menu.rules.pictures import Flaw, Picture, read_picture


class Pictures:
    """By digest. A question costs no look into the database, unless something was published since the last one: so who
    asks for what there is not costs nothing. count: how many versions this process knows of.
    """

    def __init__(self, db: Database, count: Callable[[], int]) -> None:
        self._db = db
        self._count = count
        self._known: dict[str, Picture] = {}
        self._read: dict[str, int] = {}
        self._looked_at: int | None = None
        self._reading = Lock()

    def find(self, digest: str) -> Picture | None:
        """The picture; None when no content has it."""
        found = find_picture(digest) or self._known.get(digest)
        if found is None and self._looked_at != self._count():
            self._look()
            found = self._known.get(digest)
        return found

    def _look(self) -> None:
        with self._reading, self._db.reading() as tx:
            count = self._count()
            table = service.versions
            for profile, newest in service.newest_versions(tx).items():
                new = (table.c.profile == profile, table.c.version > self._read.get(profile, 0))
                for (packed,) in tx.session.execute(sa.select(table.c.files).where(*new)):
                    # A row that was damaged has no pictures, and takes those of the others not with it.
                    with contextlib.suppress(zlib.error, msgspec.MsgspecError, UnicodeDecodeError):
                        self._take(service.unpacked(packed))
                self._read[profile] = newest
            self._looked_at = count

    def _take(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            picture = read_picture(text) if name.startswith(f"{PICTURES}/") else None
            if picture is not None and not isinstance(picture, Flaw):
                self._known[picture.digest] = picture
