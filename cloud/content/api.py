"""HTTP of content, for operators: drafts, checks, versions, and taking one back. Thin."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Header, Path, Response
from pydantic import BaseModel, Field

from cloud.content import service
from cloud.content.checking import Checked, Fault, check
from cloud.content.rules import PROFILE_NAME, stored_name
from cloud.db import Transaction
from cloud.errors import ContentRefusedError, FieldProblem, InvalidError
from cloud.identity.permissions import Permission
from cloud.web import Call, Cursor, Limit, Page, calls, page
from mobile_menu.content_loader import profiles

api = APIRouter(prefix="/api/v1/content", tags=["content"])
Read = Annotated[Call, calls(Permission.CONTENT_READ)]
Write = Annotated[Call, calls(Permission.CONTENT_WRITE)]
Profile = Annotated[str, Path(pattern=PROFILE_NAME)]
Number = Annotated[int, Path(ge=0, le=2**31 - 1)]
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=40)]
Texts = dict[str, str]
MAX_PROBLEMS = 200
D = TypeVar("D", bound="DraftLine")


class DraftIn(BaseModel):
    """files: texts by names; left out: those of a version. from_version: left out: the newest one."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    files: Texts | None = None
    from_version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


class FilesIn(BaseModel):
    """All files of the draft, from now on."""

    files: Texts


class TextIn(BaseModel):
    text: str


class PublishIn(BaseModel):
    """note: what is new, for those who read the list of versions."""

    note: Annotated[str, Field(max_length=500)] = ""


