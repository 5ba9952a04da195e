"""The page of the language that conditions are written in, from its declaration."""

from typing import Final

from mobile_menu.rules.names import NAMES, Name, Type
from mobile_menu.rules.syntax import FUNCTIONS, MAX_ATOMS, MAX_DEPTH, MAX_LENGTH, MAX_VALUES

HEAD: Final = """# The language of conditions

When an item, a title or a status line shows is a condition: a text in a small part of CEL, the Common Expression
Language. [How to write one](../how-to/write-menu-content.md). It is read and checked when content is loaded. Asking it
always ends, never fails and computes nothing.
"""
GRAMMAR: Final = """```text
condition  = and { "||" and }
and        = relation { "&&" relation }
relation   = unary [ ("==" | "!=" | "<" | "<=" | ">" | ">=" | "in") unary ]
unary      = { "!" } operand
operand    = name | name "[" text "]" | call | text | number | "[" text { "," text } "]" | "(" condition ")"
call       = ("has" | "sets.intersects" | "timestamp") "(" operand { "," operand } ")"
text       = '"' any character but '"', '\\' and control characters '"' | the same with "'"
number     = [ "-" ] digits [ "." digits ] [ ("e" | "E") [ "+" | "-" ] digits ]
```"""
ASKED: Final = {
    Type.WORD: '`name == "x"`, `name != "x"`, `name in ["x", "y"]`',
    Type.TEXT: '`name == "x"`, `name != "x"`, `name in ["x", "y"]`',
    Type.WORDS: '`"x" in name`, `sets.intersects(name, ["x", "y"])`',
    Type.FLAG: "`name`, `!name`",
    Type.NUMBER: "`name < 7`, and the other comparisons; `has(name)`",
    Type.TIME: '`name < timestamp("2026-12-24T18:00:00Z")`, and the other comparisons; `has(name)`',
    Type.FIGURES: '`"x" in name`, `sets.intersects(name, ["x", "y"])`, `name["x"] < 7` and the other comparisons',
    Type.THING: "`has(name)`",
}
"""How each type is asked."""
TOLD: Final = """## What holds, and what is told

- What is not known (a figure that the device has not told, a day that nobody promised) is neither equal to anything nor
  more nor less: every comparison with it fails, and so its opposite, `!(…)` and `!=`, holds.
- An `||` holds by the first of its parts that does. An item's reasons (`because`) are the parts that held, from left to
  right: `name=value`; of a list each word that was asked for and is in it; of what is true `name=true`, and of its
  opposite `name=false`; of any other opposite `not(…)`.
- Of a comparison, `name=value (< bound)`. The value stands without its fraction, as long as the comparison holds
  without it too: `days_left=5 (< 7)` from 5.0 to 5.99. So the menu changes when the words do, and seldom.
- An item without a condition tells `always`.
"""
REFUSED: Final = f"""## What is refused

More than {MAX_LENGTH:,} characters, {MAX_DEPTH} brackets and `!` in each other, {MAX_ATOMS} questions, or
{MAX_VALUES} texts in a list; a name, a word, a function or a type that is not in the tables; a state reason that
`reasons.csv` has not, a step of the installation without its text. And, of the content as a whole: an item that no
situation can show, a boost or a line that those before it leave no situation, and any situation without an expert and
the way out.

CEL itself has more: arithmetic, macros, other functions. Where the two differ in what they mean, it is because nothing
here may fail: CEL has an error where what is compared is not known, and keeps whole numbers apart from others; and
`has` of a name without a dot is none of CEL's.
"""


def language_page(made: str) -> str:
    """The page. made: the mark that says that it is made."""
    types = [f"| {kind.value} | {how} |" for kind, how in ASKED.items()]
    names = [_row(name) for name in NAMES.values()]
    functions = ", ".join(f"`{name}`" for name in FUNCTIONS)
    return "\n".join(
        (
            *(made, HEAD),
            *("## Grammar", "", GRAMMAR, ""),
            "Names are separated from each other by dots as they stand in the situation. `!` binds strongest, then the",
            f"comparisons, then `&&`, then `||`, as in CEL. The functions are {functions}, and no others.",
            *("", "## Types", "", "| a name is | and is asked |", "|---|---|", *types, ""),
            *("## Names", "", "| name | is | told as | values |", "|---|---|---|---|", *names, ""),
            *(TOLD, REFUSED),
        )
    )


def _row(name: Name) -> str:
    values = ", ".join(f"`{value}`" for value in name.values)
    if name.least is not None:
        values = f"from {name.least:g}" + (f" to {name.most:g}" if name.most is not None else "")
    return f"| `{name.path}` | {name.type.value}: {name.what} | `{name.told_as}` | {values} |"
