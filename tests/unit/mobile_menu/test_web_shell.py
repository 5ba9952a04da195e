"""What the page asks for at once, and what its service worker keeps: found in the files, and in the app's own ones."""

import json
import re

import pytest

from mobile_menu import web_shell
from mobile_menu.web_files import FOLDER

FILES = {
    "index.html": b'<!doctype html>\n<html lang="en">\n  <!-- modules -->\n</html>',
    "sw.js": b'const SHELL = { version: "", files: {} };',
    "app.js": b'import { a } from "./js/a.js";\nimport { b } from "./js/deep/b.js";\nconst c = import("./js/late.js");',
    "js/early.js": b"export const e = 1;",
    "js/ahead.js": b'import { c } from "../vendor/c/index.js";\nexport const d = c;',
    "js/a.js": b'// import "./none.js"\nimport { d } from "./ahead.js";\nexport const a = d;',
    "js/deep/b.js": b'import {\n  a,\n} from "../a.js";\nexport const b = a;',
    "js/late.js": b'import { a } from "./a.js";',
    "js/words/en.js": b"export const words = {};",
    "vendor/c/index.js": b"export const c = 1;",
    "vendor/qr/decode.js": b"export default 1;",
    "icon.svg": b"<svg/>",
    "icon.png": b"png",
}


def kept(files: dict[str, bytes]) -> dict[str, str]:
    told = web_shell.worker_of(files, "/app").decode().removeprefix("const SHELL = ").removesuffix(";")
    found: dict[str, str] = json.loads(told)["files"]
    return found


def version(files: dict[str, bytes]) -> str:
    found = re.search(r'"version": "(\w{20})"', web_shell.worker_of(files, "/app").decode())
    assert found is not None
    return found[1]


def test_the_modules_of_the_first_view_are_joined_and_found_under_their_own_addresses_too() -> None:
    served = web_shell.whole_of(FILES, "/app")
    assert set(served) - set(FILES) == {"whole/early.js", "whole/ahead.js", "whole/app.js"}
    assert b"{ // vendor/c/index.js" in served["whole/ahead.js"]
    assert b"{ // js/a.js" not in served["whole/ahead.js"]
    assert b'import { of_js_ahead } from "/app/whole/ahead.js";\n' in served["whole/app.js"]
    assert served["js/ahead.js"].startswith(b'import { of_js_ahead } from "/app/whole/ahead.js";')
    assert served["js/a.js"] == (b'import { of_js_a } from "/app/whole/app.js";\nexport const { a } = of_js_a;\n')


def test_what_is_wanted_later_or_by_the_worker_is_served_as_it_is() -> None:
    served = web_shell.whole_of(FILES, "/app")
    alone = set(FILES) - {"app.js", "js/early.js", "js/ahead.js", "js/a.js", "js/deep/b.js", "vendor/c/index.js"}
    assert {path: served[path] for path in alone} == {path: FILES[path] for path in alone}


def test_the_page_of_each_language_asks_at_once_for_the_joined_files_and_its_own_words() -> None:
    pages = web_shell.pages_of(FILES, "/app")
    assert list(pages) == ["en", "de", "ar"]
    asked = re.findall(r'<link rel="modulepreload" href="/app/([^"]+)">', pages["ar"].decode())
    assert asked == ["whole/early.js", "whole/ahead.js", "whole/app.js", "js/words/ar.js"]
    assert b'<html lang="ar" dir="rtl">' in pages["ar"]
    assert b'<html lang="de" dir="ltr">' in pages["de"]


def test_the_worker_keeps_every_file_but_itself_what_is_wanted_late_and_pictures_in_dots() -> None:
    assert set(kept(FILES)) == {
        "/app/",
        "/app/app.js",
        "/app/icon.svg",
        "/app/js/a.js",
        "/app/js/ahead.js",
        "/app/js/deep/b.js",
        "/app/js/early.js",
        "/app/js/late.js",
        "/app/js/words/en.js",
        "/app/vendor/c/index.js",
    }
    assert kept(FILES)["/app/icon.svg"] == web_shell.digest_of(b"<svg/>")


@pytest.mark.parametrize("path", ["index.html", "sw.js", "app.js", "js/late.js", "icon.svg"])
def test_a_changed_byte_in_any_file_that_is_kept_is_a_new_version(path: str) -> None:
    assert version({**FILES, path: FILES[path] + b" "}) != version(FILES)
    assert version(dict(reversed(FILES.items()))) == version(FILES)


def test_a_change_of_what_is_not_kept_is_no_new_version() -> None:
    assert version({**FILES, "vendor/qr/decode.js": b"export default 2;"}) == version(FILES)


def test_the_app_s_own_files_have_the_marks_that_the_shell_is_written_at() -> None:
    files = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    assert files["index.html"].count(web_shell.MODULES) == files["index.html"].count(web_shell.HTML_TAG) == 1
    assert files["sw.js"].count(web_shell.SHELL) == 1
    assert all(web_shell.words_of(language) in files for language in web_shell.LANGUAGES)
    served = web_shell.whole_of(files, "/app")
    assert all(f'src="/app/{path}"'.encode() in files["index.html"] for path in web_shell.WHOLE)
    assert b"{ // js/menu.js" in served["whole/app.js"]