class BackIn(PublishIn):
    """version: whose content is to be the newest again; 0: that which came with the program."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)]


class DraftLine(BaseModel):
    """revision: for If-Match. files: their sizes in bytes."""

    id: str
    profile: str
    name: str
    revision: int
    from_version: int
    sizes: dict[str, int]
    created_at: datetime
    changed_at: datetime
    changed_by: str


class DraftOut(DraftLine):
    files: Texts


class FaultOut(BaseModel):
    """column: 0 when only the line is known."""

    file: str
    line: int
    column: int
    what: str


class CheckOut(BaseModel):
    """faults: why it cannot be shown at all. failures: what it does otherwise than its own tests say."""

    can_be_published: bool
    digest: str
    faults: list[FaultOut]
    failures: list[str]


class VersionOut(BaseModel):
    """again_of: the version that was taken back to. published_at: null for version 0, which came with the program."""

    profile: str
    version: int
    digest: str
    again_of: int | None
    note: str
    published_at: datetime | None
    published_by: str


class VersionFiles(VersionOut):
    files: Texts


@api.get("")
def list_content(call: Read) -> list[VersionOut]:
    """What the menus of each profile are made of."""

    def read(tx: Transaction) -> list[VersionOut]:
        newest = service.newest_versions(tx)
        return [_version_out(service.read_version(tx, one, newest.get(one, 0))) for one in profiles()]

    return call.read(read)


# --- drafts ---


@api.post("/{profile}/drafts", status_code=201)
def create_draft(profile: Profile, body: DraftIn, call: Write, response: Response) -> DraftOut:
    """A draft: of these files, or of those of a version."""

    def create(tx: Transaction) -> DraftOut:
        files, begun = body.files, body.from_version
        return _draft_out(service.create_draft(tx, profile, body.name, _by(call), files=files, from_version=begun))

    return _tagged(call.write(DraftOut, create), response)


@api.get("/{profile}/drafts")
def list_drafts(profile: Profile, call: Read) -> list[DraftLine]:
    """The one that changed last first."""
    return call.read(lambda tx: [_draft_line(one) for one in service.list_drafts(tx, profile)])


@api.get("/{profile}/drafts/{draft_id}")
def read_draft(profile: Profile, draft_id: str, call: Read, response: Response) -> DraftOut:
    """With its files."""
    return _tagged(call.read(lambda tx: _draft_out(service.read_draft(tx, profile, draft_id))), response)


@api.put("/{profile}/drafts/{draft_id}")
def replace_draft(
    profile: Profile, draft_id: str, body: FilesIn, call: Write, response: Response, if_match: IfMatch = None
) -> DraftOut:
    """The draft is these files from now on. If-Match: the revision that they build on."""
    revision = _revision(if_match)

    def replace(tx: Transaction) -> DraftOut:
        return _draft_out(service.replace_draft(tx, profile, draft_id, _by(call), body.files, revision))

    return _tagged(call.write(DraftOut, replace), response)


@api.delete("/{profile}/drafts/{draft_id}", status_code=204)
def delete_draft(profile: Profile, draft_id: str, call: Write, if_match: IfMatch = None) -> None:
    """What was published of it stays."""
    revision = _revision(if_match)
    call.write(type(None), lambda tx: service.delete_draft(tx, profile, draft_id, revision))


@api.put("/{profile}/drafts/{draft_id}/files/{file}")
def put_file(
    profile: Profile,
    draft_id: str,
    file: str,
    body: TextIn,
    call: Write,
    response: Response,
    if_match: IfMatch = None,
) -> DraftLine:
    """One file: a new one, or another text of one that is there. A picture goes by its own name: `door.svg`."""
    change = _changing(call, (profile, draft_id), {stored_name(file): body.text}, if_match)
    return _tagged(call.write(DraftLine, change), response)


@api.delete("/{profile}/drafts/{draft_id}/files/{file}")
def delete_file(
    profile: Profile, draft_id: str, file: str, call: Write, response: Response, if_match: IfMatch = None
) -> DraftLine:
    """Takes one file away."""
    change = _changing(call, (profile, draft_id), {stored_name(file): None}, if_match)
    return _tagged(call.write(DraftLine, change), response)


@api.post("/{profile}/drafts/{draft_id}/check")
def check_draft(profile: Profile, draft_id: str, call: Read) -> CheckOut:
    """Whether the draft can be published, and all that is wrong with it. Changes nothing."""
    return _check_out(check(profile, call.read(lambda tx: service.read_draft(tx, profile, draft_id)).files))


@api.post("/{profile}/drafts/{draft_id}/publish", status_code=201)
def publish_draft(
    profile: Profile, draft_id: str, body: PublishIn, call: Write, if_match: IfMatch = None
) -> VersionOut:
    """The draft becomes the newest version, and all menus are made of it: refused while anything is wrong with it.

    If-Match: the revision that was looked at.
    """
    draft = call.read(lambda tx: service.read_draft(tx, profile, draft_id))
    found = check(profile, draft.files)

    def publish(tx: Transaction) -> VersionOut:
        _refuse(found)
        # What was checked is what is published, whoever writes in the draft meanwhile.
        revision = draft.revision if if_match is None else _revision(if_match)
        files = service.read_draft(tx, profile, draft_id, revision).files
        return _version_out(service.publish(tx, profile, files, note=body.note, by=_by(call)))

    return call.write(VersionOut, publish)


# --- versions ---


@api.get("/{profile}/versions")
def list_versions(profile: Profile, call: Read, limit: Limit = 50, cursor: Cursor = None) -> Page[VersionOut]:
    """The newest, which the menus are made of, first; the last one came with the program."""

    def read(tx: Transaction) -> Page[VersionOut]:
        before = int(cursor) if cursor is not None and cursor.isdecimal() and len(cursor) < 10 else None
        rows = service.list_versions(tx, profile, before=before, limit=limit + 1)
        return page(rows, limit, lambda row: str(row.version), _version_out)

    return call.read(read)


@api.get("/{profile}/versions/{version}")
def read_version(profile: Profile, version: Number, call: Read) -> VersionFiles:
    """With its files."""

    def read(tx: Transaction) -> VersionFiles:
        found = service.read_version(tx, profile, version)
        return VersionFiles(**found._asdict(), files=service.files_of(tx, profile, version))

    return call.read(read)


@api.post("/{profile}/rollback", status_code=201)
def roll_back(profile: Profile, body: BackIn, call: Write) -> VersionOut:
    """Publishes the content of an older version again, as the newest one; it is checked like any other."""
    files = call.read(lambda tx: service.files_of(tx, profile, body.version))
    found = check(profile, files)

    def again(tx: Transaction) -> VersionOut:
        _refuse(found)
        note = body.note or f"version {body.version} again"
        made = service.publish(tx, profile, files, note=note, by=_by(call), again_of=body.version)
        return _version_out(made)

    return call.write(VersionOut, again)


# --- forms ---


def _changing(
    call: Call, draft: tuple[str, str], texts: dict[str, str | None], if_match: str | None
) -> Callable[[Transaction], DraftLine]:
    revision = _revision(if_match)
    return lambda tx: _draft_line(service.change_draft(tx, *draft, _by(call), texts, revision))


def _tagged(draft: D, response: Response) -> D:
    response.headers["ETag"] = f'"{draft.revision}"'
    return draft


def _revision(if_match: str | None) -> int | None:
    if if_match is None:
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InvalidError(problems=(FieldProblem("If-Match", "wrong_form", "the revision, such as 3"),))
    return int(text)


def _by(call: Call) -> str:
    return f"key:{call.operator.key_id}"


def _refuse(found: Checked) -> None:
    """Raises ContentRefusedError, which names every fault and every test that fails."""
    if found.can_be_published:
        return
    faults = [FieldProblem(f"/files/{_pointed(one)}", "fault", f"line {one.line}: {one.what}") for one in found.faults]
    failures = [FieldProblem("/files/tests.toml", "test_failed", one) for one in found.failures]
    raise ContentRefusedError(problems=(*faults, *failures)[:MAX_PROBLEMS])


def _pointed(fault: Fault) -> str:
    return fault.file.replace("~", "~0").replace("/", "~1")


def _draft_line(draft: service.Draft) -> DraftLine:
    return DraftLine(**{**draft._asdict(), "sizes": _sizes(draft)})


def _draft_out(draft: service.Draft) -> DraftOut:
    return DraftOut(**draft._asdict(), sizes=_sizes(draft))


def _sizes(draft: service.Draft) -> dict[str, int]:
    return {name: len(text.encode()) for name, text in draft.files.items()}


def _version_out(version: service.Version) -> VersionOut:
    return VersionOut(**version._asdict())


def _check_out(found: Checked) -> CheckOut:
    return CheckOut(
        can_be_published=found.can_be_published,
        digest=found.digest,
        faults=[FaultOut(file=one.file, line=one.line, column=one.column, what=one.what) for one in found.faults],
        failures=list(found.failures),
    )


def routers() -> tuple[APIRouter, ...]:
    return (api,)
