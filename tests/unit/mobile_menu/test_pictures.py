"""A picture of a guide draws, and can do nothing else; what else it tries is refused with its line."""

import hashlib
import re
from base64 import b64encode
from pathlib import Path
from shutil import copytree

import pytest

from mobile_menu.content_loader import ContentError, find_picture, load_content, profiles, read_content
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.pictures import MAX_PICTURE_BYTES, Flaw, Picture, read_picture
from mobile_menu.rules.situation import Device, Level, Situation
from tests.unit.mobile_menu.picture import PICTURE

PRINTER = Path("mobile_menu/content/printer")


def test_a_picture_is_named_by_its_bytes_and_its_policy_by_its_style() -> None:
    picture = read_picture(PICTURE)
    assert isinstance(picture, Picture)
    assert picture.body == PICTURE.encode()
    assert picture.digest == hashlib.sha256(PICTURE.encode()).hexdigest()[:32]
    assert picture.href == f"/menu/v1/pictures/{picture.digest}.svg"
    style = PICTURE.partition("<style>")[2].partition("</style>")[0]
    assert picture.style_hash == f"'sha256-{b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("<path", "<script>alert(1)</script>\n<path", 6, "an element script is not allowed"),
        ("<path", "<foreignObject/><path", 6, "an element foreignObject is not allowed"),
        ("<path", '<use href="#a"/><path', 6, "an element use is not allowed"),
        ("<path", '<image href="https://x.example/a.png"/><path', 6, "an element image is not allowed"),
        ("<path", '<a href="/x"/><path', 6, "an element a is not allowed"),
        ("<path", "<animate/><path", 6, "an element animate is not allowed"),
        ("<path", "<text>12</text><path", 6, "an element text is not allowed"),
        ("<path", '<g xmlns="http://www.w3.org/1999/xhtml"/><path', 6, "an element g is not allowed"),
        ("<path", "<svg/><path", 6, "one svg is around everything"),
        ("<path", "<style>.b { fill: none }</style><path", 6, "one style stands in it, before what is drawn"),
        ("</style>", "<g/></style>", 5, "an element g is not allowed in a style"),
        ("<path", "words<path", 6, "a picture has no words"),
        ('class="a"', 'class="a" onload="x"', 6, "an attribute onload of path is not allowed"),
        ('class="a"', 'class="a" style="x"', 6, "an attribute style of path is not allowed"),
        ('class="a"', 'class="a" fill="red"', 6, "an attribute fill of path is not allowed"),
        ('class="a"', 'class="a" xml:base="x"', 6, "an attribute base of path is not allowed"),
        ('class="a"', 'class="a" cx="4"', 6, "an attribute cx of path is not allowed"),
        ('class="a"', 'class="c"', 6, "its style has no class c"),
        ('d="M0 0h9"', 'd="url(#a)"', 6, "the value of d is not allowed"),
        ('d="M0 0h9"', 'd="data:x"', 6, "the value of d is not allowed"),
        ('viewBox="0 0 240 180"', "", 1, 'its viewBox is like "0 0 240 180"'),
        ('viewBox="0 0 240 180"', 'viewBox="0 0 240 0"', 1, 'its viewBox is like "0 0 240 180"'),
        ('viewBox="0 0 240 180"', 'viewBox="0 0 240 180" onload="x"', 1, "an attribute onload of svg is not allowed"),
        ("#123456", "url(x)", 1, "its style says colours and lines, by class, and again for dark"),
        ("fill: #123456", "background: #123456", 1, "its style says colours and lines"),
        (".a {", "@import 'x'; .a {", 1, "its style says colours and lines"),
        ("@media (prefers-color-scheme: dark) { .a { fill: #fff } }", "", 1, "and again for dark"),
        ("<path", "<?x y?><path", 6, "a processing instruction is not allowed"),
        ("<svg", "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg", 1, "a DOCTYPE is not allowed"),
        ("</svg>", "", 8, "is not XML: no element found"),
        ("</svg>", "<path></svg>", 7, "is not XML: mismatched tag"),
        ("</svg>", "<!--" + "x" * MAX_PICTURE_BYTES + "--></svg>", 1, f"and may have {MAX_PICTURE_BYTES}"),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_line(old: str, new: str, line: int, what: str) -> None:
    assert old in PICTURE
    flaw = read_picture(PICTURE.replace(old, new, 1))
    assert isinstance(flaw, Flaw)
    assert what in flaw.what
    assert flaw.line == line


