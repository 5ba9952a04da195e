"""The gallery of the phone is whole: a picture of every stage, and of every reason for which a printer's menu leads
with a fix; each is small, and the page is as it would be written now. What they look like is for people to see.
"""

import csv
import re

from PIL import Image

from broker.contract.stages import Stage
from mobile_menu.content_loader import load_content
from tests.house import gallery, pictures
from tests.house.files import ROOT, committed
from tests.house.situations import fault

PRINTER = load_content("printer")
PAGE = pictures.PAGE.read_text(encoding="utf-8")
SHOTS = gallery.every_shot()
SHOWN = re.findall(r"!\[[^\]]*\]\(pictures/phone/([a-z0-9-]+)\.webp\)", PAGE)
TOGETHER = 4_000_000
with (ROOT / "tests" / "data" / "ipp_printer_state_reasons.csv").open(encoding="utf-8") as _file:
    REGISTERED = [row["keyword"] for row in csv.DictReader(_file)]


def test_the_page_is_as_it_would_be_written_now() -> None:
    assert pictures.written() == PAGE, "out of step: run `make pictures`"


def test_every_stage_has_a_heading_and_a_picture_of_it() -> None:
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
    for stage in Stage:
        shown = re.findall(r"phone/([a-z0-9-]+)\.webp", sections[pictures.STAGES[stage.value]])
        stages = {shot.menu.stage for shot in SHOTS if shot.name in shown and shot.menu}
        assert stages == {stage.value}


def test_every_registered_reason_that_leads_with_a_fix_of_its_own_is_named_with_its_picture() -> None:
    named = [one for one in REGISTERED if one in PRINTER.named_reasons and gallery.leads_with_a_fix(fault(one))]
    assert len(named) >= 37
    assert [one for one in named if f"fix-{one}" not in SHOWN or f"| `{one}`: " not in PAGE] == []


def test_the_reasons_of_the_gallery_are_those_that_guides_name_with_none_at_all_and_one_that_no_guide_names() -> None:
    assert set(gallery.the_fixes()) == PRINTER.named_reasons | {gallery.UNNAMED}
    assert len(PRINTER.named_reasons & set(REGISTERED)) >= 34
    assert gallery.UNNAMED not in PRINTER.named_reasons


def test_a_picture_is_shown_once_and_what_is_shown_is_there() -> None:
    files = {path.stem for path in committed() if path.parent == pictures.PLACE}
    assert sorted(SHOWN) == sorted(shot.name for shot in SHOTS)
    assert len(set(SHOWN)) == len(SHOWN)
    assert files == set(SHOWN)


def test_pictures_are_of_one_phone_and_small() -> None:
    sizes = {path: path.stat().st_size for path in pictures.PLACE.glob("*.webp")}
    assert {path.name: size for path, size in sizes.items() if size > pictures.LARGEST} == {}
    assert sum(sizes.values()) <= TOGETHER
    for path in sizes:
        with Image.open(path) as picture:
            assert picture.size == (pictures.PHONE["width"], pictures.PHONE["height"]), path.name
