"""Which link a resolver gives: by level, type, language, media type and context, and when it leaves the choice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.registry.linktypes import Vocabularies
from cloud.registry.resolving import Choices, Entry, Link, Missing, Redirect, Whole, Wish, resolve, wish_of

WORDS = Vocabularies()


def link(kind: str, name: str, *languages: str, **more: object) -> Link:
    return Link(f"gs1:{kind}", f"https://x.example/{name}", name, languages=languages, **more)  # type: ignore[arg-type]  # named in each test


MENU = link("support", "menu", is_default=True, own=False, opens_menu=True)
MODEL = Entry("https://id.example/01/1", "P1", (link("pip", "pip"), link("faqs", "faqs"), MENU))
LOT = Entry("https://id.example/01/1/10/L", "P1, lot L", (link("recallStatus", "recall"), link("pip", "pip-of-lot")))
UNIT = Entry("https://id.example/01/1/21/S", "P1, serial number S", (link("dpp", "passport"), MENU))


def asked(kind: str = "", *, accept: str = "*/*", languages: str = "", context: str = "") -> Wish:
    return wish_of(kind, WORDS.short(kind), accept, languages, context)


def target(entries: tuple[Entry, ...], wish: Wish) -> str:
    answer = resolve(entries, wish)
    assert isinstance(answer, Redirect), answer
    return answer.link.title


def test_without_a_wish_the_default_link_of_the_most_specific_level_is_given() -> None:
    special = UNIT._replace(links=(link("dpp", "passport", is_default=True),))
    lot = LOT._replace(links=(link("recallStatus", "recall", is_default=True),))
    assert target((UNIT, LOT, MODEL), asked()) == "menu"
    assert target((special, LOT, MODEL), asked()) == "passport"
    assert target((lot, MODEL), asked()) == "recall"
    assert target((LOT, MODEL), asked()) == "menu"
    assert target((special, MODEL), asked("gs1:defaultLink")) == "passport"


def test_a_type_is_taken_from_the_most_specific_level_that_has_it() -> None:
    assert target((UNIT, LOT, MODEL), asked("gs1:pip")) == "pip-of-lot"
    assert target((UNIT, MODEL), asked("gs1:pip")) == "pip"
    assert target((UNIT, LOT, MODEL), asked("gs1:faqs")) == "faqs"
    assert target((UNIT, LOT, MODEL), asked("https://gs1.org/voc/dpp")) == "passport"


@pytest.mark.parametrize("kind", ["gs1:epcis", "gs1:noSuchThing", "nonsense", "gs1:defaultLinkMulti"])
def test_a_type_that_no_level_has_is_missing(kind: str) -> None:
    assert resolve((UNIT, LOT, MODEL), asked(kind)) == Missing()


def test_an_operators_link_goes_before_our_own_of_the_same_type() -> None:
    model = MODEL._replace(links=(MENU, link("support", "help-desk")))
    assert target((model,), asked("gs1:support")) == "help-desk"
    assert target((model,), asked()) == "menu"


PAGES = Entry(
    "https://id.example/01/1",
    "P1",
    (
        link("instructions", "en", "en"),
        link("instructions", "en-GB", "en-GB"),
        link("instructions", "de", "de"),
        link("instructions", "fr-be", "fr-BE", "nl"),
        MENU,
    ),
)


@pytest.mark.parametrize(
    ("languages", "name"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de-AT, en", "en"),
        ("fr, en;q=0.5", "fr-be"),
        ("nl;q=0.2, de;q=0.1", "fr-be"),
        ("en-GB", "en-GB"),
        ("en", "en"),
        ("en-US", "en"),
        ("en;q=0.1, de;q=0.9", "de"),
        ("DE", "de"),
    ],
)
def test_among_several_the_language_decides_with_its_weight_and_its_region(languages: str, name: str) -> None:
    assert target((PAGES,), asked("gs1:instructions", languages=languages)) == name


@pytest.mark.parametrize("languages", ["", "vi", "*"])
def test_where_nothing_decides_the_choice_is_left_with_the_candidates(languages: str) -> None:
    answer = resolve((PAGES,), asked("gs1:instructions", languages=languages))
    assert isinstance(answer, Choices)
    assert [one.title for one in answer.entry.links] == ["en", "en-GB", "de", "fr-be"]
    assert answer.entry.anchor == PAGES.anchor


def test_a_page_in_no_particular_language_is_for_those_whose_language_is_not_there() -> None:
    entry = PAGES._replace(links=(*PAGES.links, link("instructions", "pictures")))
    assert target((entry,), asked("gs1:instructions", languages="vi")) == "pictures"
    assert target((entry,), asked("gs1:instructions")) == "pictures"
    assert target((entry,), asked("gs1:instructions", languages="de")) == "de"


def test_then_the_media_type_decides_and_then_the_context() -> None:
    entry = MODEL._replace(
        links=(
            link("instructions", "page", media_type="text/html"),
            link("instructions", "pdf", media_type="application/pdf"),
            link("hasRetailers", "shops"),
            link("hasRetailers", "shops-de", contexts=("DE", "AT")),
            link("hasRetailers", "shops-us", contexts=("US",)),
            MENU,
        )
    )
    assert target((entry,), asked("gs1:instructions", accept="application/pdf")) == "pdf"
    assert target((entry,), asked("gs1:instructions", accept="text/html, */*;q=0.8")) == "page"
    assert isinstance(resolve((entry,), asked("gs1:instructions")), Choices)
    assert target((entry,), asked("gs1:hasRetailers", context="AT")) == "shops-de"
    assert target((entry,), asked("gs1:hasRetailers", context="us")) == "shops-us"
    assert target((entry,), asked("gs1:hasRetailers", context="FR")) == "shops"
    assert target((entry,), asked("gs1:hasRetailers")) == "shops"


def test_the_language_goes_before_the_media_type() -> None:
    entry = MODEL._replace(
        links=(
            link("instructions", "page", "en", media_type="text/html"),
            link("instructions", "pdf", "de", media_type="application/pdf"),
        )
    )
    assert target((entry,), asked("gs1:instructions", accept="text/html, */*;q=0.1", languages="de")) == "pdf"


def test_candidates_that_lead_to_the_same_place_are_no_choice() -> None:
    twice = (link("faqs", "faqs", "en"), link("faqs", "faqs", "de"))
    assert target((MODEL._replace(links=twice),), asked("gs1:faqs")) == "faqs"


DEFAULTS = MODEL._replace(
    links=(link("pip", "en", "en", is_default=True), link("pip", "de", "de"), link("pip", "fr", "fr"))
)


def test_the_default_link_has_variants_that_a_language_can_call() -> None:
    assert [one.title for one in DEFAULTS.variants] == ["en", "de", "fr"]
    assert target((DEFAULTS,), asked(languages="de")) == "de"
    assert target((DEFAULTS,), asked(languages="de, fr")) == "en"  # two are as welcome: nothing is decided
    assert target((DEFAULTS,), asked(languages="vi")) == "en"
    assert target((DEFAULTS,), asked()) == "en"
    assert target((DEFAULTS,), asked("gs1:defaultLink", languages="de")) == "en"
    assert target((DEFAULTS,), asked("gs1:defaultLinkMulti", languages="fr")) == "fr"


def test_a_linkset_is_asked_for_by_word_or_by_media_type_and_the_old_word_is_noted() -> None:
    assert resolve((MODEL,), asked("linkset")) == Whole()
    assert resolve((MODEL,), asked(accept="application/linkset+json")) == Whole()
    assert target((MODEL,), asked("gs1:pip", accept="application/linkset+json")) == "pip"
    assert resolve((MODEL,), asked("all")) == Whole()
    assert (asked("all").deprecated, asked("linkset").deprecated) == (True, False)


kinds = st.sampled_from(["pip", "faqs", "instructions", "support"])
links = st.builds(
    Link,
    type=kinds.map("gs1:{}".format),
    href=st.sampled_from(["https://a.example", "https://b.example", "https://c.example"]),
    title=st.sampled_from(["one", "two", "three"]),
    languages=st.lists(st.sampled_from(["en", "de", "en-GB", "fr"]), unique=True, max_size=2).map(tuple),
    media_type=st.sampled_from(["", "text/html", "application/pdf"]),
    contexts=st.lists(st.sampled_from(["DE", "US"]), unique=True, max_size=2).map(tuple),
)
entries = st.builds(
    lambda anchor, own: Entry(anchor, "d", (*own, MENU)), st.text(max_size=5), st.lists(links, max_size=6)
)
wishes = st.builds(
    asked,
    st.sampled_from(["", "gs1:pip", "gs1:faqs", "gs1:epcis", "gs1:defaultLink", "linkset", "junk"]),
    accept=st.sampled_from(["", "*/*", "text/html", "application/pdf, text/*;q=0.5", "image/png"]),
    languages=st.sampled_from(["", "en", "de-AT, en;q=0.3", "fr;q=0", "*"]),
    context=st.sampled_from(["", "DE", "FR"]),
)


@given(st.lists(entries, min_size=1, max_size=3).map(tuple), wishes)
def test_an_answer_is_always_one_of_the_links_there_are_and_of_the_type_that_was_asked_for(
    levels: tuple[Entry, ...], wish: Wish
) -> None:
    every = [one for level in levels for one in level.links]
    answer = resolve(levels, wish)
    match answer:
        case Redirect(found):
            assert found in every
            assert wish.link_type in {"", "gs1:defaultLink", found.type}
        case Choices(entry):
            assert len({one.href for one in entry.links}) > 1
            assert {one.type for one in entry.links} == {wish.link_type}
            assert all(one in every for one in entry.links)
        case Missing():
            assert all(one.type != wish.link_type for one in every)
        case Whole():
            assert wish.linkset
    assert (wish.link_type == "" and not wish.linkset) <= isinstance(answer, Redirect)  # there is always a default
