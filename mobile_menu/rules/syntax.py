"""Reads a condition from its text: a small subset of CEL (the Common Expression Language) that is typed and total.

There is nothing to compute and nothing to loop over, so that every condition ends, none can fail, and a wrong name,
word or type is refused where it stands. What may be asked of a name is in `names.py`, what a condition is in `tree.py`.
"""

import re
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Final, NamedTuple, TypeVar

from mobile_menu.rules.names import NAMES, Name, Type
from mobile_menu.rules.tokens import Refused, Token, finite, seconds, tokens
from mobile_menu.rules.tree import (
    ALWAYS,
    Compare,
    Condition,
    Flag,
    Has,
    Is,
    Meets,
    atoms,
    both,
    either,
    negation,
)

MAX_LENGTH: Final = 2000
MAX_DEPTH: Final = 12
"""Brackets and `!` in each other."""
MAX_ATOMS: Final = 64
MAX_VALUES: Final = 64
"""In one list."""
FUNCTIONS: Final = ("has", "sets.intersects", "timestamp")

Vocabulary = Mapping[str, Collection[str]]
"""The words that a profile knows, by the name that may be one of them."""

T = TypeVar("T")


class Problem(NamedTuple):
    """What is wrong with a condition, and where: line and column of its text, counted from 1."""

    line: int
    column: int
    what: str


class _Use(NamedTuple):
    """A name, where something is asked of it. key: of a figure."""

    name: Name
    key: str = ""


class _Text(NamedTuple):
    value: str


class _Number(NamedTuple):
    value: float


class _Time(NamedTuple):
    value: float


class _List(NamedTuple):
    values: tuple[str, ...]


class _Part(NamedTuple):
    """Anything that was read, and where it began."""

    at: int
    of: "Condition | _Use | _Text | _Number | _Time | _List"


_WORD: Final = re.compile(r"[a-z][a-z0-9_.-]{0,127}")
_ORDERS: Final = ("<", "<=", ">", ">=")
_RELATIONS: Final = ("==", "!=", *_ORDERS, "in")


def parse(text: str, vocabulary: Vocabulary | None = None) -> Condition | Problem:
    """The condition that a text says, or the first thing that is wrong with it; without any text, `ALWAYS`."""
    try:
        return _read(text, vocabulary or {})
    except Refused as refused:
        line = text.count("\n", 0, refused.at) + 1
        return Problem(line, refused.at - text.rfind("\n", 0, refused.at), refused.what)


def _read(text: str, vocabulary: Vocabulary) -> Condition:
    if len(text) > MAX_LENGTH:
        raise Refused(MAX_LENGTH, f"a condition has at most {MAX_LENGTH} characters")
    read = list(tokens(text))
    found = _Parser(read, vocabulary).whole() if len(read) > 1 else ALWAYS
    if len(atoms(found)) > MAX_ATOMS:
        raise Refused(0, f"a condition asks at most {MAX_ATOMS} things")
    return found


