"""Ingest on the embedded broker and SQLite with few messages, and stock amqtt beside it."""

import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from cloud.bench import ingest, references, stand
from cloud.bench.publisher import Line
from cloud.bench.stand import Stand
from cloud.errors import SetupError
from cloud.mqtt import Address


def silently(_what: str, _done: int, _total: int) -> None:
    """No progress bar."""


@pytest.fixture(scope="module")
def here() -> Iterator[Stand]:
    """One deployment for all."""
    with stand.embedded(("work",), 5) as running:
        yield running


def test_ingest_is_measured_beside_stock_amqtt_and_beside_our_own_broker(here: Stand) -> None:
    rows = ingest.on_stand(here, 100, 1, silently)
    ours, others = rows[:3], {one.what.split(": ")[1]: one for one in rows[3:]}
    assert [(one.what, one.reference, one.goal) for one in ours] == [
        ("amqtt + SQLite: durable", ingest.STOCK, "ratio ≥ 0.8"),
        ("amqtt + SQLite: durable", ingest.OUR_BROKER, ""),
        ("amqtt + SQLite: durable", ingest.TUTORIAL, ""),
    ]
    assert [one.reference_value for one in ours] == [one.value for one in others.values()]
    assert ours[0].parts.keys() == {"publisher", "broker", "work"}
    assert others[ingest.STOCK].parts.keys() == {"publisher", "amqtt", "subscriber"}
    assert others[ingest.OUR_BROKER].parts.keys() == {"publisher", "broker", "subscriber"}


def test_stock_amqtt_is_its_own_program_and_asks_nobody_of_ours_who_comes(here: Stand) -> None:
    with references.stock_amqtt(here) as amqtt:
        assert psutil.Process(amqtt.pids["amqtt"]).cmdline()[1:3] == ["-m", "amqtt.scripts.broker_script"]
        stranger = Address(amqtt.address.host, amqtt.address.port, "nobody", "knows")
        Line(stranger, "nobody", (), 1).socket.close()
        at_ours = stranger._replace(host=here.address.host, port=here.address.port)
        with pytest.raises(ConnectionError):
            Line(at_ours, "nobody", (), 1)


def test_what_is_measured_on_stock_amqtt_passes_it_and_one_that_hangs_ends_the_bench(
    here: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "GIVE_UP_S", 0.5)
    with references.stock_amqtt(here) as amqtt:
        pid = amqtt.pids["amqtt"]
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(SetupError, match="drain ended before it was done"):
                references.drained(here, 0, 10, through=amqtt)
        finally:
            os.kill(pid, signal.SIGCONT)
