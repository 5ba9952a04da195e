import pytest

from cloud.registry.linktypes import GS1_TERMS, STRUCTURAL, Vocabularies, vocabularies

OURS = vocabularies(["acme=https://acme.example/voc/", "more=https://acme.example/more#"])


def words() -> Vocabularies:
    assert isinstance(OURS, Vocabularies), OURS
    return OURS


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("gs1:pip", "gs1:pip"),
        ("https://ref.gs1.org/voc/pip", "gs1:pip"),
        ("https://gs1.org/voc/pip", "gs1:pip"),
        ("http://gs1.org/voc/pip", "gs1:pip"),
        ("https://www.gs1.org/voc/pip", "gs1:pip"),
        ("acme:repair", "acme:repair"),
        ("https://acme.example/voc/repair", "acme:repair"),
        ("https://acme.example/more#repair", "more:repair"),
        ("gs1:noSuchThing", "gs1:noSuchThing"),
        ("pip", None),
        ("other:pip", None),
        ("gs1:", None),
        ("gs1:a b", None),
        ("https://ref.gs1.org/voc/", None),
        ("https://ref.gs1.org/voc/a/b", None),
        ("https://elsewhere.example/voc/pip", None),
        ("", None),
    ],
)
def test_every_spelling_of_a_link_type_is_one_type(text: str, short: str | None) -> None:
    assert words().short(text) == short


def test_a_short_spelling_has_its_full_one() -> None:
    assert words().full("gs1:pip") == "https://ref.gs1.org/voc/pip"
    assert words().full("more:repair") == "https://acme.example/more#repair"


def test_a_link_may_have_a_type_that_gs1_knows_or_one_of_another_vocabulary() -> None:
    assert all(words().may_be_kept(f"gs1:{term}") for term in GS1_TERMS)
    assert words().may_be_kept("acme:anything")
    assert not words().may_be_kept("gs1:noSuchThing")
    assert not any(words().may_be_kept(one) for one in STRUCTURAL)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["acme"], "not of the form"),
        (["acme=http://acme.example/voc/"], "not of the form"),
        (["acme=https://acme.example/voc"], "not of the form"),
        (["a:b=https://acme.example/voc/"], "not of the form"),
        (["gs1=https://acme.example/voc/"], "twice"),
        (["a=https://acme.example/a/", "a=https://acme.example/b/"], "twice"),
        (["mine=https://gs1.org/voc/"], "is GS1's"),
    ],
)
def test_a_vocabulary_that_cannot_be_one_is_refused_with_its_reason(lines: list[str], why: str) -> None:
    found = vocabularies(lines)
    assert isinstance(found, str)
    assert why in found
