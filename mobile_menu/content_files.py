"""A profile's content as a set of files in memory: name → text. As it came with the program, or as somebody wrote it.

What the files mean, `content_loader` says; here they only change their form.
"""

import io
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import IO, Any

from mobile_menu.content_loader import profiles, read_content
from mobile_menu.rules.content import Content

ENDINGS = (".toml", ".ftl", ".csv", ".svg")
"""Of the files that are content. What else lies in a folder, such as a README, is for people."""
PICTURES = "pictures"
"""The one folder within."""


def packaged_files(profile: str) -> dict[str, str]:
    """The content that came with the program; empty for a profile that it knows nothing of."""
    return files_in(files("mobile_menu") / "content" / profile) if profile in profiles() else {}


def files_in(folder: Traversable) -> dict[str, str]:
    """The files of content in a folder, `name` and `pictures/name`. Raises UnicodeDecodeError for what is no UTF-8."""
    found = {one.name: one.read_text(encoding="utf-8") for one in _content_of(folder)}
    pictures = folder / PICTURES
    if pictures.is_dir():
        found |= {f"{PICTURES}/{one.name}": one.read_text(encoding="utf-8") for one in _content_of(pictures)}
    return dict(sorted(found.items()))


def _content_of(folder: Traversable) -> Iterator[Traversable]:
    return (one for one in folder.iterdir() if one.is_file() and one.name.endswith(ENDINGS))


def digest_of(texts: Mapping[str, str]) -> str:
    """What names this set of files: SHA-256 over names and texts, each with its length before it; hexadecimal."""
    digest = sha256()
    for name, text in sorted(texts.items()):
        for part in (name.encode(), text.encode()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def read_files(profile: str, texts: Mapping[str, str]) -> Content:
    """The content in these files. Raises ContentError for the first fault found."""
    return read_content(profile, _Folder(profile, texts))


class _File:
    """A file that was never on a disk."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self._text = text

    def iterdir(self) -> Iterator[Traversable]:
        raise NotADirectoryError(self.name)

    def joinpath(self, *_names: Any) -> Traversable:
        raise NotADirectoryError(self.name)

    __truediv__ = joinpath

    def is_dir(self) -> bool:
        return False

    def is_file(self) -> bool:
        return True

    def read_bytes(self) -> bytes:
        return self._text.encode()

    def read_text(self, encoding: str | None = None) -> str:  # noqa: ARG002 - it is text already
        return self._text

    def open(self, mode: str = "r", *_args: Any, **_kwargs: Any) -> IO[Any]:
        return io.BytesIO(self.read_bytes()) if "b" in mode else io.StringIO(self._text)


class _Folder:
    """A folder of such files, or one that is not there, when there are none."""

    def __init__(self, name: str, texts: Mapping[str, str]) -> None:
        self.name = name
        self._texts = texts

    def iterdir(self) -> Iterator[Traversable]:
        for name in dict.fromkeys(path.partition("/")[0] for path in self._texts):
            yield self.joinpath(name)

    def joinpath(self, *names: Any) -> Traversable:
        path = "/".join(map(str, names))
        if path in self._texts:
            return _File(path.rpartition("/")[2], self._texts[path])
        start = f"{path}/"
        inside = {name.removeprefix(start): text for name, text in self._texts.items() if name.startswith(start)}
        return _Folder(path, inside)

    def __truediv__(self, name: Any) -> Traversable:
        return self.joinpath(name)

    def is_dir(self) -> bool:
        return bool(self._texts)

    def is_file(self) -> bool:
        return False

    def read_bytes(self) -> bytes:
        raise IsADirectoryError(self.name)

    def read_text(self, encoding: str | None = None) -> str:  # noqa: ARG002 - as above
        raise IsADirectoryError(self.name)

    def open(self, *_args: Any, **_kwargs: Any) -> IO[Any]:
        raise IsADirectoryError(self.name)
