"""Content as operators change it: drafts, and the versions that were published. What is in it, nobody looks at here."""

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from broker.contract.ids import new_id
from cloud.content.rules import problems_of
from cloud.content.tables import ContentDraftRow, ContentVersionRow
from cloud.db import Transaction, table_of
from cloud.errors import ConflictError, InvalidError, NotFoundError, StaleError
from cloud.record import service as record
from mobile_menu.content_files import digest_of, packaged_files
from mobile_menu.content_loader import profiles

drafts = table_of(ContentDraftRow)
versions = table_of(ContentVersionRow)
MAX_DRAFTS: Final = 50
"""Of a profile, at a time."""
MAX_NOTE: Final = 500
Files = Mapping[str, str]
"""Texts by file names."""


class Draft(NamedTuple):
    """from_version: what it began as; 0: as it came with the program."""

    id: str
    profile: str
    name: str
    revision: int
    from_version: int
    files: dict[str, str]
    created_at: datetime
    changed_at: datetime
    changed_by: str


class Version(NamedTuple):
    """again_of: the version that was taken back to. published_at: None for version 0, which came with the program."""

    profile: str
    version: int
    digest: str
    again_of: int | None
    note: str
    published_at: datetime | None
    published_by: str


def packed(files: Files) -> bytes:
    """Files as a row keeps them."""
    return zlib.compress(msgspec.json.encode(dict(sorted(files.items()))))


def unpacked(kept: bytes) -> dict[str, str]:
    """What `packed` packed. Raises zlib.error or msgspec.MsgspecError for a row that was damaged."""
    return msgspec.json.decode(zlib.decompress(kept), type=dict[str, str])


def must_be_known(profile: str) -> None:
    """Raises NotFoundError for a profile that no product can have."""
    if profile not in profiles():
        msg = f"there is no profile {profile}"
        raise NotFoundError(msg)


# --- drafts ---


def create_draft(
    tx: Transaction, profile: str, name: str, by: str, *, files: Files | None = None, from_version: int | None = None
) -> Draft:
    """files: left out, those of a version; from_version: left out, the newest one.

    Raises NotFoundError, InvalidError, and ConflictError where there are `MAX_DRAFTS` already.
    """
    must_be_known(profile)
    record.lock(tx, {_room(profile)})
    begun = newest_version(tx, profile) if from_version is None else from_version
    texts = files_of(tx, profile, begun) if files is None else _checked(files)
    count = sa.select(sa.func.count()).where(drafts.c.profile == profile)
    if tx.session.execute(count).scalar_one() >= MAX_DRAFTS:
        msg = f"there are {MAX_DRAFTS} drafts already; delete one that nobody needs"
        raise ConflictError(msg)
    row = ContentDraftRow(
        id=new_id(tx.now),
        profile=profile,
        name=name,
        from_version=begun,
        files=packed(texts),
        created_at=tx.now,
        changed_at=tx.now,
        changed_by=by,
    )
    tx.session.add(row)
    tx.session.flush()
    return _draft(row)


def list_drafts(tx: Transaction, profile: str) -> list[Draft]:
    """The one that changed last first."""
    must_be_known(profile)
    query = sa.select(ContentDraftRow).where(drafts.c.profile == profile)
    rows = tx.session.execute(query.order_by(drafts.c.changed_at.desc(), drafts.c.id.desc())).scalars()
    return [_draft(row) for row in rows]


def read_draft(tx: Transaction, profile: str, draft_id: str, revision: int | None = None) -> Draft:
    """revision: the one that it is to have. Raises NotFoundError, StaleError."""
    return _draft(_row(tx, profile, draft_id, revision))


def change_draft(
    tx: Transaction, profile: str, draft_id: str, by: str, changed: Mapping[str, str | None], revision: int | None
) -> Draft:
    """changed: texts by file names; None takes the file away. revision: the one that the change builds on, if known.

    Raises NotFoundError, also for a file to be taken away that is not there; StaleError; InvalidError.
    """
    row = _row(tx, profile, draft_id, revision, hold=True)
    files = unpacked(row.files)
    if any(text is None and name not in files for name, text in changed.items()):
        msg = "the draft has no such file"
        raise NotFoundError(msg)
    return _rewritten(tx, row, by, {**files, **changed})


def replace_draft(tx: Transaction, profile: str, draft_id: str, by: str, files: Files, revision: int | None) -> Draft:
    """The draft is these files from now on. Raises NotFoundError, StaleError, InvalidError."""
    return _rewritten(tx, _row(tx, profile, draft_id, revision, hold=True), by, files)


