import base64
import contextlib
import json
import stat
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.errors import SetupError
from cloud.vault import SealedError, Signer, Vault, canonical_json, load_or_create_keys, verify

ROOT = Path(__file__).parents[3]
VAULT = Vault(b"m" * 32)
PERSON = VAULT.new_person_key()
RECEIPT: dict[str, Any] = {"wiped": {"journeys": 2, "sightings": 140}, "at": "2026-11-05T12:00:00Z", "note": "Straße"}

contexts = st.binary(max_size=20)


@given(st.binary(max_size=300), contexts)
def test_what_is_sealed_opens_to_the_same(plaintext: bytes, context: bytes) -> None:
    sealed = VAULT.seal(PERSON, plaintext, context)
    assert VAULT.open(PERSON, sealed, context) == plaintext
    assert len(sealed) == len(plaintext) + 29
    assert VAULT.open_own(VAULT.seal_own(plaintext, context), context) == plaintext


@given(st.binary(max_size=60), contexts, st.data())
def test_any_byte_changed_is_noticed(plaintext: bytes, context: bytes, data: st.DataObject) -> None:
    sealed = VAULT.seal(PERSON, plaintext, context)
    at = data.draw(st.integers(0, len(sealed) - 1))
    mask = data.draw(st.integers(1, 255))
    with pytest.raises(SealedError):
        VAULT.open(PERSON, sealed[:at] + bytes([sealed[at] ^ mask]) + sealed[at + 1 :], context)


@given(st.integers(0, 60), st.integers(1, 255))
def test_any_byte_of_a_wrapped_key_changed_is_noticed(at: int, mask: int) -> None:
    assert len(PERSON) == 61
    with pytest.raises(SealedError):
        VAULT.seal(PERSON[:at] + bytes([PERSON[at] ^ mask]) + PERSON[at + 1 :], b"x", b"")


@given(st.binary(max_size=60), st.integers(0, 88))
def test_anything_cut_is_noticed(plaintext: bytes, length: int) -> None:
    sealed = VAULT.seal_own(plaintext, b"")
    if length < len(sealed):
        with pytest.raises(SealedError):
            VAULT.open_own(sealed[:length], b"")


def test_sealed_for_one_place_does_not_open_in_another() -> None:
    sealed = VAULT.seal(PERSON, b"a@example.com", b"order:1:customer")
    with pytest.raises(SealedError):
        VAULT.open(PERSON, sealed, b"order:2:customer")


def test_nobody_elses_key_opens_it() -> None:
    sealed = VAULT.seal(PERSON, b"a@example.com", b"")
    with pytest.raises(SealedError):
        VAULT.open(VAULT.new_person_key(), sealed, b"")
    with pytest.raises(SealedError):
        VAULT.open_own(sealed, b"")
    with pytest.raises(SealedError):
        Vault(b"n" * 32).open(PERSON, sealed, b"")


def test_a_person_key_is_not_a_thing_that_the_vault_sealed_for_itself() -> None:
    with pytest.raises(SealedError):
        VAULT.open_own(PERSON, b"")


