"""Who may call out of the house: nobody but a few named doors, whose addresses are the operator's and never a client's.

So there is nothing that a client could make us call (SSRF): an address that comes in is kept and shown, at most.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.files import ROOT, committed, name

CALLERS = {
    "aiohttp",
    "ftplib",
    "http.client",
    "httpx",
    "imaplib",
    "opentelemetry",
    "requests",
    "smtplib",
    "socket",
    "urllib.request",
}
"""Libraries that open connections. MQTT's and the databases' have doors of their own, held by the import rules."""
CALLS = {"create_connection", "create_datagram_endpoint", "getaddrinfo", "open_connection", "urlopen"}
DOORS = {
    "cloud/bench": "measures the system that it has started itself",
    "cloud/http_app.py": "names the type of a socket that listens",
    "cloud/http_server.py": "names an option of connections that came in",
    "cloud/demo": "the story's own phone, against the system that it has started itself",
    "cloud/doctor/looking.py": "asks the deployment's own public address whether it leads here",
    "cloud/emqx_enforcer.py": "tells EMQX at the operator's address whom to cut off",
    "cloud/courier.py": "publishes at the broker of the settings",
    "cloud/intake.py": "subscribes at the broker of the settings",
    "cloud/mail/outlets.py": "hands letters to the operator's own mail server",
    "cloud/push/outlet.py": "hands messages to push services of the operator's list; a browser chooses one of them",
    "cloud/spans.py": "sends spans to the operator's collector of traces, when one is named",
    "cloud/supervisor.py": "asks whether a port of this machine is free",
}
"""Files and folders, with what they call: an address from the settings, or of this machine."""


def product() -> list[Path]:
    """What runs in a deployment; the simulator is an outsider."""
    houses = ("broker", "cloud", "mobile_menu")
    return [one for one in committed() if one.suffix == ".py" and one.relative_to(ROOT).parts[0] in houses]


def reaches_out(source: str) -> set[str]:
    """The names in the source by which it could open a connection."""
    return {found for node in ast.walk(ast.parse(source)) for found in _named(node)}


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        names = [one.name for one in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [node.module or "", *(f"{node.module}.{one.name}" for one in node.names)]
    else:
        names = []
        if isinstance(node, ast.Attribute) and node.attr in CALLS:
            yield node.attr
    yield from (one for one in names if one in CALLERS or one.partition(".")[0] in CALLERS)


def has_a_door(path: Path) -> bool:
    return any(name(path) == door or name(path).startswith(f"{door}/") for door in DOORS)


def test_nothing_opens_a_connection_but_the_named_doors() -> None:
    found = {name(one): reaches_out(one.read_text(encoding="utf-8")) for one in product() if not has_a_door(one)}
    assert {path: names for path, names in found.items() if names} == {}


def test_every_door_is_used() -> None:
    used = {door for door in DOORS for one in product() if has_a_door(one) and name(one).startswith(door)}
    unused = [
        door
        for door in used
        if not any(reaches_out(one.read_text(encoding="utf-8")) for one in product() if name(one).startswith(door))
    ]
    assert (unused, used) == ([], {door for door in DOORS if any(name(one).startswith(door) for one in product())})


@pytest.mark.parametrize(
    "source",
    [
        "import httpx",
        "import socket as s",
        "from urllib.request import urlopen",
        "from urllib import request",
        "import http.client",
        "from http import client",
        "import smtplib",
        "import asyncio\nasyncio.open_connection('a', 1)",
        "loop.getaddrinfo('a', 1)",
        "def late():\n    import requests",
    ],
)
def test_the_check_sees_each_way_out(source: str) -> None:
    assert reaches_out(source)


@pytest.mark.parametrize("source", ["from http import HTTPStatus", "from urllib.parse import urlsplit", "import ssl"])
def test_the_check_takes_no_word_for_a_way_out(source: str) -> None:
    assert reaches_out(source) == set()
