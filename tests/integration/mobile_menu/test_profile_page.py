"""The page that tells how to make a profile, followed word by word: what it says is written to files, and works."""

import re
from pathlib import Path

import pytest

from cloud.registry.profiles import parse_profile
from mobile_menu.content_loader import ContentError, read_content
from mobile_menu.rules.content_tests import failures

PAGE = Path("docs/how-to/make-a-product-profile.md")
BLOCK = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def lamp(tmp_path: Path) -> Path:
    """The folder that a reader has in the end."""
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    for name, text in blocks:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert len(blocks) == 7
    return tmp_path


def test_who_follows_the_page_has_a_profile_that_works(lamp: Path) -> None:
    content = read_content("lamp", lamp)
    assert len(content.tests) == 2
    assert failures(content) == ()
    machine = parse_profile((lamp / "machine/profile.toml").read_text(encoding="utf-8"))
    assert (machine.name, [step.id for step in machine.steps]) == ("lamp", ["plug_in", "first_light"])
    assert {f"step-{step.id}" for step in machine.steps} <= set(content.texts["en"].by_id)


@pytest.mark.parametrize("name", ["profile.toml", "items.toml", "texts.en.ftl", "pictures/turn-bulb.svg"])
def test_every_file_of_the_page_is_needed(lamp: Path, name: str) -> None:
    (lamp / name).unlink()
    with pytest.raises(ContentError):
        read_content("lamp", lamp)
