"""Tests that come with content: in this situation these items, not those. Run before content is published."""

from collections.abc import Iterator

import msgspec

from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.content import Content, ContentTest
from mobile_menu.rules.memo import Memo


def failures(content: Content) -> tuple[str, ...]:
    """What the content does otherwise than its tests say, one line each; empty when all is as it should be.

    Each situation is put together in every language, so that a text that cannot be written is found in each; with
    nothing remembered, as what customers' devices tell is no fault of the content.
    """
    content = msgspec.structs.replace(content, made=Memo(0))
    for texts in content.texts.values():
        for text in texts.by_id.values():
            text.forget()
    found = [f"{test.name}: {what}" for test in content.tests for what in failures_of(test, content)]
    for test in content.tests:
        for language in content.languages:
            compose_menu(msgspec.structs.replace(test.situation, language=language), content)
    return (*found, *_unwritten(content))


def _unwritten(content: Content) -> Iterator[str]:
    """Texts in which Fluent put an error where a value belongs."""
    for language, texts in content.texts.items():
        for name, text in texts.by_id.items():
            if text.wrong:
                yield f"{name} in {language} cannot be written: {text.wrong}"


def failures_of(test: ContentTest, content: Content) -> Iterator[str]:
    """What one test finds."""
    menu = compose_menu(test.situation, content).menu
    ids = tuple(item.id for section in menu.sections for item in section.items)
    if test.leads not in {None, ids[0]}:
        yield f"{ids[0]} leads, not {test.leads}"
    for name in test.shows:
        if name not in ids:
            yield f"{name} does not show"
    repeated = tuple(f"{spec.id}-" for spec in content.items if spec.each)
    for name in test.hides:
        if name in ids:
            yield f"{name} shows"
        elif name not in content.ready and not name.startswith(repeated):
            yield f"there is no item {name} to hide"
    if test.exactly not in {(), ids}:
        yield f"shows {', '.join(ids)}"
    if test.title not in {None, menu.title}:
        yield f"the title is {menu.title!r}"
    if test.status not in {None, menu.status.text}:
        yield f"the status is {menu.status.text!r}"