def test_the_same_text_is_never_sealed_twice_the_same() -> None:
    assert len({VAULT.seal(PERSON, b"x", b"") for _ in range(1000)}) == 1000


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_master_key_of_another_length_is_an_error(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Vault(b"x" * length)


def test_a_signed_receipt_is_verified_after_a_journey_as_json() -> None:
    signer = Signer(b"s" * 32)
    signed = signer.sign(RECEIPT)
    assert signed["key_id"] == signer.key_id
    assert len(base64.b64decode(signed["signature"])) == 64
    shuffled = dict(reversed(json.loads(json.dumps(signed, indent=2)).items()))
    assert verify(shuffled, signer.public_key)
    assert not verify(shuffled, Signer(b"t" * 32).public_key)


@pytest.mark.parametrize(
    "change",
    [
        {"wiped": {"journeys": 3, "sightings": 140}},
        {"note": "Strasse"},
        {"more": 1},
        {"key_id": "0" * 16},
        {"signature": ""},
        {"signature": None},
        {"signature": "ä"},
        {"signature": base64.b64encode(b"0" * 64).decode()},
    ],
)
def test_a_receipt_that_was_changed_is_not_verified(change: dict[str, Any]) -> None:
    signer = Signer(b"s" * 32)
    assert not verify({**signer.sign(RECEIPT), **change}, signer.public_key)


def test_a_receipt_without_signature_is_not_verified() -> None:
    assert not verify(RECEIPT, Signer(b"s" * 32).public_key)


@pytest.mark.parametrize("document", [{"signature": "x"}, {"key_id": "x"}, {"at": object()}, {"x": float("nan")}])
def test_what_cannot_be_signed_is_an_error(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Signer(b"s" * 32).sign(document)


def test_the_signed_form_is_sorted_without_spaces_in_utf8() -> None:
    assert (
        canonical_json({"b": [1, {"d": None, "c": "ß"}], "a": True}) == '{"a":true,"b":[1,{"c":"ß","d":null}]}'.encode()
    )


def test_keys_are_made_once_and_for_this_user_only(tmp_path: Path) -> None:
    directory = tmp_path / "data" / "keys"
    keys = load_or_create_keys(directory)
    assert load_or_create_keys(directory) == keys
    assert len({keys.master_key, keys.signing_key, keys.derive("a"), keys.derive("b")}) == 4
    assert sorted(path.name for path in directory.iterdir()) == ["master.key", "signing.key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_keys_do_not_show_in_a_log(tmp_path: Path) -> None:
    keys = load_or_create_keys(tmp_path)
    assert keys.master_key.hex() not in repr(keys)
    assert repr(keys.master_key) not in f"{keys} {[keys]!r}"


RACER = """
import sys
from pathlib import Path
from cloud.vault import load_or_create_keys

print("ready", flush=True)
sys.stdin.readline()
print(*(key.hex() for key in load_or_create_keys(Path(sys.argv[1]))), flush=True)
"""


def test_processes_that_start_at_once_end_with_the_same_keys(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RACER, str(tmp_path / "keys")]
    with contextlib.ExitStack() as stack:
        racers = [
            stack.enter_context(subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=ROOT))  # noqa: S603 - this very interpreter
            for _ in range(3)
        ]
        assert all(racer.stdout and racer.stdout.readline() == "ready\n" for racer in racers)
        for racer in racers:
            assert racer.stdin
            racer.stdin.write("go\n")
            racer.stdin.flush()
        found = {racer.communicate(timeout=30)[0] for racer in racers}
    keys = load_or_create_keys(tmp_path / "keys")
    assert found == {f"{keys.master_key.hex()} {keys.signing_key.hex()}\n"}


def test_a_process_that_comes_second_takes_the_keys_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looked before either wrote: the one unlucky moment, played on purpose."""
    first = load_or_create_keys(tmp_path)
    answers = iter([False, False])
    with monkeypatch.context() as patched:
        patched.setattr(Path, "exists", lambda _path: next(answers))
        assert load_or_create_keys(tmp_path) == first
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("content", ["", "00", "no key at all", "0" * 63, "é"])
def test_a_key_file_that_holds_no_key_stops_the_start_and_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(SetupError, match="holds no key"):
        load_or_create_keys(tmp_path)
    assert path.read_text() == content


def test_a_key_file_that_others_may_read_stops_the_start(tmp_path: Path) -> None:
    load_or_create_keys(tmp_path)
    (tmp_path / "signing.key").chmod(0o640)
    with pytest.raises(SetupError, match="others may read"):
        load_or_create_keys(tmp_path)


def test_a_directory_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file is in the way")
    with pytest.raises(SetupError, match="cannot be read or written"):
        load_or_create_keys(tmp_path / "keys")
