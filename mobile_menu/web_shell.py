"""The app's shell put together from its files: what its page asks for at once, what its service worker keeps. Pure.

Nobody keeps lists of modules by hand: `index.html` and `sw.js` have a marker each, and what stands there is found in
the files themselves. So a new module is in the first load and kept offline by being imported, and a changed byte is a
new version. How modules become few files is `web_bundle.py`'s business.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Final

from mobile_menu.web_bundle import facade, in_order, joined

INDEX: Final = "index.html"
WORKER: Final = "sw.js"
ENTRY: Final = "app.js"
LANGUAGES: Final = ("en", "de", "ar")
"""The page's own; the first one is for whoever asks for none of them. Each has its words in `js/words/`."""
RIGHT_TO_LEFT: Final = frozenset({"ar"})

WHOLE: Final = {"whole/early.js": "js/early.js", "whole/ahead.js": "js/ahead.js", "whole/app.js": "app.js"}
"""The joined files of the first view and the module that each begins with; a later one leans on those before it."""
MODULES: Final = b"<!-- modules -->"
SHELL: Final = b'{ version: "", files: {} }'
HTML_TAG: Final = b'<html lang="en">'
LATE: Final = ("vendor/qr/",)
"""Folders of what is fetched when somebody wants it, and is of no use offline."""
KEPT: Final = frozenset({"css", "html", "js", "svg", "webmanifest"})
DIGEST_LENGTH: Final = 20


def digest_of(body: bytes) -> str:
    """The name of a content, in short: 80 bits of its SHA-256, in hex."""
    return hashlib.sha256(body).hexdigest()[:DIGEST_LENGTH]


def whole_of(files: Mapping[str, bytes], scope: str) -> dict[str, bytes]:
    """The files as they are served: modules of the first view are joined, and stand at their own addresses as facades.

    Raises ModuleUnreadableError or KeyError for a module that cannot be joined.
    """
    served = dict(files)
    whose: dict[str, str] = {}
    for path, entry in WHOLE.items():
        address = f"{scope}/{path}"
        modules = in_order(files, entry, scope, known=tuple(whose))
        served[path] = joined(modules, whose)
        served |= {module.path: facade(module, address) for module in modules}
        whose |= dict.fromkeys((module.path for module in modules), address)
    return served


def words_of(language: str) -> str:
    """The path of the page's own words in a language."""
    return f"js/words/{language}.js"


def pages_of(files: Mapping[str, bytes], scope: str) -> dict[str, bytes]:
    """The page for each language: it asks for all that it will need in one go, not for one file after the other."""
    return {language: _written(files[INDEX], scope, (*WHOLE, words_of(language)), language) for language in LANGUAGES}


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