class _Parser:
    """Recursive descent over the tokens: a method for each level of CEL's precedence, the loosest first."""

    def __init__(self, tokens: list[Token], vocabulary: Vocabulary) -> None:
        self.tokens = tokens
        self._position = 0
        self._depth = 0
        self._vocabulary = vocabulary

    def whole(self) -> Condition:
        found = _condition(self._either())
        if self._next.kind != "end":
            raise Refused(self._next.at, f"{self._said()} cannot follow here; join conditions by `&&` or `||`")
        return found

    def _either(self) -> _Part:
        return self._joined(self._both, "||", either)

    def _both(self) -> _Part:
        return self._joined(self._relation, "&&", both)

    def _joined(self, read: Callable[[], _Part], sign: str, join: Callable[..., Condition]) -> _Part:
        first = read()
        if self._next.text != sign:
            return first
        parts = [_condition(first)]
        while self._took(sign):
            parts.append(_condition(read()))
        return _Part(first.at, join(*parts))

    def _relation(self) -> _Part:
        left = self._unary()
        if self._next.text not in _RELATIONS:
            return left
        sign = self._take()
        right = self._unary()
        if self._next.text in _RELATIONS:
            raise Refused(self._next.at, "compare two things at a time, and join comparisons by `&&`")
        found = self._member(left, right) if sign.text == "in" else self._compared(left, sign, right)
        return _Part(left.at, found)

    def _unary(self) -> _Part:
        if self._next.text != "!":
            return self._operand()
        at = self._take().at
        return _Part(at, negation(_condition(self._deeper(at, self._unary))))

    def _operand(self) -> _Part:
        token = self._take()
        match token.kind, token.text:
            case "text", text:
                return _Part(token.at, _Text(text[1:-1]))
            case "number", text:
                return _Part(token.at, _Number(finite(token.at, text)))
            case "sign", "(":
                inner = self._deeper(token.at, self._either)
                self._expect(")")
                return _Part(token.at, _condition(inner))
            case "sign", "[":
                return _Part(token.at, self._list(token.at))
            case "name", _:
                return self._named(token)
            case "end", _:
                raise Refused(token.at, "the condition ends too early")
            case _:
                raise Refused(token.at, f"`{token.text}` cannot stand here")

    def _deeper(self, at: int, read: Callable[[], T]) -> T:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Refused(at, f"brackets and `!` stand at most {MAX_DEPTH} deep in each other")
        found = read()
        self._depth -= 1
        return found

    def _list(self, at: int) -> _List:
        values: dict[str, None] = {}
        while not self._took("]"):
            if values:
                self._expect(",")
            token = self._take()
            if token.kind != "text":
                raise Refused(token.at, 'a list has texts in it, such as `["ok", "busy"]`')
            if token.text[1:-1] in values:
                raise Refused(token.at, f"{token.text} is in the list twice")
            values[token.text[1:-1]] = None
        if not 0 < len(values) <= MAX_VALUES:
            raise Refused(at, f"a list has 1 to {MAX_VALUES} texts")
        return _List(tuple(values))

    def _named(self, token: Token) -> _Part:
        if token.text in {"true", "false", "null"}:
            raise Refused(token.at, f"there is no `{token.text}`: a name that is true or false stands by itself")
        if self._next.text == "(":
            return self._called(token)
        name = NAMES.get(token.text)
        if name is None:
            raise Refused(token.at, f"unknown name `{token.text}`{meant(token.text, NAMES)}")
        if self._next.text != "[":
            return _Part(token.at, _Use(name))
        self._take()
        key = self._take()
        self._expect("]")
        if name.type is not Type.FIGURES or key.kind != "text":
            raise Refused(token.at, 'only figures have `["…"]`, with a text in it')
        self._check_word(name, key.text[1:-1], key.at)
        return _Part(token.at, _Use(name, key.text[1:-1]))

    def _called(self, token: Token) -> _Part:
        if token.text not in FUNCTIONS:
            known = ", ".join(f"`{name}`" for name in FUNCTIONS)
            raise Refused(token.at, f"there is no function `{token.text}`; there are {known}")
        self._expect("(")
        arguments = [self._operand()]
        while self._took(","):
            arguments.append(self._operand())
        self._expect(")")
        match token.text, [part.of for part in arguments]:
            case "has", [_Use(name, "")] if name.type in {Type.THING, Type.NUMBER, Type.TIME}:
                return _Part(token.at, Has(name.path))
            case "has", [_Use(name, "")] if name.type is Type.FLAG:
                raise Refused(arguments[0].at, f"`{name.path}` is always known; write it without `has`")
            case "has", _:
                raise Refused(token.at, f"`has` asks for one of {_listed(Type.THING, Type.NUMBER, Type.TIME)}")
            case "sets.intersects", [_Use(name, ""), _List(values)] if name.type in {Type.WORDS, Type.FIGURES}:
                self._check_words(name, values, arguments[1].at)
                return _Part(token.at, Meets(name.path, values))
            case "sets.intersects", _:
                raise Refused(token.at, 'write `sets.intersects(device.reasons, ["…", "…"])`: a list of words first')
            case _, [_Text(value)]:
                return _Part(token.at, _Time(seconds(value, arguments[0].at)))
            case _:
                raise Refused(token.at, 'write `timestamp("2026-12-24T18:00:00Z")`')

    def _member(self, left: _Part, right: _Part) -> Condition:
        match left.of, right.of:
            case _Text(value), _Use(name, "") if name.type in {Type.WORDS, Type.FIGURES}:
                self._check_word(name, value, left.at)
                return Meets(name.path, (value,))
            case _Use(name, ""), _List(values) if name.type in {Type.WORD, Type.TEXT}:
                self._check_words(name, values, right.at)
                return Is(name.path, values)
            case _Use(name, ""), _List() if name.type in {Type.WORDS, Type.FIGURES}:
                raise Refused(left.at, f"`{name.path}` is {name.type.value}: write `sets.intersects({name.path}, […])`")
            case _, _Use(name, ""):
                raise Refused(right.at, f"`{name.path}` is {name.type.value}: nothing can be `in` it")
            case _:
                raise Refused(left.at, '`in` asks for `name in ["…", "…"]`, or `"…" in name` of a list of words')

    def _compared(self, left: _Part, sign: Token, right: _Part) -> Condition:
        match left.of, right.of:
            case _Use(name), _Text(value) if name.type in {Type.WORD, Type.TEXT}:
                if sign.text in _ORDERS:
                    raise Refused(sign.at, f"words have no order: `{name.path}` can be `==`, `!=` and `in`")
                self._check_word(name, value, right.at)
                return _signed(sign.text, Is(name.path, (value,)))
            case _Use(name, key), _Number(value) if name.type is Type.NUMBER or key:
                return _measured(name, key, sign.text, value)
            case _Use(name), _Time(value) if name.type is Type.TIME:
                return _measured(name, "", sign.text, value)
            case _Use(name, key), _Use():
                raise Refused(right.at, "a name is compared with a value that is written out, not with another name")
            case _Use(name, key), _:
                raise Refused(left.at, _how_to_ask(name, key))
            case _, _Use(name):
                raise Refused(left.at, f"the name stands on the left: write `{name.path} {_turned(sign.text)} …`")
            case _:
                raise Refused(left.at, "there is no name in this comparison")

    def _check_words(self, name: Name, values: tuple[str, ...], at: int) -> None:
        for value in values:
            self._check_word(name, value, self._place_of(value, at))

    def _place_of(self, value: str, at: int) -> int:
        """Where a word of the list that began at `at` stands."""
        return next((one.at for one in self.tokens if one.at > at and one.text[1:-1] == value), at)

    def _check_word(self, name: Name, value: str, at: int) -> None:
        """A name with known words takes no other."""
        known = name.values or self._vocabulary.get(name.path)
        if known is not None and value not in known:
            raise Refused(at, f"`{name.path}` is never `{value}`{meant(value, known)}")
        if name.type is not Type.TEXT and not _WORD.fullmatch(value):
            raise Refused(at, f"`{value}` is no word: small letters, digits, `-`, `_` and `.`, a letter first")

    @property
    def _next(self) -> Token:
        return self.tokens[self._position]

    def _take(self) -> Token:
        token = self._next
        if token.kind != "end":
            self._position += 1
        return token

    def _took(self, sign: str) -> bool:
        if self._next.kind != "sign" or self._next.text != sign:
            return False
        self._take()
        return True

    def _expect(self, sign: str) -> None:
        if not self._took(sign):
            raise Refused(self._next.at, f"`{sign}` is missing before {self._said()}")

    def _said(self) -> str:
        return f"`{self._next.text}`" if self._next.text else "the end"


