"""Texts in one language, made ready: what has no variables is a plain string, the rest is formatted when shown.

Fluent decides about plurals, numbers and dates, by the language's own rules.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from fluent.runtime import FluentBundle, FluentResource
from fluent.runtime.resolver import Pattern
from fluent.syntax import ast, visitor

from mobile_menu.rules.memo import Memo

NOT_KEPT = frozenset({"parcel_detail"})
"""Variables with words that somebody wrote about somebody: texts that quote one are written anew each time."""
KEPT = 256
"""Different ways to write one text that are remembered."""
MAX_TEXT = 2000
"""Characters of one text in its source, all its forms together."""
FUNCTIONS = frozenset({"NUMBER", "DATETIME"})
"""What Fluent itself brings along; there are no others."""

Facts = Callable[[str], object]
"""The value of a variable by its name."""


class Problem(NamedTuple):
    """What is wrong with a text, and where: an offset into the source."""

    offset: int
    what: str


class Text:
    """One text: its variables, and how to write it out. wrong: what could not be written as it says, since `forget`."""

    __slots__ = ("_bundle", "_pattern", "kept", "lasting", "plain", "variables", "wrong")

    def __init__(self, bundle: FluentBundle, pattern: Pattern, variables: tuple[str, ...]) -> None:
        self.variables = variables
        self.lasting = NOT_KEPT.isdisjoint(variables)
        self.wrong = ""
        self._bundle = bundle
        self._pattern = pattern
        self.kept: Memo[tuple[object, ...], str] = Memo(KEPT)
        self.plain = None if variables else self._write({})

    def format(self, facts: Facts) -> str:
        """The text with its variables filled in; a variable without a value is written as Fluent writes an error."""
        if self.plain is not None:
            return self.plain
        values = tuple([facts(name) for name in self.variables])
        if not self.lasting:
            return self._write(dict(zip(self.variables, values, strict=True)))
        kept = self.kept.get(values)
        if kept is not None:
            return kept
        return self.kept.keep(values, self._write(dict(zip(self.variables, values, strict=True))))

    def forget(self) -> None:
        """What was written for others, and what was wrong with it, counts no more: a device may have told nonsense."""
        if self.plain is None:
            self.wrong = ""
            self.kept = Memo(KEPT)

    def _write(self, values: dict[str, object]) -> str:
        written, errors = self._bundle.format_pattern(self._pattern, values)
        if errors:
            self.wrong = f"{type(errors[0]).__name__}: {errors[0]}"
        return str(written)


class Texts:
    """All texts of one language, by `message` or `message.attribute`."""

    def __init__(self, language: str, sources: Mapping[str, str]) -> None:
        self.language = language
        self.by_id: dict[str, Text] = {}
        self.step_names: dict[str, tuple[str, ...]] = {}
        self._steps: dict[str, tuple[Text, ...]] = {}
        bundle = FluentBundle([language], use_isolating=is_from_the_right(language))
        resources = [FluentResource(source) for source in sources.values()]
        for resource in resources:
            bundle.add_resource(resource)
        for resource in resources:
            for message in resource.body:
                if isinstance(message, ast.Message):
                    self._add(bundle, message)

    def _add(self, bundle: FluentBundle, message: ast.Message) -> None:
        name = message.id.name
        ready = bundle.get_message(name)
        if message.value is not None and ready.value is not None:
            self.by_id[name] = Text(bundle, ready.value, variables_of(message.value))
        steps: dict[str, Text] = {}
        for attribute in message.attributes:
            text = Text(bundle, ready.attributes[attribute.id.name], variables_of(attribute.value))
            self.by_id[f"{name}.{attribute.id.name}"] = text
            if attribute.id.name.startswith("step-"):
                steps[attribute.id.name] = text
        self.step_names[name] = tuple(steps)
        self._steps[name] = tuple(steps.values())

    def variables(self, name: str) -> tuple[str, ...]:
        """All that a message and its attributes quote."""
        own = (text for key, text in self.by_id.items() if key.partition(".")[0] == name)
        return tuple(dict.fromkeys(variable for text in own for variable in text.variables))

    def format(self, name: str, facts: Facts) -> str:
        """The text of this name; empty when there is none."""
        text = self.by_id.get(name)
        if text is None:
            return ""
        return text.plain if text.plain is not None else text.format(facts)

    def steps(self, name: str, facts: Facts) -> tuple[str, ...]:
        """A message's steps, in order."""
        return tuple(text.format(facts) for text in self._steps.get(name, ()))


def is_language(tag: str) -> bool:
    """Whether CLDR knows how this language writes figures and days."""
    try:
        Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return False
    return True


