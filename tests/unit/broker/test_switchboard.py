"""The switchboard leans on amqtt's inner methods: an upgrade that changes them must be read before it is taken."""

import inspect
from importlib.metadata import version

import pytest
from amqtt.broker import Broker
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler

from broker.switchboard import Link, Switchboard

OVERRIDDEN = [
    *(
        (Broker, Switchboard, name)
        for name in (
            "_initialize_client_session",
            "_handle_client_session",
            "_cleanup_session",
            "_delete_session",
            "_broadcast_message",
            "_del_all_subscriptions",
            "add_subscription",
            "shutdown",
        )
    ),
    *(
        (BrokerProtocolHandler, Link, name)
        for name in ("handle_publish", "handle_puback", "handle_subscribe", "handle_unsubscribe", "_retry_deliveries")
    ),
]


@pytest.mark.parametrize(("theirs", "ours", "name"), OVERRIDDEN)
def test_an_overridden_method_still_exists_with_the_same_parameters(theirs: type, ours: type, name: str) -> None:
    assert getattr(ours, name) is not getattr(theirs, name)
    assert list(inspect.signature(getattr(ours, name)).parameters) == list(
        inspect.signature(getattr(theirs, name)).parameters
    )


@pytest.mark.parametrize(
    "name", ["_client_message_loop", "_del_subscription", "_matches", "_get_handler", "_delete_session"]
)
def test_a_method_that_we_call_still_exists(name: str) -> None:
    assert callable(getattr(Broker, name))


def test_the_version_is_the_one_that_was_read() -> None:
    assert version("amqtt") == "0.12.1"
