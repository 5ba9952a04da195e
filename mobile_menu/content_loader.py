"""Reads a profile's content from its files, and refuses what cannot be shown. Deciding what shows is in `rules`.

A profile is a folder of `content/`: `profile.toml`, any other `*.toml` of items, `tests.toml`, texts as
`{part}.{language}.ftl`, `reasons.csv`, the state reasons that its devices may tell (keyword, label_en), and
`pictures/{name}.svg`, what the steps of its guides show. What the machine itself knows is in `machine/profile.toml`.
"""

import contextlib
import csv
import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import ClassVar, TypeVar

import msgspec

from broker.contract.errors import ThroughlineError
from mobile_menu.rules.content import Content, ContentTest, ItemsFile, ItemSpec, ProfileFile, TestsFile
from mobile_menu.rules.pictures import Flaw, Picture, read_picture
from mobile_menu.rules.prepare import prepare
from mobile_menu.rules.source import TESTS, Fault, Machine, Source
from mobile_menu.rules.strict import UNKNOWN_NAME, Wrong, read_situation
from mobile_menu.rules.texts import problems_of

F = TypeVar("F", bound=msgspec.Struct)

PICTURES, REASONS = "pictures", "reasons.csv"
MACHINE = "machine/profile.toml"
_ID = re.compile(r"""(?:^|[\s{,])id\s*=\s*(?P<quote>["'])(?P<id>[^"']*)(?P=quote)""")
_NOT_ITEMS = {"profile.toml", TESTS}


class ContentError(ThroughlineError):
    """The content cannot be shown as it is. `file`, `line` (1 when not known), `column` (or 0), `detail` say why."""

    code: ClassVar[str] = "content_invalid"

    def __init__(self, fault: Fault, *others: Fault) -> None:
        """others: what else is wrong, where it can be told."""
        self.faults = (fault, *others)
        self.file, self.line, self.column, self.what = fault.file, fault.line, fault.column, fault.what
        place = f"{fault.file}:{fault.line}:{fault.column}" if fault.column else f"{fault.file}:{fault.line}"
        super().__init__(f"{place}: {fault.what}", file=fault.file, line=fault.line)


def profiles() -> tuple[str, ...]:
    """The names of the profiles that have content, in alphabetical order."""
    return tuple(sorted(each.name for each in _content_folder().iterdir() if each.joinpath("profile.toml").is_file()))


@lru_cache(maxsize=64)
def load_content(profile: str) -> Content:
    """A profile's content, checked and ready; read once per process. Raises ContentError with file and line."""
    if profile not in profiles():
        raise ContentError(Fault(f"{profile}/profile.toml", 1, f"there is no profile {profile}"))
    return read_content(profile, _content_folder() / profile)


def read_content(profile: str, folder: Traversable) -> Content:
    """The content in a folder. Raises ContentError with the faults that can be told at once."""
    sources = {each.name: _read(each) for each in sorted(folder.iterdir(), key=lambda one: one.name) if each.is_file()}
    items = _items(sources)
    source = Source(
        profile=profile,
        frame=_decode(sources, "profile.toml", ProfileFile),
        items=items,
        tests=_tests(sources),
        texts=_texts(sources),
        reason_labels=_reason_labels(sources),
        lines=_item_lines(sources, items),
        pictures=_pictures(folder / PICTURES),
        tables={name: text for name, text in sources.items() if name.endswith(".toml")},
        machine=_machine(profile, folder),
    )
    content = prepare(source)
    if not isinstance(content, Content):
        raise ContentError(*content)
    return content


def find_picture(digest: str) -> Picture | None:
    """The picture of this digest, of any profile; None when none has it."""
    return _pictures_by_digest().get(digest)


@lru_cache(maxsize=1)
def _pictures_by_digest() -> dict[str, Picture]:
    found: dict[str, Picture] = {}
    for name in profiles():
        # Who asks for the menu of a profile with a fault is told; the pictures of the others are not its matter.
        with contextlib.suppress(ContentError):
            found |= {picture.digest: picture for picture in load_content(name).pictures.values()}
    return found


def _content_folder() -> Traversable:
    return files("mobile_menu") / "content"


def _read(file: Traversable) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ContentError(Fault(file.name, 1, f"is not UTF-8 at byte {error.start}")) from error


def _decode(sources: Mapping[str, str], name: str, form: type[F]) -> F:
    text = sources.get(name)
    if text is None:
        raise ContentError(Fault(name, 1, "is missing"))
    try:
        return msgspec.toml.decode(text, type=form)
    except RecursionError:
        raise ContentError(Fault(name, 1, "lists and tables stand too deep in each other")) from None
    except msgspec.ValidationError as error:
        raise ContentError(Fault(name, _line_of_path(text, str(error)), str(error))) from error
    except msgspec.DecodeError as error:
        raise ContentError(Fault(name, _number_after(str(error), "at line "), str(error))) from error


def _items(sources: Mapping[str, str]) -> tuple[ItemSpec, ...]:
    found: list[ItemSpec] = []
    for name in sources:
        if name.endswith(".toml") and name not in _NOT_ITEMS:
            found.extend(_decode(sources, name, ItemsFile).items)
    return tuple(found)