def is_from_the_right(language: str) -> bool:
    """Whether a language is written from the right, by CLDR: then what a text quotes is put between bidi isolates.

    A model's name, a code or a figure in a sentence of Arabic would else drag its neighbours to the wrong side.
    """
    try:
        return Locale.parse(language.replace("-", "_")).text_direction == "rtl"
    except UnknownLocaleError:
        return False


def variables_of(pattern: ast.BaseNode) -> tuple[str, ...]:
    """The variables a pattern reads, each once, in order of appearance."""
    found: dict[str, None] = {}

    class Reader(visitor.Visitor):
        def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802  Fluent calls it so
            found[node.id.name] = None

    Reader().visit(pattern)
    return tuple(found)


def problems_of(source: str) -> Iterator[Problem]:
    """What Fluent cannot read in a source, messages that are there twice, and what no text may hold."""
    try:
        entries = FluentResource(source).body
    except RecursionError:
        yield Problem(0, "braces stand too deep in each other")
        return
    seen: set[str] = set()
    for entry in entries:
        if isinstance(entry, ast.Junk):
            for annotation in entry.annotations:
                yield Problem(_start(annotation), annotation.message or "cannot be read")
        elif isinstance(entry, ast.Message):
            if entry.id.name in seen:
                yield Problem(_start(entry), f"the message {entry.id.name} is there twice")
            seen.add(entry.id.name)
            yield from _refused_in(entry)


def _refused_in(message: ast.Message) -> Iterator[Problem]:
    """A text stands alone, so that none goes in a circle or grows by what it quotes; it is short, and words alone."""
    for pattern in (message.value, *(attribute.value for attribute in message.attributes)):
        if pattern is None:
            continue
        if pattern.span is not None and pattern.span.end - pattern.span.start > MAX_TEXT:
            yield Problem(_start(pattern), f"a text has at most {MAX_TEXT} characters")
        reader = _Refusals()
        reader.visit(pattern)
        yield from reader.found


class _Refusals(visitor.Visitor):
    def __init__(self) -> None:
        self.found: list[Problem] = []

    def visit_MessageReference(self, node: ast.MessageReference) -> None:  # noqa: N802  Fluent calls it so
        self._refuse(node, f"quotes the text {node.id.name}, and a text quotes no other")

    def visit_TermReference(self, node: ast.TermReference) -> None:  # noqa: N802  the same
        self._refuse(node, f"quotes the term -{node.id.name}, and a text quotes no other")

    def visit_FunctionReference(self, node: ast.FunctionReference) -> None:  # noqa: N802  the same
        if node.id.name not in FUNCTIONS:
            self._refuse(node, f"there is no function {node.id.name}")
        self.generic_visit(node)

    def visit_TextElement(self, node: ast.TextElement) -> None:  # noqa: N802  the same
        self._refuse_markup(node, node.value)

    def visit_StringLiteral(self, node: ast.StringLiteral) -> None:  # noqa: N802  the same
        self._refuse_markup(node, str(node.parse()["value"]))

    def _refuse_markup(self, node: ast.SyntaxNode, text: str) -> None:
        if "<" in text:
            self._refuse(node, "a text is words, and `<` begins no word")

    def _refuse(self, node: ast.SyntaxNode, what: str) -> None:
        self.found.append(Problem(_start(node), what))


def _start(node: ast.SyntaxNode) -> int:
    return node.span.start if node.span and node.span.start is not None else 0


def negotiate(accepted: str, available: tuple[str, ...]) -> str:
    """The best available language for an Accept-Language header (RFC 9110, 12.5.4); the first one as a last resort.

    `de-AT` finds `de`; equal weights keep the header's order; what cannot be read is passed over.
    """
    if accepted in available:
        return accepted
    for language in _wanted(accepted):
        if language == "*":
            return available[0]
        while language:
            if language in available:
                return language
            language = language.rpartition("-")[0]  # noqa: PLW2901 - on purpose: the lookup of RFC 4647, 3.4, shortens the range until it fits
    return available[0]


def _wanted(accepted: str) -> list[str]:
    weighed: list[tuple[float, str]] = []
    for part in accepted.split(","):
        language, _, parameter = part.partition(";")
        weight = _weight(parameter.strip())
        if weight > 0 and language.strip():
            weighed.append((-weight, language.strip().lower()))
    return [language for _, language in sorted(weighed, key=lambda pair: pair[0])]


def _weight(parameter: str) -> float:
    if not parameter:
        return 1.0
    name, _, value = parameter.partition("=")
    try:
        weight = float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
