"""What content's own tests must be, so that they vouch for it: there, about this profile, and asking for something."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from mobile_menu.rules.content import ContentTest
from mobile_menu.rules.source import TESTS, Fault, Source, table_of_test
from mobile_menu.rules.syntax import meant

ALIKE: Final = 0.8
"""From here on two words are one and its slip of the pen."""


def test_faults(source: Source) -> Iterator[Fault]:
    """What would make the gate before publishing an open door."""
    if TESTS not in source.tables:
        yield Fault(TESTS, 1, "is missing: content is published by its own tests")
    elif not source.tests:
        yield Fault(TESTS, 1, "has no test")
    for index, test in enumerate(source.tests):
        place = table_of_test(source, index, test.name)
        for what in (*_empty(test), *_elsewhere(test, source), *_unknown(test, source)):
            yield Fault(TESTS, place.first, f"{place.about}: {what}")


def _empty(test: ContentTest) -> Iterator[str]:
    if not (test.shows or test.hides or test.exactly) and (test.leads, test.title, test.status) == (None, None, None):
        yield "it asks for nothing: say what shows, what hides, what leads, or the title or status"


def _elsewhere(test: ContentTest, source: Source) -> Iterator[str]:
    if test.situation.profile != source.profile:
        yield f"its situation is of the profile {test.situation.profile}, and this is {source.profile}"


def _unknown(test: ContentTest, source: Source) -> Iterator[str]:
    """Reasons that are misspelt, and items that hide because there are none. A reason like none of the profile's is
    what a machine may tell one day, and has its test too.
    """
    device = test.situation.device
    for reason in (*device.reasons, *device.last_reasons):
        if reason not in source.reason_labels and (like := get_close_matches(reason, source.reason_labels, 1, ALIKE)):
            yield f"no machine of the profile tells {reason}; did you mean `{like[0]}`?"
    repeated = tuple(f"{spec.id}-" for spec in source.items if spec.each)
    known = [spec.id for spec in source.items]
    for item in test.hides:
        if item not in known and not item.startswith(repeated):
            yield f"there is no item {item} to hide{meant(item, known)}"
