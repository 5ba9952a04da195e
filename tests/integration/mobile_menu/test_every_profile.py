"""What holds for every kind of product that is shipped: its machine's words, its content and its texts fit together."""

from collections.abc import Iterator

import pytest

from broker.contract.stages import Stage
from cloud.registry.profiles import load_profile, profile_names
from mobile_menu.content_loader import load_content, profiles
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.content_tests import failures
from mobile_menu.rules.menu import Item
from mobile_menu.rules.situation import Device, Level, Place, Situation, Step, Zone

KINDS = profiles()


def test_a_kind_of_product_has_both_its_machines_words_and_its_menus() -> None:
    assert set(KINDS) == set(profile_names()) >= {"printer", "coffee"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_contents_own_tests_pass(kind: str) -> None:
    content = load_content(kind)
    assert len(content.tests) >= 30
    assert failures(content) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_of_the_installation_has_words_and_pictures_in_every_language(kind: str) -> None:
    content, machine = load_content(kind), load_profile(kind)
    steps = tuple(Step(id=one.id, required=one.required, witness=one.witness) for one in machine.steps)
    for language in content.languages:
        for first, step in enumerate(steps):
            situation = Situation(
                journey_id="j",
                stage=Stage.INSTALL,
                profile=kind,
                language=language,
                place=Place(zone=Zone.HERE),
                steps=steps[first:],
            )
            (shown,) = [one for one in _items(situation) if one.id == f"step-{step.id}"]
            assert f"step-{step.id}" in content.texts[language].by_id
            assert shown.steps
            assert any(one.picture for one in shown.steps)


@pytest.mark.parametrize(
    ("kind", "reason"), [(kind, one) for kind in KINDS for one in load_profile(kind).reasons.gravity]
)
def test_every_reason_that_is_weighed_has_a_label_and_leads_with_help_in_every_language(kind: str, reason: str) -> None:
    content = load_content(kind)
    for language in content.languages:
        situation = Situation(
            journey_id="j",
            stage=Stage.SUPPORT,
            profile=kind,
            language=language,
            place=Place(zone=Zone.HERE),
            device=Device(level=Level.ERROR, reasons=(reason,)),
        )
        assert content.texts[language].by_id[f"reason-{reason}"].plain
        lead = next(_items(situation))
        assert (lead.kind, lead.id.startswith("fix-")) == ("guide", False), reason
        assert lead.steps


def _items(situation: Situation) -> Iterator[Item]:
    menu = compose_menu(situation, load_content(situation.profile)).menu
    return (item for section in menu.sections for item in section.items)