def test_a_style_of_any_length_is_read_in_no_time() -> None:
    long = PICTURE.replace("fill: #123456", "fill: #123456; stroke-width: 1" + " 1" * 9000 + "x")
    assert isinstance(read_picture(long), Flaw)


@pytest.mark.parametrize("profile", profiles())
def test_every_picture_of_the_content_is_found_by_its_digest(profile: str) -> None:
    for picture in load_content(profile).pictures.values():
        assert find_picture(picture.digest) == picture


def test_a_digest_that_no_picture_has_finds_none() -> None:
    assert find_picture("0" * 32) is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The printer's content with one more picture, which the two steps of `watch-paper` show between them."""
    copied = Path(copytree(PRINTER, tmp_path / "printer"))
    (copied / "pictures").mkdir(exist_ok=True)
    (copied / "pictures" / "sheet.svg").write_text(PICTURE, encoding="utf-8")
    item = '\n[[items]]\nid = "watch-paper"\nsection = "use"\nkind = "guide"\npictures = ["", "sheet"]\n'
    with (copied / "support.toml").open("a", encoding="utf-8") as file:
        file.write(item)
    for language in ("en", "de", "ar"):
        with (copied / f"stages.{language}.ftl").open("a", encoding="utf-8") as file:
            file.write("\nitem-watch-paper = Watch\n    .step-1 = One.\n    .step-2 = Two.\n")
    return copied


def test_a_step_carries_the_address_of_its_picture(folder: Path) -> None:
    content = read_content("printer", folder)
    situation = Situation(journey_id="j", stage="support", profile="printer", device=Device(level=Level.OK))  # type: ignore[arg-type]  # a stage is its word
    sections = compose_menu(situation, content).menu.sections
    steps = next(item.steps for section in sections for item in section.items if item.id == "watch-paper")
    assert [(step.text, step.picture) for step in steps] == [("One.", ""), ("Two.", content.pictures["sheet"].href)]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("support.toml", '["", "sheet"]', '["", "shet"]', r"support.toml:\d+: watch-paper: there is no picture shet"),
        ("support.toml", '["", "sheet"]', '["", ""]', r"pictures/sheet.svg:1: no step shows it"),
        ("support.toml", '["", "sheet"]', '["sheet"]', r"item-watch-paper: 1 pictures for 2 steps in en"),
        ("support.toml", '["", "sheet"]', '["", "", "sheet"]', r"item-watch-paper: 3 pictures for 2 steps in en"),
        ("support.toml", '["", "sheet"]', '["", "../sheet"]', r"support.toml:\d+: Expected `str` matching"),
        (
            "support.toml",
            'pictures = ["", "sheet"]',
            'step_pictures.unpack = ["", "", "", "sheet"]',
            r"watch-paper: only an item for each step has step_pictures",
        ),
        (
            "install.toml",
            "[items.step_pictures]",
            '[items.step_pictures]\nfly = ["sheet"]',
            r"the machine has no step fly",
        ),
        ("stages.de.ftl", ".step-1 = One", ".step-3 = One", r"stages.de.ftl:\d+: .*item-watch-paper"),
        ("pictures/sheet.svg", "<path", "<script/><path", r"pictures/sheet.svg:6: an element script is not allowed"),
    ],
)
def test_content_whose_pictures_do_not_fit_is_refused_with_its_place(
    folder: Path, file: str, old: str, new: str, said: str
) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError, match=said):
        read_content("printer", folder)


def test_steps_out_of_order_are_refused_because_pictures_go_by_it(folder: Path) -> None:
    for language in ("en", "de", "ar"):
        path = folder / f"stages.{language}.ftl"
        path.write_text(re.sub(r"\.step-1 = One", ".step-3 = One", path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ContentError, match=r"stages.en.ftl:\d+: item-watch-paper: its steps are step-1, step-2"):
        read_content("printer", folder)


def test_what_is_no_svg_is_no_picture(folder: Path) -> None:
    (folder / "pictures" / "sheet.png").write_bytes(b"x")
    with pytest.raises(ContentError, match=r"pictures/sheet\.png:1: is no picture"):
        read_content("printer", folder)
