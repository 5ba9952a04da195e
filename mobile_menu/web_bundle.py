"""The app's modules put together into few files, so that a phone fetches them in one round trip. Pure.

A browser speaks to us on six connections at once: fifty modules are nine waves of round trips, whoever asks for them.
So what the page needs to begin is joined, each module in a block of its own, in the order in which they need each
other. A module keeps its address: what stands there then hands on what the joined file made, so that whoever imports
it later gets the very same. Nothing is renamed or shortened; comments of a line of their own stay here.

Only what our modules use of the language is known, and anything else is refused when the service starts: named
imports, exports before a declaration or in a list, no cycles, nothing exported that changes.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

VENDOR: Final = "vendor/"
"""What is not ours stays as it came, with its comments."""

_IMPORT: Final = re.compile(r'^import (?:\{([^}]*)\} from )?"(\.[^"]+)";$', re.MULTILINE)
_DECLARED: Final = re.compile(r"^export (?=(?:async )?function\*? (\w+)|class (\w+)|const (\w+) =)", re.MULTILINE)
_LISTED: Final = re.compile(r"^export \{([^}]*)\};?$", re.MULTILINE)
_LATER: Final = re.compile(r"\bimport\((?P<quote>[\"`])(?P<name>\.[^\"`$]*)")
_LEFT: Final = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_MAP: Final = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)
_COMMENT: Final = re.compile(r"^[ \t]*(?://.*|/\*\*?(?:[^*]|\*(?!/))*\*/[ \t]*)\n", re.MULTILINE)


class ModuleUnreadableError(ValueError):
    """A module of the app cannot be joined to the others: a fault of ours, seen when the service starts."""

    def __init__(self, path: str, why: str) -> None:
        self.path = path
        super().__init__(f"{path}: {why}")


class Module(NamedTuple):
    """body: without imports and exports. needs: (path, names as they are taken apart) of each import, in their order.

    gives: what it exports, as (name outside, name inside).
    """

    path: str
    body: str
    needs: tuple[tuple[str, str], ...]
    gives: tuple[tuple[str, str], ...]


def resolved(path: str, name: str) -> str:
    """The path of what the file at `path` imports under a relative `name`."""
    parts = path.split("/")[:-1]
    for part in name.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def module_of(path: str, source: bytes, scope: str) -> Module:
    """A module taken apart. scope: where the files are served, such as `/app`; imports made later are told it.

    Raises ModuleUnreadableError for what is not known here.
    """
    text = source.decode()
    needs = tuple((resolved(path, found[2]), _taken_apart(found[1] or "")) for found in _IMPORT.finditer(text))
    declared = [found[1] or found[2] or found[3] for found in _DECLARED.finditer(text)]
    gives = [(name, name) for name in declared]
    for found in _LISTED.finditer(text):
        gives += [_as(one) for one in found[1].split(",") if one.strip()]
    body = _LISTED.sub("", _DECLARED.sub("", _IMPORT.sub("", text)))
    if left := _LEFT.search(body):
        raise ModuleUnreadableError(path, f"cannot be joined: {left[0]}")
    body = _LATER.sub(lambda late: f"import({late['quote']}{scope}/{resolved(path, late['name'])}", body)
    body = _MAP.sub("", body) if path.startswith(VENDOR) else _COMMENT.sub("", body)
    return Module(path, body.strip(), needs, tuple(gives))


def _taken_apart(names: str) -> str:
    return ", ".join(": ".join(_renamed(one)) for one in names.split(",") if one.strip())


def _renamed(one: str) -> list[str]:
    return [name.strip() for name in one.split(" as ")]


def _as(one: str) -> tuple[str, str]:
    inside, *outside = _renamed(one)
    return (outside or [inside])[0], inside


def in_order(files: Mapping[str, bytes], entry: str, scope: str, known: Sequence[str] = ()) -> list[Module]:
    """What `entry` needs and itself, each after what it needs; without what is `known` already.

    Raises ModuleUnreadableError for a cycle, KeyError for a module that is not there.
    """
    done: dict[str, Module] = {}
    open_: list[str] = []

    def visit(path: str) -> None:
        if path in done or path in known:
            return
        if path in open_:
            raise ModuleUnreadableError(path, f"needs itself, by way of {' and '.join(open_)}")
        open_.append(path)
        module = module_of(path, files[path], scope)
        for needed, _ in module.needs:
            visit(needed)
        open_.pop()
        done[path] = module

    visit(entry)
    return list(done.values())


def joined(modules: Sequence[Module], elsewhere: Mapping[str, str]) -> bytes:
    """The modules as one. elsewhere: the address of the joined file that has a module which is not among them."""
    inside = {module.path for module in modules}
    taken: dict[str, list[str]] = {}
    for needed in dict.fromkeys(path for module in modules for path, _ in module.needs if path not in inside):
        taken.setdefault(elsewhere[needed], []).append(handle(needed))
    lines = [f'import {{ {", ".join(names)} }} from "{address}";' for address, names in taken.items()]
    lines += [_block(module) for module in modules]
    lines.append(f"export {{ {', '.join(handle(module.path) for module in modules)} }};")
    return ("\n".join(lines) + "\n").encode()


def _block(module: Module) -> str:
    needs = "".join(f"const {{ {names} }} = {handle(path)};\n" for path, names in module.needs if names)
    gives = ", ".join(outside if outside == inside else f"{outside}: {inside}" for outside, inside in module.gives)
    name = handle(module.path)
    return f"let {name}; {{ // {module.path}\n{needs}{module.body}\n{name} = {{ {gives} }};\n}}"


def handle(path: str) -> str:
    """The name by which a joined module is known to the others."""
    return "of_" + re.sub(r"\W", "_", path.removesuffix(".js"))


def facade(module: Module, address: str) -> bytes:
    """What stands at a joined module's own address. address: of the joined file."""
    names = ", ".join(outside for outside, _ in module.gives)
    given = f"export const {{ {names} }} = {handle(module.path)};\n" if names else ""
    return f'import {{ {handle(module.path)} }} from "{address}";\n{given}'.encode()
