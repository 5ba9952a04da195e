import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.registry.linkset import (
    CONTEXT,
    description,
    form_for,
    linked_data,
    linkset,
    linkset_header,
    names_a_form,
    with_query,
)
from cloud.registry.linktypes import Vocabularies
from cloud.registry.negotiation import weighted
from cloud.registry.resolving import Entry, Link

DATA = Path(__file__).parents[3] / "data"
WORDS = Vocabularies({"acme": "https://acme.example/voc/"})
PIP = Link("gs1:pip", "https://x.example/pip", "About", ("en", "de-AT"), "text/html", ("DE",), is_default=True)
OTHER = Link("gs1:pip", "https://x.example/pip-fr", "À propos", ("fr",))
REPAIR = Link("acme:repair", "https://x.example/repair", "Repair")
MENU = Link("gs1:support", "https://id.example/app/", "Menu", is_default=True, own=False, opens_menu=True)
UNIT = Entry("https://id.example/01/09506000134352/21/S", "P1, serial number S", (REPAIR, MENU))
MODEL = Entry("https://id.example/01/09506000134352", "P1", (PIP, OTHER))


def check(document: object, schema: str) -> None:
    jsonschema.validate(document, json.loads((DATA / schema).read_text("utf-8")))


def test_a_linkset_has_each_level_with_its_anchor_its_default_and_every_link_under_its_full_type() -> None:
    made = linkset((UNIT, MODEL), WORDS)
    check(made, "gs1_linkset.schema.json")
    unit, model = made["linkset"]
    assert unit == {
        "anchor": UNIT.anchor,
        "itemDescription": "P1, serial number S",
        "https://ref.gs1.org/voc/defaultLink": [{"href": MENU.href, "title": "Menu"}],
        "https://acme.example/voc/repair": [{"href": REPAIR.href, "title": "Repair"}],
        "https://ref.gs1.org/voc/support": [{"href": MENU.href, "title": "Menu"}],
    }
    about = {
        "href": PIP.href,
        "title": "About",
        "type": "text/html",
        "hreflang": ["en", "de-AT"],
        "context": ["DE"],
    }
    assert model["https://ref.gs1.org/voc/defaultLink"] == [{"href": PIP.href, "title": "About"}]
    assert model["https://ref.gs1.org/voc/pip"] == model["https://ref.gs1.org/voc/defaultLinkMulti"]
    assert model["https://ref.gs1.org/voc/pip"][0] == about


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one.pop("anchor"),
        lambda one: one.pop("itemDescription"),
        lambda one: one["https://ref.gs1.org/voc/defaultLink"][0].update(type="text/html"),
        lambda one: one["https://ref.gs1.org/voc/defaultLink"].append({"href": "https://x.example", "title": "t"}),
        lambda one: one["https://ref.gs1.org/voc/support"][0].pop("title"),
        lambda one: one["https://ref.gs1.org/voc/support"][0].update(hreflang=["english"]),
        lambda one: one.update(owner="somebody"),
    ],
)
def test_the_schema_refuses_what_is_no_linkset_of_gs1(spoil: Any) -> None:
    made = linkset((UNIT,), WORDS)
    spoil(made["linkset"][0])
    with pytest.raises(jsonschema.ValidationError):
        check(made, "gs1_linkset.schema.json")


def test_linked_data_is_the_same_with_its_context_inside() -> None:
    made = linked_data((UNIT, MODEL), WORDS)
    check(made, "gs1_linkset.schema.json")
    assert made == {"@context": CONTEXT, **linkset((UNIT, MODEL), WORDS)}


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "application/linkset+json"),
        ("*/*", "application/linkset+json"),
        ("application/json", "application/json"),
        ("application/ld+json, application/json;q=0.5", "application/ld+json"),
        ("application/json;q=0.1, application/linkset+json;q=0.2", "application/linkset+json"),
        ("application/json;q=0", "application/linkset+json"),
    ],
)
def test_a_linkset_goes_out_in_the_form_that_is_named(accept: str, form: str) -> None:
    assert form_for(weighted(accept)) == form


def test_a_form_is_named_or_not() -> None:
    assert names_a_form(weighted("text/html, application/ld+json;q=0.1"))
    assert not names_a_form(weighted("text/html, */*"))


def test_the_link_header_names_the_linkset_and_its_context_each_with_rel_type_and_title() -> None:
    first, second = linkset_header(UNIT.anchor).split(", ")
    assert first.startswith(f'<{UNIT.anchor}?linkType=linkset>; rel="linkset"; type="application/linkset+json"; title=')
    assert second.startswith(f'<{CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"; ')


def test_the_description_file_says_what_is_supported() -> None:
    made = description("https://id.example", "Acme", "Acme Service", WORDS)
    check(made, "gs1_resolver_description.schema.json")
    assert made["supportedLinkType"] == [
        {"namespace": "https://ref.gs1.org/voc/", "prefix": "gs1:"},
        {"namespace": "https://acme.example/voc/", "prefix": "acme:"},
    ]
    assert (made["supportedPrimaryKeys"], made["contact"]) == (["01"], {"fn": "Acme Service"})
    assert "contact" not in description("https://id.example", "Acme", "", WORDS)


@pytest.mark.parametrize(
    ("href", "query", "there"),
    [
        ("https://x.example/a", "", "https://x.example/a"),
        ("https://x.example/a", "b=%20c&d", "https://x.example/a?b=%20c&d"),
        ("https://x.example/a?z=1", "b=c", "https://x.example/a?z=1&b=c"),
        ("https://x.example/a?", "b=c", "https://x.example/a?b=c"),
        ("https://x.example/a#top", "b=c", "https://x.example/a?b=c#top"),
        ("https://x.example/a?z=1#top?x", "b=c", "https://x.example/a?z=1&b=c#top?x"),
    ],
)
def test_a_query_is_added_whole_in_front_of_the_fragment(href: str, query: str, there: str) -> None:
    assert with_query(href, query) == there


@given(
    st.from_regex(r"https://x\.example/[a-z]{0,5}(\?[a-z=&]{0,8})?(#[a-z?]{0,5})?", fullmatch=True),
    st.text("a=&%", max_size=9),
)
def test_a_query_is_never_lost_and_takes_nothing_from_the_address(href: str, query: str) -> None:
    made = with_query(href, query)
    address, _, fragment = href.partition("#")
    assert made.startswith(address)
    assert made.endswith(fragment)
    assert query in made