def _condition(part: _Part) -> Condition:
    """What was read, where something that holds or does not is wanted."""
    match part.of:
        case _Use(name, "") if name.type is Type.FLAG:
            return Flag(name.path)
        case _Use(name, key):
            raise Refused(part.at, _how_to_ask(name, key))
        case _Text() | _Number() | _Time() | _List():
            raise Refused(part.at, "a value alone is no condition; compare a name with it")
        case condition:
            return condition


def _how_to_ask(name: Name, key: str) -> str:  # noqa: PLR0911 - one sentence for each type
    """The sentence for a name that was asked in a way that its type does not have."""
    path, example = name.path, (name.values or ("…",))[0]
    match name.type:
        case Type.WORD | Type.TEXT:
            return f'`{path}` is {name.type.value}: write `{path} == "{example}"` or `{path} in ["{example}"]`'
        case Type.WORDS:
            return f'`{path}` is a list of words: write `"{example}" in {path}`'
        case Type.FLAG:
            return f"`{path}` is true or false by itself: write `{path}` or `!{path}`"
        case Type.NUMBER:
            return f"`{path}` is a number: compare it with one, such as `{path} < 7`"
        case Type.TIME:
            return f'`{path}` is a time: write `{path} < timestamp("2026-12-24T18:00:00Z")`'
        case Type.FIGURES if key:
            return f'`{path}["{key}"]` is a number: compare it with one, such as `{path}["{key}"] > 1000`'
        case Type.FIGURES:
            return f'`{path}` has figures by name: write `"…" in {path}` or `{path}["…"] > 1000`'
        case Type.THING:
            return f"`{path}` is there or not: write `has({path})`"


def _measured(name: Name, key: str, sign: str, bound: float) -> Condition:
    match sign:
        case "!=":
            return negation(Compare(name.path, "==", bound, key))
        case "==" | "<" | "<=" | ">" | ">=":
            return Compare(name.path, sign, bound, key)
        case _:
            raise AssertionError(sign)


def _signed(sign: str, part: Condition) -> Condition:
    return negation(part) if sign == "!=" else part


def _turned(sign: str) -> str:
    return sign.translate(str.maketrans("<>", "><"))


def meant(word: str, known: Collection[str]) -> str:
    """What a message about an unknown word ends in: the known word that is like it, or all of a few."""
    close = get_close_matches(word, known, 1) or [one for one in known if one.endswith(f".{word}")]
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; it is one of {', '.join(known)}" if 0 < len(known) <= 12 else ""


def _listed(*types: Type) -> str:
    return ", ".join(f"`{name.path}`" for name in NAMES.values() if name.type in types)
