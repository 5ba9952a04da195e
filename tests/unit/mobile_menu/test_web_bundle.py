"""Modules put together: in their order, with what they give under their own addresses, and nothing half understood."""

import pytest

from mobile_menu.web_bundle import ModuleUnreadableError, facade, in_order, joined, module_of, resolved

FILES = {
    "app.js": b'import { a, b as other } from "./js/a.js";\nimport "./js/z.js";\na(other);\n',
    "js/a.js": b'import { c } from "../vendor/c/index.js";\n// Said of it.\nexport function a() { return c; }\n\n'
    b"/**\n * More.\n * `export` is a word in here\n */\nexport const b = 1; // beside\nexport class D {}\n"
    b'export async function e() { return import("./late.js"); }\n',
    "js/z.js": b'import { a } from "./a.js";\na();\nconst late = (name) => import(`./words/${name}.js`);\n',
    "vendor/c/index.js": b"// Theirs.\nconst c = 1, d = 2;\nexport {\n  c,\n  d as e\n};\n"
    b"//# sourceMappingURL=index.js.map",
}


def test_each_module_comes_after_what_it_needs_and_once() -> None:
    assert [one.path for one in in_order(FILES, "app.js", "/app")] == [
        "vendor/c/index.js",
        "js/a.js",
        "js/z.js",
        "app.js",
    ]
    assert [one.path for one in in_order(FILES, "app.js", "/app", known=["js/a.js"])] == ["js/z.js", "app.js"]


def test_a_module_is_a_block_that_takes_what_it_needs_and_leaves_what_it_gives() -> None:
    text = joined(in_order(FILES, "app.js", "/app"), {}).decode()
    assert text.splitlines() == [
        "let of_vendor_c_index; { // vendor/c/index.js",
        "// Theirs.",
        "const c = 1, d = 2;",
        "of_vendor_c_index = { c, e: d };",
        "}",
        "let of_js_a; { // js/a.js",
        "const { c } = of_vendor_c_index;",
        "function a() { return c; }",
        "",
        "const b = 1; // beside",
        "class D {}",
        'async function e() { return import("/app/js/late.js"); }',
        "of_js_a = { a, b, D, e };",
        "}",
        "let of_js_z; { // js/z.js",
        "const { a } = of_js_a;",
        "a();",
        "const late = (name) => import(`/app/js/words/${name}.js`);",
        "of_js_z = {  };",
        "}",
        "let of_app; { // app.js",
        "const { a, b: other } = of_js_a;",
        "a(other);",
        "of_app = {  };",
        "}",
        "export { of_vendor_c_index, of_js_a, of_js_z, of_app };",
    ]


def test_what_another_joined_file_has_is_taken_from_there_in_one_import() -> None:
    known = {"js/a.js": "/app/whole/first.js", "js/z.js": "/app/whole/first.js"}
    text = joined(in_order(FILES, "app.js", "/app", known=list(known)), known).decode()
    assert text.startswith('import { of_js_a, of_js_z } from "/app/whole/first.js";\nlet of_app;')


def test_a_joined_module_gives_the_same_under_its_own_address() -> None:
    modules = {one.path: one for one in in_order(FILES, "app.js", "/app")}
    assert facade(modules["vendor/c/index.js"], "/app/whole/app.js") == (
        b'import { of_vendor_c_index } from "/app/whole/app.js";\nexport const { c, e } = of_vendor_c_index;\n'
    )
    assert facade(modules["app.js"], "/app/whole/app.js") == b'import { of_app } from "/app/whole/app.js";\n'


@pytest.mark.parametrize(
    "line",
    [
        'import all from "./a.js";',
        'import * as all from "./a.js";',
        "import { a } from './a.js';",
        'import { a } from "elsewhere";',
        "export let changing = 1;",
        "export var changing = 1;",
        "export default 1;",
        'export { a } from "./a.js";',
        'export * from "./a.js";',
        "export const { a, b } = found;",
    ],
)
def test_what_is_not_understood_is_refused_and_said(line: str) -> None:
    with pytest.raises(ModuleUnreadableError, match=r"js/x\.js: cannot be joined") as caught:
        module_of("js/x.js", f"const before = 1;\n{line}\n".encode(), "/app")
    assert line.split(maxsplit=1)[0] in str(caught.value)


def test_a_circle_is_refused_with_its_way() -> None:
    round_ = {"a.js": b'import { b } from "./b.js";', "b.js": b'import { a } from "./a.js";'}
    with pytest.raises(ModuleUnreadableError, match=r"a\.js: needs itself, by way of a\.js and b\.js"):
        in_order(round_, "a.js", "/app")


def test_a_module_that_is_needed_and_not_there_is_noticed() -> None:
    with pytest.raises(KeyError, match=r"js/gone\.js"):
        in_order({"app.js": b'import { x } from "./js/gone.js";'}, "app.js", "/app")


@pytest.mark.parametrize(
    ("path", "name", "wanted"),
    [("app.js", "./js/a.js", "js/a.js"), ("js/a.js", "../b.js", "b.js"), ("js/deep/a.js", "./.././b.js", "js/b.js")],
)
def test_a_relative_name_is_resolved_as_browsers_do(path: str, name: str, wanted: str) -> None:
    assert resolved(path, name) == wanted
