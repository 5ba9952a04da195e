"""Labels as operators get them: formats, offset, dots, calibration, and what is refused."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import reportlab
from fastapi import FastAPI

from cloud.errors import SetupError
from cloud.registry.sheets import SHEETS
from cloud.settings import load_settings
from tests.camera import pages, read, texts, words
from tests.integration.cloud.resolving import bearer, client, made_app
from tests.integration.cloud.world import World

VERA = str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf")
LABELS = "/api/v1/labels"


@pytest.fixture
def app(sqlite_world: World) -> Iterator[FastAPI]:
    yield from made_app(sqlite_world, label_font=VERA)


@pytest.fixture
async def operator(app: FastAPI, sqlite_world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, **bearer(sqlite_world)) as found:
        yield found


async def printed(operator: httpx.AsyncClient, **body: Any) -> bytes:
    answer = await operator.post(LABELS, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    return answer.content


async def test_every_format_that_is_listed_can_be_printed(operator: httpx.AsyncClient, sqlite_world: World) -> None:
    unit = sqlite_world.unit()
    listed = (await operator.get(f"{LABELS}/sheets")).json()["items"]
    assert {one["name"]: one["columns"] * one["rows"] for one in listed} == {
        name: sheet.places for name, sheet in SHEETS.items()
    }
    for one in listed:
        (page,) = pages(await printed(operator, product_ids=[unit.id], sheet=one["name"]), 203)
        assert texts(page) == [f"https://id.example/01/{unit.gtin}/21/{unit.serial}"]
        assert page.width == pytest.approx(one["page"][0] * 203 / 25.4, abs=2)


async def test_the_offset_and_the_dots_of_a_call_show_on_its_page(
    operator: httpx.AsyncClient, sqlite_world: World
) -> None:
    given: dict[str, Any] = {"product_ids": [sqlite_world.unit().id], "sheet": "a4-l7160"}

    async def left_and_side(**more: Any) -> tuple[float, float]:
        (page,) = pages(await printed(operator, **given, **more), 600)
        at: Any = read(page)[0].position
        return at.top_left.x * 25.4 / 600, (at.top_right.x - at.top_left.x) * 25.4 / 600

    plain, moved, dots = await left_and_side(), await left_and_side(offset_x_mm=3), await left_and_side(dpi=203)
    assert moved[0] - plain[0] == pytest.approx(3, abs=0.1)
    assert plain[1] - dots[1] > 0.5


async def test_a_calibration_page_is_made_for_each_format(operator: httpx.AsyncClient) -> None:
    for name in SHEETS:
        answer = await operator.get(f"{LABELS}/calibration", params={"sheet": name, "offset_y_mm": -1.5})
        assert answer.headers["content-type"] == "application/pdf"
        assert f"{name}: move by +0 mm right, -1.5 mm down" in words(answer.content)


async def test_a_font_of_the_deployment_prints_titles_in_its_letters(operator: httpx.AsyncClient) -> None:
    model = {"gtin": "4006381333931", "name": "Łučka", "brand": "Ω"}
    assert (await operator.post("/api/v1/models", json=model)).status_code == 201
    unit = (await operator.post("/api/v1/products", json={"gtin": model["gtin"]})).json()
    assert "Ω Łučka" in words(await printed(operator, product_ids=[unit["id"]], sheet="62x29"))
    plain = await operator.get(f"/api/v1/products/{unit['id']}/label.pdf")
    assert "Ω Łučka" in words(plain.content)


@pytest.mark.parametrize(
    "change",
    [{"sheet": "a5"}, {"offset_x_mm": 10.5}, {"offset_y_mm": -11}, {"dpi": 72}, {"skip": 101}, {"product_ids": []}],
)
async def test_what_no_printer_can_do_is_refused(
    operator: httpx.AsyncClient, sqlite_world: World, change: dict[str, Any]
) -> None:
    answer = await operator.post(LABELS, json={"product_ids": [sqlite_world.unit().id], **change})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_an_address_too_long_for_the_label_is_refused_by_its_own_code(sqlite_world: World) -> None:
    unit = sqlite_world.unit()
    for made in made_app(sqlite_world):
        made.state.context = made.state.context.__class__(
            sqlite_world.db, sqlite_world.keys, load_settings(public_url=f"https://{'long.' * 30}example")
        )
        async with client(made, **bearer(sqlite_world)) as found:
            answer = await found.post(LABELS, json={"product_ids": [unit.id], "sheet": "50x25"})
            assert (answer.status_code, answer.json()["code"]) == (422, "label_too_small")
            assert "larger labels" in answer.json()["detail"]


def test_a_font_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    wrong = tmp_path / "font.otf"
    wrong.write_bytes(b"OTTO" + bytes(100))
    for path in (wrong, tmp_path / "missing.ttf"):
        with pytest.raises(SetupError, match="label_font"):
            load_settings(label_font=str(path))
    assert load_settings(label_font=VERA).label_font == VERA


def test_a_vocabulary_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(SetupError, match="link_vocabularies"):
        load_settings(link_vocabularies=("gs1=https://x.example/",))
