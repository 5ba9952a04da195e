"""What can go wrong with a broker, for whoever starts one.

ThroughlineError
└── BrokerError
    └── PortTakenError
"""

from broker.contract.errors import ThroughlineError


class BrokerError(ThroughlineError):
    """The broker cannot run."""

    code = "broker"


class PortTakenError(BrokerError):
    """Another program listens on the broker's port. Facts: host, port."""

    code = "broker_port_taken"
