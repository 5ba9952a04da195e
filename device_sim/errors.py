"""What can go wrong for an outsider.

ThroughlineError
└── OutsiderError
    ├── RefusedError            the service answered with a problem
    ├── UnreachableError        the service did not answer, however often it was asked
    ├── ImpossibleError         the machine cannot do this now
    ├── LateError               what was waited for did not happen in time
    ├── NotCertifiedError       the device has no certificate, or was given one that is not its own
    └── CredentialsFileError    a line of a credentials file cannot be read
"""

from typing import ClassVar

from broker.contract.errors import ThroughlineError


class OutsiderError(ThroughlineError):
    """Something went wrong outside of the service."""

    code: ClassVar[str] = "outsider"


class RefusedError(OutsiderError):
    """The service answered with a problem. Facts: `status`, and `problem`, its RFC 9457 code."""

    code: ClassVar[str] = "refused"

    def __init__(self, detail: str, *, status: int, problem: str = "") -> None:
        super().__init__(detail, status=status, problem=problem)
        self.status = status
        self.problem = problem


class UnreachableError(OutsiderError):
    """The service did not answer."""

    code: ClassVar[str] = "unreachable"


class ImpossibleError(OutsiderError):
    """The machine cannot do this now."""

    code: ClassVar[str] = "impossible"


class LateError(OutsiderError):
    """What was waited for did not happen in time."""

    code: ClassVar[str] = "late"


class NotCertifiedError(OutsiderError):
    """The device has no certificate, or was given one that is not its own."""

    code: ClassVar[str] = "not_certified"


class CredentialsFileError(OutsiderError):
    """A line of the credentials file cannot be read. Facts: `path`, `line`."""

    code: ClassVar[str] = "credentials_file"
