"""Checks content as a whole and makes it ready for composing. A fault is a value: where it stands, and what it is."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain

from mobile_menu.rules.content import Content, ItemSpec, Line, ReadyItem, ReadyLine, offers
from mobile_menu.rules.derived import OWN_LINKS
from mobile_menu.rules.facts import FACTS
from mobile_menu.rules.memo import Memo
from mobile_menu.rules.menu import Kind, command_of
from mobile_menu.rules.names import SURVEYS
from mobile_menu.rules.reach import EVERYWHERE, reach_faults
from mobile_menu.rules.reading import Conditions, ItemConditions, read_conditions
from mobile_menu.rules.settle import Selection
from mobile_menu.rules.source import PROFILE, Fault, Machine, Source, Table, place_of_item, table_of_section
from mobile_menu.rules.syntax import meant
from mobile_menu.rules.texts import NOT_KEPT, Texts, is_language
from mobile_menu.rules.tree import Condition, asked_for
from mobile_menu.rules.vouching import test_faults

ITEMS_KEPT = 4096
"""Items that are remembered as they were made: some megabytes."""

__all__ = ["Fault", "Source", "prepare"]

_CALLS = tuple(f"{method} {href}" for _, method, href in EVERYWHERE)
"""Those of the service that an item may be; all else that a menu offers is an order or a link."""
_MESSAGE = re.compile(r"([A-Za-z][A-Za-z0-9_-]*) *=")
_BY_NAME = ("step-", "reason-")
"""Messages found by a name that a device or the record tells, and so named nowhere in the content."""


def prepare(source: Source) -> Content | tuple[Fault, ...]:
    """The content, ready; or all that is wrong with it, as far as it can be told at once."""
    strange = [language for language in source.frame.languages if not is_language(language)]
    if strange:
        return tuple(Fault(PROFILE, 1, f"{one} is no language that CLDR knows") for one in strange)
    missing = [language for language in source.frame.languages if language not in source.texts]
    if missing:
        return tuple(Fault(PROFILE, 1, f"there are no texts in {one}") for one in missing)
    texts = {language: Texts(language, source.texts[language]) for language in source.frame.languages}
    conditions = read_conditions(source)
    if isinstance(conditions, Fault):
        return (conditions, *_text_faults(source, texts), *_picture_faults(source, texts))
    faults = (
        *_twice(source),
        *_item_faults(source),
        *reach_faults(source, conditions),
        *_text_faults(source, texts),
        *_picture_faults(source, texts),
        *test_faults(source),
    )
    return faults or _ready(source, texts, conditions)


def _ready(source: Source, texts: Mapping[str, Texts], conditions: Conditions) -> Content:
    sections = tuple(section.id for section in source.frame.sections)
    ready = [
        _ready_item(spec, read, position, sections, texts)
        for position, (spec, read) in enumerate(zip(source.items, conditions.items, strict=True))
    ]
    return Content(
        profile=source.profile,
        languages=source.frame.languages,
        texts=texts,
        sections=sections,
        select=Selection(
            tuple(ready),
            tuple(map(_ready_line, source.frame.titles, conditions.titles)),
            tuple(map(_ready_line, source.frame.statuses, conditions.statuses)),
        ).of,
        made=Memo(ITEMS_KEPT),
        reason_labels=source.reason_labels,
        named_reasons=_named_reasons(source, conditions),
        offer=source.frame.offer,
        items=source.items,
        ready={one.spec.id: one for one in ready},
        tests=source.tests,
        pictures=source.pictures,
        step_pictures={
            message: tuple(source.pictures[name].href if name else "" for name in names)
            for _, message, names in _pictured(source)
        },
    )


def _ready_item(
    spec: ItemSpec, read: ItemConditions, position: int, sections: tuple[str, ...], texts: Mapping[str, Texts]
) -> ReadyItem:
    variables = {language: each.variables(f"item-{spec.id}") for language, each in texts.items()}
    quoted = frozenset(chain(*variables.values()))
    return ReadyItem(
        spec=spec,
        when=read.when,
        boosts=tuple((boost.priority, when) for boost, when in zip(spec.boosts, read.boosts, strict=True)),
        position=position,
        section_position=sections.index(spec.section),
        ranks_by_reason=asked_for(read.when, "device.reasons"),
        offers=offers(spec),
        variables=variables,
        lasting=not spec.shows_coupon and spec.link not in OWN_LINKS and NOT_KEPT.isdisjoint(quoted),
    )


def _ready_line(line: Line, when: Condition) -> ReadyLine:
    return ReadyLine(text=line.text, when=when)


def _named_reasons(source: Source, conditions: Conditions) -> frozenset[str]:
    """Reasons that need no general advice: those that an item is about, and those that say that all is well."""
    guides = (
        asked_for(read.when, "device.reasons")
        for spec, read in zip(source.items, conditions.items, strict=True)
        if spec.kind is Kind.GUIDE
    )
    return frozenset(chain(source.frame.no_reasons, *guides))


def _item_faults(source: Source) -> Iterator[Fault]:
    sections = {section.id for section in source.frame.sections}
    prefixes = {spec.id for spec in source.items if spec.each}
    for spec in source.items:
        places = source.lines.get(spec.id) or [("items", 1)]
        if len(places) > 1:
            yield Fault(*places[1], f"the item {spec.id} is there twice{_first(*places[0])}")
        for what in (*_faults_of(spec, sections, prefixes), *_unknown_names(spec, source.machine)):
            yield Fault(*places[0], f"{spec.id}: {what}")


def _twice(source: Source) -> Iterator[Fault]:
    """What has one place in a profile, and stands in two."""
    for name, number in Counter(source.frame.languages).items():
        if number > 1:
            lines = source.tables[PROFILE].splitlines()
            at = next((at for at, line in enumerate(lines, 1) if line.startswith("languages")), 1)
            yield Fault(PROFILE, at, f"the language {name} is there twice")
    seen: dict[str, Table] = {}
    for index, section in enumerate(source.frame.sections):
        table = table_of_section(source, index)
        before = seen.setdefault(section.id, table)
        if before is not table:
            yield Fault(table.file, table.first, f"the section {section.id} is there twice{_first(*before[:2])}")
    for sources in source.texts.values():
        yield from _texts_twice(sources)


def _texts_twice(sources: Mapping[str, str]) -> Iterator[Fault]:
    """Within a file it was refused when that was read; here it is of two files of one language."""
    seen: dict[str, tuple[str, int]] = {}
    for file, text in sources.items():
        for number, line in enumerate(text.splitlines(), 1):
            found = _MESSAGE.match(line)
            if found is None:
                continue
            before = seen.setdefault(found[1], (file, number))
            if before[0] != file:
                yield Fault(file, number, f"the message {found[1]} is there twice{_first(*before)}")


def _first(file: str, line: int) -> str:
    return f"; first at {file}:{line}"


def _faults_of(spec: ItemSpec, sections: set[str], prefixes: set[str]) -> Iterator[str]:
    if spec.section not in sections:
        yield f"there is no section {spec.section}"
    if sum(part is not None for part in (spec.link, spec.call, spec.order)) > 1:
        yield "an item has one of link, call, order"
    if any(spec.id.startswith(f"{prefix}-") for prefix in prefixes):
        yield "the id looks like one of a repeated item"
    yield from _survey_faults(spec)


def _survey_faults(spec: ItemSpec) -> Iterator[str]:
    asks = spec.order is not None and spec.order.do == "survey"
    if asks != (spec.kind is Kind.SURVEY):
        yield "a survey is of kind survey and has an order that does survey"
    if asks != bool(spec.choices) or len(set(spec.choices)) < len(spec.choices):
        yield "a survey, and nothing else, has choices, each once"
    if asks and spec.order is not None:
        survey = spec.order.arguments.get("survey")
        if not isinstance(survey, str):
            yield "arguments.survey says which survey it is"
        elif survey not in SURVEYS:
            yield f"there is no survey {survey}{meant(survey, SURVEYS)}"


def _unknown_names(spec: ItemSpec, machine: Machine) -> Iterator[str]:
    """What the item asks the service or the machine for, and these do not know."""
    if spec.call is not None and (call := f"{spec.call.method} {spec.call.href}") not in _CALLS:
        yield f"there is no call {call}{meant(call, _CALLS)}"
    if spec.order is not None and spec.order.do == "command":
        command, _ = command_of(spec.order.arguments, spec.id)
        if command not in machine.commands:
            yield f"the machine has no command {command}{meant(command, machine.commands)}"
    for step in spec.step_pictures:
        if step not in machine.steps:
            yield f"the machine has no step {step}{meant(step, machine.steps)}"


def _text_faults(source: Source, texts: Mapping[str, Texts]) -> Iterator[Fault]:
    asked = _texts_asked_for(source)
    everything = {name for each in texts.values() for name in each.by_id}
    told = (*FACTS, *(f"usage_{one}" for one in source.machine.usage))
    for language, each in texts.items():
        for name in sorted((asked | everything) - each.by_id.keys()):
            told_in = next((other for other, texts_there in texts.items() if name in texts_there.by_id), language)
            yield Fault(*_place_of(source.texts[told_in], name), f"the text {name} is missing in {language}")
        yield from _named_faults(source, each)
        for message, steps in each.step_names.items():
            if steps != tuple(f"step-{number}" for number in range(1, len(steps) + 1)):
                where = _place_of(source.texts[language], message)
                yield Fault(*where, f"{message}: its steps are step-1, step-2 and so on, in this order")
        for name, text in each.by_id.items():
            where = _place_of(source.texts[language], name)
            wrong = [variable for variable in text.variables if variable not in told]
            if wrong:
                yield Fault(*where, f"{name}: nothing tells the variable {wrong[0]}{meant(wrong[0], told)}")
            if name.partition(".")[0] not in asked and not name.startswith(_BY_NAME):
                yield Fault(*where, f"nothing shows the text {name}")


def _named_faults(source: Source, texts: Texts) -> Iterator[Fault]:
    """Texts for steps and reasons that no machine of this profile has."""
    for prefix, known in (("step-", source.machine.steps), ("reason-", tuple(source.reason_labels))):
        for message in texts.step_names:
            word = message.removeprefix(prefix)
            if message.startswith(prefix) and word not in known:
                where = _place_of(source.texts[texts.language], message)
                yield Fault(*where, f"{message}: the machine has no {prefix.rstrip('-')} {word}{meant(word, known)}")


def _picture_faults(source: Source, texts: Mapping[str, Texts]) -> Iterator[Fault]:
    shown: set[str] = set()
    for spec, message, names in _pictured(source):
        where = place_of_item(source, spec)
        for name in names:
            if name and name not in source.pictures:
                yield Fault(*where, f"{spec.id}: there is no picture {name}")
        shown.update(names)
        for language, each in texts.items():
            steps = len(each.step_names.get(message, ()))
            if len(names) != steps:
                yield Fault(*where, f"{message}: {len(names)} pictures for {steps} steps in {language}")
    for name in source.pictures:
        if name not in shown:
            yield Fault(f"pictures/{name}.svg", 1, "no step shows it")
    for spec in source.items:
        if spec.step_pictures and spec.each != "step":
            yield Fault(*place_of_item(source, spec), f"{spec.id}: only an item for each step has step_pictures")


def _pictured(source: Source) -> Iterator[tuple[ItemSpec, str, tuple[str, ...]]]:
    """Guides with pictures: the item, the message of its steps, and the pictures of these."""
    for spec in source.items:
        if spec.pictures:
            yield spec, f"item-{spec.id}", spec.pictures
        for step, names in spec.step_pictures.items():
            yield spec, f"step-{step}", names


def _place_of(sources: Mapping[str, str], name: str) -> tuple[str, int]:
    start = f"{name.partition('.')[0]} ="
    for file, source in sources.items():
        for number, line in enumerate(source.splitlines(), 1):
            if line.startswith(start):
                return file, number
    return next(iter(sources)), 1


def _texts_asked_for(source: Source) -> set[str]:
    items = {f"item-{spec.id}" for spec in source.items}
    sections = {f"section-{section.id}" for section in source.frame.sections}
    lines = {line.text for line in (*source.frame.titles, *source.frame.statuses)}
    seen = {
        f"item-{spec.id}.{part}"
        for spec in source.items
        if spec.each == "step"
        for part in ("seen", "ticks-itself", "next")
    }
    confirms = {f"item-{spec.id}.confirm" for spec in source.items if spec.call and spec.call.href.endswith("opt-out")}
    acts = {"progress"} if any(spec.order and spec.order.do == "command" for spec in source.items) else set()
    return items | sections | lines | seen | confirms | acts | {"product"}
