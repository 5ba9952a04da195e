"""What a picture of a guide may be: a small SVG that draws, and can do nothing else.

A picture is content, and content may come from anybody who writes it. So this is a list of what is allowed, and
everything else is refused with its line: no script, no words (they would need a language), no reference to anything,
inside or outside, and colours only by the picture's own style sheet, which says them for light and for dark.
"""

import re
from base64 import b64encode
from hashlib import sha256
from typing import NamedTuple, NoReturn
from xml.parsers import expat

PREFIX = "/menu/v1/pictures/"
MAX_PICTURE_BYTES = 20 * 1024

_SVG = "http://www.w3.org/2000/svg"
_SHAPES = {
    "path": {"d"},
    "rect": {"x", "y", "width", "height", "rx", "ry"},
    "circle": {"cx", "cy", "r"},
    "ellipse": {"cx", "cy", "rx", "ry"},
    "line": {"x1", "y1", "x2", "y2"},
    "polyline": {"points"},
    "polygon": {"points"},
}
_DRAWN = {"class", "transform"}
_ALLOWED = {"svg": {"viewBox"}, "style": set(), "g": _DRAWN, **{name: own | _DRAWN for name, own in _SHAPES.items()}}
_PLAIN = re.compile(r"[A-Za-z0-9 .,()\-\s]*")
"""An attribute's value: numbers, letters of paths and transforms, names of classes. No address can be written so."""
_VIEW_BOX = re.compile(r"0 0 [1-9]\d{1,3} [1-9]\d{1,3}")

_VALUE = r"(?:#[0-9a-f]{3}|#[0-9a-f]{6}|none|round|[\d.]+(?: [\d.]+)*)"
_DECLARATION = rf"\s*(?:fill|stroke|stroke-width|stroke-linecap|stroke-linejoin|stroke-dasharray|opacity):\s*{_VALUE}"
_RULE = rf"\s*\.[a-z]+(?:,\s*\.[a-z]+)*\s*{{{_DECLARATION}(?:;{_DECLARATION})*;?\s*}}"
_STYLE = re.compile(rf"(?:{_RULE})+\s*@media \(prefers-color-scheme: dark\)\s*{{(?:{_RULE})+\s*}}\s*")
_CLASS = re.compile(r"\.([a-z]+)(?=[\s,{])")


class Flaw(NamedTuple):
    """line: counted from 1."""

    line: int
    what: str


class Picture(NamedTuple):
    """digest: of the bytes, and so its name in an address. style_hash: of its style sheet, as a policy names it
    (CSP 3, section 2.3.1).
    """

    body: bytes
    digest: str
    style_hash: str

    @property
    def href(self) -> str:
        return f"{PREFIX}{self.digest}.svg"


class _RefusedError(Exception):
    """What is not allowed; the parser knows where."""


def read_picture(source: str) -> Picture | Flaw:
    """The picture, or the first thing in it that is not allowed."""
    body = source.encode()
    if len(body) > MAX_PICTURE_BYTES:
        return Flaw(1, f"has {len(body)} bytes, and may have {MAX_PICTURE_BYTES}")
    reader = _Reader()
    try:
        reader.read(body)
    except _RefusedError as refused:
        return Flaw(reader.line, str(refused))
    except expat.ExpatError as error:
        return Flaw(error.lineno, f"is not XML: {expat.ErrorString(error.code)}")
    return Picture(body, sha256(body).hexdigest()[:32], _style_hash(reader.style))


def _style_hash(style: str) -> str:
    return "'sha256-" + b64encode(sha256(style.encode()).digest()).decode() + "'"


class _Reader:
    """Goes through a picture once; what it meets must be allowed. line: where that is not so."""

    def __init__(self) -> None:
        self.style = ""
        self.line = 1
        self._open: list[str] = []
        self._classes: dict[str, int] = {}
        self._seen: set[str] = set()
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.ProcessingInstructionHandler = self._refuse_instruction

    def read(self, body: bytes) -> None:
        """Raises _RefusedError, expat.ExpatError."""
        self._parser.Parse(body, True)
        if not _STYLE.fullmatch(self.style):
            self._refuse("its style says colours and lines, by class, and again for dark; nothing else", 1)
        known = set(_CLASS.findall(self.style))
        for name, line in self._classes.items():
            if name not in known:
                self._refuse(f"its style has no class {name}", line)

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        namespace, _, name = qualified.rpartition(" ")
        if namespace != _SVG or name not in _ALLOWED:
            self._refuse(f"an element {name} is not allowed")
        if (name == "svg") == bool(self._open):
            self._refuse("one svg is around everything")
        if (name == "style") != (self._seen == {"svg"}) and self._seen:
            self._refuse("one style stands in it, before what is drawn")
        if "style" in self._open:
            self._refuse(f"an element {name} is not allowed in a style")
        for attribute, value in attributes.items():
            self._check(name, attribute, value)
        if name == "svg" and not _VIEW_BOX.fullmatch(attributes.get("viewBox", "")):
            self._refuse('its viewBox is like "0 0 240 180"')
        self._open.append(name)
        self._seen.add(name)

    def _check(self, name: str, attribute: str, value: str) -> None:
        if attribute not in _ALLOWED[name]:
            self._refuse(f"an attribute {attribute.rpartition(' ')[2]} of {name} is not allowed")
        if not _PLAIN.fullmatch(value):
            self._refuse(f"the value of {attribute} is not allowed")
        if attribute == "class":
            for one in value.split():
                self._classes.setdefault(one, self._parser.CurrentLineNumber)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        if self._open[-1] == "style":
            self.style += text
        elif text.strip():
            self._refuse("a picture has no words")

    def _refuse_doctype(self, *_: object) -> None:
        self._refuse("a DOCTYPE is not allowed")

    def _refuse_instruction(self, *_: object) -> None:
        self._refuse("a processing instruction is not allowed")

    def _refuse(self, what: str, line: int | None = None) -> NoReturn:
        self.line = line or self._parser.CurrentLineNumber
        raise _RefusedError(what)
