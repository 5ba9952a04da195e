"""The app's icons as pictures are of the drawings that lie beside them, and the manifest names them as they are."""

import json

import pytest

from tests.house.icons import ICONS, SIGNATURE, WEB, digest_of, size_of, source_of, told

MANIFEST = json.loads((WEB / "manifest.webmanifest").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ICONS)
def test_an_icon_is_of_its_drawing_as_that_is_now_and_of_its_size(name: str) -> None:
    drawing, side = ICONS[name]
    picture = (WEB / name).read_bytes()
    assert picture.startswith(SIGNATURE)
    assert size_of(picture) == (side, side)
    assert source_of(picture) == digest_of(WEB / drawing), "make icons"


def test_what_a_picture_says_of_its_drawing_can_be_read_again() -> None:
    bare = (WEB / "icon-192.png").read_bytes()
    assert source_of(told(bare, "another")) == "another"


def test_the_manifest_has_a_picture_of_each_size_for_each_purpose() -> None:
    pictures = {(one["purpose"], one["sizes"]): one["src"] for one in MANIFEST["icons"] if one["type"] == "image/png"}
    assert pictures == {
        ("any", "192x192"): "/app/icon-192.png",
        ("any", "512x512"): "/app/icon-512.png",
        ("maskable", "192x192"): "/app/icon-maskable-192.png",
        ("maskable", "512x512"): "/app/icon-maskable-512.png",
    }


def test_every_picture_of_the_manifest_is_there_with_the_size_that_it_says() -> None:
    for one in [*MANIFEST["icons"], *MANIFEST.get("screenshots", [])]:
        found = (WEB / one["src"].removeprefix("/app/")).read_bytes()
        if one["type"] == "image/png":
            assert "x".join(str(side) for side in size_of(found)) == one["sizes"]


def test_no_drawing_is_left_out() -> None:
    assert {drawing for drawing, _ in ICONS.values()} == {path.name for path in WEB.glob("icon*.svg")}
    assert set(ICONS) == {path.name for path in WEB.glob("icon*.png")}
