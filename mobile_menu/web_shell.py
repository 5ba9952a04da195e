"""The app's shell put together from its files: what its page asks for at once, what its service worker keeps. Pure.

Nobody keeps lists of modules by hand: `index.html` and `sw.js` have a marker each, and what stands there is found in
the files themselves. So a new module is loaded early and kept offline by being imported, and a changed byte is a new
version.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

INDEX: Final = "index.html"
WORKER: Final = "sw.js"
ENTRY: Final = "app.js"
LANGUAGES: Final = ("en", "de", "ar")
"""The page's own; the first one is for whoever asks for none of them. Each has its words in `js/words/`."""
RIGHT_TO_LEFT: Final = frozenset({"ar"})

MODULES: Final = b"<!-- modules -->"
SHELL: Final = b'{ version: "", files: {} }'
HTML_TAG: Final = b'<html lang="en">'
LATE: Final = ("vendor/qr/",)
"""Folders of what is fetched when somebody wants it, and is of no use offline."""
KEPT: Final = frozenset({"css", "html", "js", "svg", "webmanifest"})
DIGEST_LENGTH: Final = 20

_IMPORT: Final = re.compile(rb'^(?:import|export)\b[^;"]*"(\.{1,2}/[^"]+)"', re.MULTILINE)


def digest_of(body: bytes) -> str:
    """The name of a content, in short: 80 bits of its SHA-256, in hex."""
    return hashlib.sha256(body).hexdigest()[:DIGEST_LENGTH]


def modules_of(files: Mapping[str, bytes], entry: str = ENTRY) -> tuple[str, ...]:
    """The modules that `entry` needs before it can begin, itself first, by path; dynamic imports are not among them.

    Raises KeyError for a module that is imported and is not there.
    """
    found: dict[str, None] = {}
    waiting = [entry]
    while waiting:
        path = waiting.pop(0)
        if path in found:
            continue
        found[path] = None
        waiting += [resolved(path, name.decode()) for name in _IMPORT.findall(files[path])]
    return tuple(found)


def resolved(path: str, name: str) -> str:
    """The path of what the file at `path` imports under a relative `name`."""
    parts = path.split("/")[:-1]
    for part in name.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def words_of(language: str) -> str:
    """The path of the page's own words in a language."""
    return f"js/words/{language}.js"


def pages_of(files: Mapping[str, bytes], scope: str) -> dict[str, bytes]:
    """The page for each language: it asks for all that it will need in one go, not for one import after the other."""
    modules = modules_of(files)
    return {language: _written(files[INDEX], scope, (*modules, words_of(language)), language) for language in LANGUAGES}


def _written(page: bytes, scope: str, modules: Iterable[str], language: str) -> bytes:
    early = "\n    ".join(f'<link rel="modulepreload" href="{scope}/{path}">' for path in modules)
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    return page.replace(MODULES, early.encode()).replace(
        HTML_TAG, f'<html lang="{language}" dir="{direction}">'.encode()
    )


def worker_of(files: Mapping[str, bytes], scope: str) -> bytes:
    """The service worker, told what to keep: each address with its content's digest, and one version of them all.

    The page stands under the scope itself; which language it is asked for in does not matter to what it then does.
    """
    kept = {f"{scope}/{path}": digest_of(body) for path, body in sorted(files.items()) if _is_kept(path)}
    kept[f"{scope}/"] = ""
    version = digest_of(json.dumps([kept, digest_of(files[INDEX]), digest_of(files[WORKER])]).encode())
    told = json.dumps({"version": version, "files": kept}, indent=2)
    return files[WORKER].replace(SHELL, told.encode())


def _is_kept(path: str) -> bool:
    return path.rpartition(".")[2] in KEPT and path not in {INDEX, WORKER} and not path.startswith(LATE)
