"""A memory in a file survives what files go through."""

from pathlib import Path

import pytest

from broker.contract.topics import Up
from device_sim.memory import Kept, Snapshot
from device_sim.stores import FileStore, MemoryStore

ONE = Snapshot(boot=4, kept=(Kept(4, 1, Up.BIRTH, b"{}"),), commands={"c1": ""}, given_up={3: [(1, 2)]}, machine=b"m")
TWO = Snapshot(boot=5)


def test_what_was_saved_is_loaded_by_another(tmp_path: Path) -> None:
    FileStore(tmp_path / "deep" / "device").save(ONE)
    assert FileStore(tmp_path / "deep" / "device").load() == ONE


def test_a_new_device_begins_with_the_first_boot(tmp_path: Path) -> None:
    assert FileStore(tmp_path / "device").load().boot == 0
    assert FileStore(tmp_path / "device", first_boot=1_800_000_000).load().boot == 1_800_000_000
    assert MemoryStore(7).load().boot == 7


@pytest.mark.parametrize("length", [0, 1, 3, 4, 5, 20])
def test_a_torn_file_gives_the_one_before_it_with_a_boot_more(tmp_path: Path, length: int) -> None:
    store = FileStore(tmp_path / "device")
    store.save(ONE)
    store.save(TWO)
    store.path.write_bytes(store.path.read_bytes()[:length])
    loaded = store.load()
    assert loaded.boot == ONE.boot + 1
    assert loaded.kept == ONE.kept


def test_a_draft_that_was_never_put_in_place_is_ignored(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "device")
    store.save(ONE)
    (tmp_path / "device.new").write_bytes(b"half of")
    assert store.load() == ONE


def test_when_nothing_can_be_read_the_first_boot_counts(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "device", first_boot=1000)
    store.save(ONE)
    store.path.write_bytes(b"\xc1" * 50)
    assert store.load() == Snapshot(boot=1000)
