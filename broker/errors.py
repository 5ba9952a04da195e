"""What can go wrong with a broker, for whoever starts one.

ThroughlineError
└── BrokerError
    ├── OpenDoorError
    ├── PortTakenError
    └── TlsFilesError
"""

from broker.contract.errors import ThroughlineError


class BrokerError(ThroughlineError):
    """The broker cannot run."""

    code = "broker"


class OpenDoorError(BrokerError):
    """A listener without TLS would be reached from other machines. Facts: host, port."""

    code = "broker_open_door"


class PortTakenError(BrokerError):
    """Another program listens on the broker's port. Facts: host, port."""

    code = "broker_port_taken"


class TlsFilesError(BrokerError):
    """The certificate, its key or the trusted authorities cannot be read. Facts: certificate, key, trust: paths."""

    code = "broker_tls_files"
