"""No command takes a secret as an argument: every user of a machine can read its command lines."""

import re

from typer.core import TyperArgument, TyperOption

from tests.house.generate import commands

SECRET = re.compile(r"key|password|secret|token|passphrase|credential")
FILE = re.compile(r"file|path|folder|directory")
NO_SECRETS = {
    "sim credentials": "a file",
    "keys revoke key_id": "names a key, and is not it",
}
"""Words that sound like one, and why they are none."""


def test_a_secret_comes_from_a_file_or_from_the_environment() -> None:
    given = [
        " ".join((*words, one.name or ""))
        for words, command in commands()
        for one in command.params
        if isinstance(one, TyperOption | TyperArgument)
    ]
    assert len(given) > 50
    assert [
        one for one in given if SECRET.search(one.split()[-1]) and not FILE.search(one) and one not in NO_SECRETS
    ] == []
