"""The bill of materials of what a deployment runs, as CycloneDX JSON: `make sbom`.

From the lock file: names and versions (the hashes of each package's files stay there); licences and who needs whom are
what the packages say of themselves. No time is in it, so that the same lock gives the same file on the same platform.
"""

import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License, LicenseAcknowledgement
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.files import ROOT

LOCK: Final = ROOT / "requirements.lock"
VENDORED: Final = ROOT / "mobile_menu" / "web" / "vendor"
OUT: Final = ROOT / "var" / "sbom.cdx.json"
"""Not committed: it is made from what is."""
ROW: Final = re.compile(r"^\| `([^`]+)` \|.*\| (\S+) \(npm.*\| (\S+) \|$", re.MULTILINE)
CLASSIFIER: Final = "License :: OSI Approved :: "


class Locked(NamedTuple):
    """A package of the lock file."""

    name: str
    version: str


def locked(text: str) -> Iterator[Locked]:
    """What the lock file names for a platform such as this one."""
    for block in re.split(r"(?m)^(?=[A-Za-z0-9])", text.replace("\\\n", " ")):
        if block.strip() and not block.startswith("#"):
            wanted = Requirement(block.partition("--hash")[0].strip())
            if wanted.marker is not None and not wanted.marker.evaluate():
                continue
            (only,) = wanted.specifier
            yield Locked(str(canonicalize_name(wanted.name)), only.version)


def vendored(folder: Path = VENDORED) -> Iterator[Component]:
    """What is kept as a copy, by the table of its README."""
    for name, version, licence in ROW.findall((folder / "README.md").read_text(encoding="utf-8")):
        yield Component(
            type=ComponentType.LIBRARY,
            name=name,
            version=version,
            bom_ref=f"npm:{name}",
            purl=PackageURL("npm", None, name, version),
            licenses=[_licence(licence)],
        )


def bill(packages: Iterable[Locked], copies: Iterable[Component]) -> Bom:
    """The whole bill, with this project at its root."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    root = Component(
        type=ComponentType.APPLICATION,
        name=project["name"],
        version=project["version"],
        bom_ref=project["name"],
        licenses=[_licence(project["license"])],
    )
    bom = Bom()
    bom.metadata.component = root
    known = {one.name: _component(one) for one in packages}
    extra = list(copies)
    for component in (*known.values(), *extra):
        bom.components.add(component)
    direct = [known[name] for name in _names(project["dependencies"]) if name in known]
    bom.register_dependency(root, [*direct, *extra])
    for name, component in known.items():
        needs = _names(importlib.metadata.requires(name) or ())
        bom.register_dependency(component, [known[one] for one in sorted(needs & known.keys())])
    return bom


def _names(wanted: Iterable[str]) -> set[str]:
    found = (Requirement(one) for one in wanted)
    return {
        str(canonicalize_name(one.name)) for one in found if one.marker is None or one.marker.evaluate({"extra": ""})
    }


def _component(one: Locked) -> Component:
    return Component(
        type=ComponentType.LIBRARY,
        name=one.name,
        version=one.version,
        bom_ref=f"pypi:{one.name}",
        purl=PackageURL("pypi", None, one.name, one.version),
        licenses=[_licence(text) for text in _said(one.name)],
    )


def _said(name: str) -> list[str]:
    """The licence in the package's own words: the expression, or else its classifiers, or else what it wrote."""
    said = importlib.metadata.metadata(name)
    expression = said.get_all("License-Expression")
    if expression:
        return list(expression)
    classes = [one.removeprefix(CLASSIFIER) for one in said.get_all("Classifier") or () if one.startswith(CLASSIFIER)]
    return classes or [one.strip().splitlines()[0] for one in said.get_all("License") or () if one.strip()]


def _licence(text: str) -> License:
    made = LicenseFactory().make_from_string(text, license_acknowledgement=LicenseAcknowledgement.DECLARED)
    assert made is not None
    return made


def text_of(bom: Bom) -> str:
    """CycloneDX 1.6, always the same for the same bill."""
    bom.metadata.timestamp = None  # type: ignore[assignment]  # may be left out; the class forgets to say so
    bom.serial_number = None  # type: ignore[assignment]  # likewise
    return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1) + "\n"


def main(out: Path = OUT) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    bom = bill(locked(LOCK.read_text(encoding="utf-8")), vendored())
    out.write_text(text_of(bom), encoding="utf-8")
    print(f"{out}: {len(bom.components)} components")  # noqa: T201 - the command's answer


if __name__ == "__main__":
    main(*(Path(one) for one in sys.argv[1:2]))
