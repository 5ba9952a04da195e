"""What a set of content files may be, before anybody looks into them. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from cloud.errors import FieldProblem

PROFILE_NAME: Final = r"^[a-z][a-z0-9_-]{0,31}$"
FILE_NAME: Final = re.compile(
    r"(?:[a-z][a-z0-9_-]{0,63}(?:\.(?:toml|csv)|\.[a-z]{2,3}(?:-[a-zA-Z0-9]{2,8}){0,2}\.ftl)"
    r"|pictures/[a-z0-9][a-z0-9_-]{0,63}\.svg)"
)
"""One folder for pictures, and no other: a name leads nowhere."""
MAX_FILES: Final = 300
MAX_FILE_BYTES: Final = 192 * 1024
MAX_BYTES: Final = 4 * 1024 * 1024
"""Of all files. The printer's content has a twentieth of it without its pictures."""


def name_problem(name: str) -> str:
    """Why a file cannot be called so; empty when it can."""
    if FILE_NAME.fullmatch(name):
        return ""
    return "a file is called name.toml, name.csv, name.{language}.ftl or pictures/name.svg, in small letters"


def stored_name(name: str) -> str:
    """A file by the name that it has in an address: what ends so is a picture, and lies in the folder of pictures."""
    return f"pictures/{name}" if name.endswith(".svg") else name


def problems_of(files: Mapping[str, str]) -> tuple[FieldProblem, ...]:
    """What is wrong with a set of files as such."""
    found = []
    for name, text in files.items():
        pointer = "/files/" + name.replace("~", "~0").replace("/", "~1")
        problem = name_problem(name)
        if problem:
            found.append(FieldProblem(pointer, "wrong_name", problem))
        if len(text.encode()) > MAX_FILE_BYTES:
            found.append(FieldProblem(pointer, "too_large", f"more than {MAX_FILE_BYTES} bytes"))
    if len(files) > MAX_FILES:
        found.append(FieldProblem("/files", "too_many", f"more than {MAX_FILES} files"))
    if sum(len(text.encode()) for text in files.values()) > MAX_BYTES:
        found.append(FieldProblem("/files", "too_large", f"more than {MAX_BYTES} bytes in all"))
    return tuple(found)
