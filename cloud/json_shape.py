"""How deep and how wide JSON may be, told from its bytes before anything is made of them. Pure.

Whether it is JSON at all, its reader says; what is none is not refused here, unless its readers could differ about it.
"""

import re
from typing import Final

MAX_DEPTH: Final = 32
"""Arrays and objects within each other. Our own forms have five at most; a device's state has eight."""
MAX_PARTS: Final = 20_000
"""Members and elements, in all."""
# Possessive: what has matched is never tried again, so that no text takes more than one pass.
_TEXT: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")


def shape_problem(body: bytes) -> str:
    """Why this is more JSON than a call needs; empty when it is not."""
    if b"\0" in body:  # UTF-16 and UTF-32, which Python's reader would guess, and RFC 8259 has no more
        return "The body is not UTF-8."
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH and body.count(b",") < MAX_PARTS:
        return ""
    bare = _TEXT.sub(b"", body)
    if bare.count(b",") >= MAX_PARTS or bare.count(b"[") + bare.count(b"{") > MAX_PARTS:
        return f"The body has more than {MAX_PARTS} values."
    return f"The body is nested deeper than {MAX_DEPTH} levels." if _depth(bare) > MAX_DEPTH else ""


def _depth(bare: bytes) -> int:
    deepest = depth = 0
    for found in _BRACKET.finditer(bare):
        depth += 1 if found[0] in b"[{" else -1
        if depth < 0:
            break  # no JSON any more, and so its reader's business
        deepest = max(deepest, depth)
    return deepest