def _tests(sources: Mapping[str, str]) -> tuple[ContentTest, ...]:
    """The content's own tests. A situation ignores names it does not know, but one in a test must not be misspelt, and
    must be one that a preview takes as well.
    """
    if TESTS not in sources:
        return ()
    tests = _decode(sources, TESTS, TestsFile).tests
    for test, raw in zip(tests, msgspec.toml.decode(sources[TESTS])["tests"], strict=True):
        found = read_situation(raw["situation"])
        if isinstance(found, tuple):
            line = _line_with(sources[TESTS], f'name = "{test.name}"')
            raise ContentError(*(Fault(TESTS, line, f"{test.name}: {_wrong(one)}") for one in found))
    return tests


def _wrong(one: Wrong) -> str:
    place, _, name = one.pointer.rpartition("/")
    return f"a situation has no {name}" if one.what == UNKNOWN_NAME else f"{place}/{name}: {one.what}"


def _line_with(text: str, start: str) -> int:
    return next((number for number, line in enumerate(text.splitlines(), 1) if line.startswith(start)), 1)


def _item_lines(sources: Mapping[str, str], items: tuple[ItemSpec, ...]) -> dict[str, list[tuple[str, int]]]:
    """Where each item id stands, as (file, line); however it is written, inline tables too."""
    lines: dict[str, list[tuple[str, int]]] = {}
    for name, text in sources.items():
        if not name.endswith(".toml") or name in _NOT_ITEMS:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for found in _ID.finditer(line.partition("#")[0]):
                lines.setdefault(found["id"], []).append((name, number))
    count = Counter(spec.id for spec in items)
    return {item: lines[item][: count[item]] for item in count if item in lines}


def _texts(sources: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Sources by language and file name."""
    texts: dict[str, dict[str, str]] = {}
    for name, text in sources.items():
        if not name.endswith(".ftl"):
            continue
        for problem in problems_of(text):
            raise ContentError(Fault(name, text.count("\n", 0, problem.offset) + 1, problem.what))
        texts.setdefault(name.split(".")[-2], {})[name] = text
    return texts


class _Step(msgspec.Struct, frozen=True):
    id: str


class _MachineFile(msgspec.Struct, frozen=True):
    """As much of it as content may name; what else it says is read by whom it concerns."""

    steps: tuple[_Step, ...] = ()
    usage: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


def _machine(profile: str, folder: Traversable) -> Machine:
    """Beside the content; or, for content that somebody works on, as it came with the program."""
    beside, packaged = (
        one.joinpath("machine").joinpath("profile.toml") for one in (folder, _content_folder() / profile)
    )
    file = beside if beside.is_file() else packaged
    read = _decode({MACHINE: _read(file)} if file.is_file() else {}, MACHINE, _MachineFile)
    return Machine(read.usage, tuple(step.id for step in read.steps), read.commands)


def _pictures(folder: Traversable) -> dict[str, Picture]:
    """The pictures by name; a profile may have none."""
    pictures: dict[str, Picture] = {}
    for file in sorted(folder.iterdir(), key=lambda one: one.name) if folder.is_dir() else ():
        place = f"{PICTURES}/{file.name}"
        name, _, suffix = file.name.rpartition(".")
        if suffix != "svg":
            raise ContentError(Fault(place, 1, "is no picture: a picture is an SVG"))
        picture = read_picture(_read(file))
        if isinstance(picture, Flaw):
            raise ContentError(Fault(place, picture.line, picture.what))
        pictures[name] = picture
    return pictures


def _reason_labels(sources: Mapping[str, str]) -> dict[str, str]:
    rows = csv.DictReader(sources.get(REASONS, "keyword,label_en\n").splitlines())
    labels: dict[str, str] = {}
    try:
        for row in rows:
            keyword, label = row.get("keyword"), row.get("label_en")
            if not keyword or label is None or "<" in label:
                raise ContentError(Fault(REASONS, rows.line_num, "a line has a keyword and a label_en, in words"))
            labels[keyword] = label
    except csv.Error as error:
        raise ContentError(Fault(REASONS, max(1, rows.line_num), str(error))) from error
    return labels


def _line_of_path(text: str, error: str) -> int:
    """The line of the table that an error's path names, such as `$.items[3].when`; better, of the name it quotes."""
    path = error.rpartition("`$")[2].rstrip("`")
    array, _, rest = path.lstrip(".").partition("[")
    index = int(rest.partition("]")[0]) if rest else 0
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines) if line.strip() == f"[[{array}]]"]
    start = heads[index] if index < len(heads) else 0
    end = heads[index + 1] if index + 1 < len(heads) else len(lines)
    field = error.split("`")[1] if "unknown field" in error else path.rpartition(".")[2].partition("[")[0]
    told = (number for number in range(start, end) if lines[number].partition("=")[0].strip() == field)
    return next(told, start) + 1


def _number_after(text: str, mark: str) -> int:
    digits = text.partition(mark)[2].partition(",")[0].partition(" ")[0]
    return int(digits) if digits.isdigit() else 1