def delete_draft(tx: Transaction, profile: str, draft_id: str, revision: int | None) -> None:
    """Raises NotFoundError, StaleError."""
    tx.session.delete(_row(tx, profile, draft_id, revision, hold=True))
    tx.session.flush()


def _rewritten(tx: Transaction, row: ContentDraftRow, by: str, files: Mapping[str, str | None]) -> Draft:
    row.files = packed(_checked({name: text for name, text in files.items() if text is not None}))
    row.revision += 1
    row.changed_at, row.changed_by = tx.now, by
    tx.session.add(row)
    tx.session.flush()
    return _draft(row)


def _row(
    tx: Transaction, profile: str, draft_id: str, revision: int | None = None, *, hold: bool = False
) -> ContentDraftRow:
    row = tx.session.get(ContentDraftRow, draft_id, with_for_update=hold)
    if row is None or row.profile != profile:
        msg = "there is no such draft"
        raise NotFoundError(msg)
    if revision is not None and revision != row.revision:
        raise StaleError
    return row


def _draft(row: ContentDraftRow) -> Draft:
    values = {name: getattr(row, name) for name in Draft._fields}
    return Draft(**{**values, "files": unpacked(row.files)})


def _checked(files: Files) -> Files:
    problems = problems_of(files)
    if problems:
        raise InvalidError(problems=problems)
    return files


# --- versions ---


def newest_version(tx: Transaction, profile: str) -> int:
    """What the profile's menus are made of; 0: what came with the program."""
    query = sa.select(sa.func.coalesce(sa.func.max(versions.c.version), 0)).where(versions.c.profile == profile)
    return int(tx.session.execute(query).scalar_one())


def newest_versions(tx: Transaction) -> dict[str, int]:
    """Of every profile that has any."""
    query = sa.select(versions.c.profile, sa.func.max(versions.c.version)).group_by(versions.c.profile)
    return {profile: int(version) for profile, version in tx.session.execute(query)}


def list_versions(tx: Transaction, profile: str, *, before: int | None = None, limit: int = 50) -> list[Version]:
    """The newest first; the one that came with the program is the last."""
    must_be_known(profile)
    query = sa.select(versions).where(versions.c.profile == profile).order_by(versions.c.version.desc()).limit(limit)
    if before is not None:
        query = query.where(versions.c.version < before)
    found = [_version(row) for row in tx.session.execute(query)]
    return found if len(found) == limit or before == 0 else [*found, _packaged(profile)]


def read_version(tx: Transaction, profile: str, version: int) -> Version:
    """Raises NotFoundError."""
    must_be_known(profile)
    return _packaged(profile) if version == 0 else _version(_version_row(tx, profile, version))


def files_of(tx: Transaction, profile: str, version: int) -> dict[str, str]:
    """The files of a version. Raises NotFoundError."""
    must_be_known(profile)
    return packaged_files(profile) if version == 0 else unpacked(_version_row(tx, profile, version).files)


def publish(tx: Transaction, profile: str, files: Files, *, note: str, by: str, again_of: int | None = None) -> Version:
    """These files become the newest version, which all menus of the profile are made of from now on. Whether they can
    be shown, the caller has checked. Raises NotFoundError, InvalidError, and ConflictError for what is published now.
    """
    must_be_known(profile)
    record.lock(tx, {_room(profile)})
    newest = newest_version(tx, profile)
    digest = digest_of(_checked(files))
    if digest == read_version(tx, profile, newest).digest:
        msg = f"this is version {newest}, which is published now"
        raise ConflictError(msg)
    row = ContentVersionRow(
        profile=profile,
        version=newest + 1,
        digest=digest,
        files=packed(files),
        again_of=again_of,
        note=note,
        published_at=tx.now,
        published_by=by,
    )
    tx.session.add(row)
    tx.session.flush()
    tx.changes.contents.add(profile)
    return _version(row)


def _version_row(tx: Transaction, profile: str, version: int) -> ContentVersionRow:
    row = tx.session.get(ContentVersionRow, (profile, version))
    if row is None:
        msg = f"{profile} has no version {version}"
        raise NotFoundError(msg)
    return row


def _version(row: Any) -> Version:
    return Version(*(getattr(row, name) for name in Version._fields))


def _packaged(profile: str) -> Version:
    return Version(profile, 0, digest_of(packaged_files(profile)), None, "as it came with the program", None, "")


def _room(profile: str) -> str:
    return f"content:{profile}"


def known_versions() -> sa.ScalarSelect[Any]:
    """For other queries: how many versions there are in all. It moves with every publication."""
    return sa.select(sa.func.count()).select_from(versions).scalar_subquery()
