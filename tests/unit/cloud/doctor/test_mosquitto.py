"""Mosquitto's configuration as the doctor reads it: the product's own is all well, each way to spoil it is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.external import CONFIGURATION, MosquittoSettings, mosquitto_files
from cloud.doctor.checks import State
from cloud.doctor.mosquitto import bound, judge, read

OURS = mosquitto_files(MosquittoSettings(directory="/etc/mosquitto/throughline"))[CONFIGURATION]


def states(text: str) -> dict[str, State]:
    """What is not well, by code."""
    return {one.check.code: one.state for one in judge(read(text)) if one.state is not State.OK}


def changed(before: str, after: str) -> str:
    assert before in OURS
    return OURS.replace(before, after)


def test_the_products_own_configuration_is_all_well() -> None:
    assert states(OURS) == {}
    assert len(judge(read(OURS))) == 9


@pytest.mark.parametrize(
    ("before", "after", "code", "state"),
    [
        ("persistence true", "persistence false", "mosquitto-persistence", State.BAD),
        ("persistence true\n", "", "mosquitto-persistence", State.BAD),
        ("autosave_interval 30", "autosave_interval 0", "mosquitto-autosave", State.BAD),
        ("autosave_interval 30\n", "", "mosquitto-autosave", State.WARN),
        (
            "autosave_on_changes false",
            "autosave_on_changes true\nautosave_interval 100000",
            "mosquitto-autosave",
            State.WARN,
        ),
        ("max_queued_messages 100000", "max_queued_messages 1000", "broker-queue", State.BAD),
        ("max_queued_messages 100000\n", "", "broker-queue", State.BAD),
        ("max_queued_messages 100000", "max_queued_messages 0", "broker-queue", State.WARN),
        ("max_inflight_messages 4096\n", "", "broker-inflight", State.WARN),
        ("sys_interval 5", "sys_interval 0", "mosquitto-figures", State.BAD),
        ("sys_interval 5", "sys_interval 3600", "mosquitto-figures", State.WARN),
        ("sys_interval 5", "persistent_client_expiration 1d", "mosquitto-expiry", State.BAD),
        ("sys_interval 5", "message_size_limit 1000", "mosquitto-size", State.BAD),
        ("max_packet_size 73728", "max_packet_size 1000", "mosquitto-size", State.BAD),
        ("max_qos 1", "max_qos 0", "mosquitto-qos", State.BAD),
        ("allow_anonymous false", "allow_anonymous true", "mosquitto-doors", State.BAD),
        ("acl_file", "# acl_file", "mosquitto-doors", State.BAD),
        ("listener 1884 127.0.0.1", "listener 1884 0.0.0.0", "mosquitto-doors", State.BAD),
        ("listener 1884 127.0.0.1", "listener 1884", "mosquitto-doors", State.BAD),
        ("sys_interval 5", "include_dir /etc/mosquitto/conf.d", "mosquitto-file", State.WARN),
    ],
)
def test_what_would_lose_data_or_let_strangers_in_is_named(before: str, after: str, code: str, state: State) -> None:
    assert states(changed(before, after)) == {code: state}


def test_what_is_the_whole_brokers_counts_below_a_listener_too() -> None:
    text = changed("persistence true\n", "") + "\npersistence true\n"
    assert states(text) == {}


def test_figures_that_are_switched_off_below_a_listener_are_off_for_all_and_by_default_they_are_on() -> None:
    without = changed("sys_interval 5\n", "")
    assert states(without) == {}
    assert states(without + "\nsys_interval 0\n") == {"mosquitto-figures": State.BAD}


def test_without_settings_per_listener_the_rules_of_the_whole_count_for_each() -> None:
    text = "allow_anonymous false\nacl_file /a\nlistener 1884 127.0.0.1\n"
    assert "mosquitto-doors" not in states(text)
    assert states("per_listener_settings true\n" + text)["mosquitto-doors"] is State.BAD


@pytest.mark.parametrize(("limit", "state"), [(100_000, State.OK), (50_000, State.OK), (100_001, State.WARN)])
def test_an_alarm_that_counts_from_more_than_the_broker_keeps_would_come_too_late(limit: int, state: State) -> None:
    assert bound(read(OURS), limit).state is state


def test_an_empty_file_is_judged_by_mosquittos_own_defaults() -> None:
    found = states("")
    assert found["mosquitto-persistence"] is found["broker-queue"] is State.BAD
    assert found["mosquitto-doors"] is State.WARN


@given(text=st.text(max_size=200))
def test_any_text_is_judged(text: str) -> None:
    assert len(judge(read(text))) in {9, 10}
