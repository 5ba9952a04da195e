"""The cloud's errors, drawn as a tree. The docstring is the default detail; facts are attributes.

    ThroughlineError
      NotFoundError            no such thing, or not yours
      ConflictError            the thing is not in the state that the call expects
        DuplicateError         it exists already
        StaleError             somebody else changed it meanwhile
        KeyReusedError         an Idempotency-Key came with another request
        LastAdminKeyError      without this key nobody could make new ones
        RetiredError           the unit is out of use for good
      InvalidError             the input is wrong; `problems` name the fields
        ContentRefusedError    content that has faults, or fails its own tests
      UnauthenticatedError     no credential, or one that is not valid
      ForbiddenError           the credential does not allow this
      SignatureError           a webhook's signature
      GoneError                it was here and has been erased
      TooLargeError            above a limit
      SetupError               the process cannot start; says what to change

Which HTTP status each has, `cloud/problems.py` says.
"""

from typing import ClassVar, NamedTuple

from broker.contract.errors import ThroughlineError


class FieldProblem(NamedTuple):
    """What is wrong with one field. pointer: JSON pointer (RFC 6901) into the body."""

    pointer: str
    code: str
    detail: str


class NotFoundError(ThroughlineError):
    """There is no such thing."""

    code: ClassVar[str] = "not_found"


class ConflictError(ThroughlineError):
    """The thing is not in the state that this call expects."""

    code: ClassVar[str] = "conflict"


class DuplicateError(ConflictError):
    """It exists already."""

    code: ClassVar[str] = "duplicate"


class StaleError(ConflictError):
    """Somebody else changed it meanwhile; read it again."""

    code: ClassVar[str] = "stale"


class KeyReusedError(ConflictError):
    """This Idempotency-Key was used for another request."""

    code: ClassVar[str] = "idempotency_key_reused"


class LastAdminKeyError(ConflictError):
    """This is the last key of an admin; make another first, or end it at the machine itself."""

    code: ClassVar[str] = "last_admin_key"


class RetiredError(ConflictError):
    """This product is retired: it is out of use for good."""

    code: ClassVar[str] = "retired"


class InvalidError(ThroughlineError):
    """The input is wrong."""

    code: ClassVar[str] = "invalid"

    def __init__(self, detail: str = "", problems: tuple[FieldProblem, ...] = (), **facts: object) -> None:
        self.problems = problems
        super().__init__(detail, **facts)


class ContentRefusedError(InvalidError):
    """This content cannot be shown as it is, or does otherwise than its own tests say."""

    code: ClassVar[str] = "content_refused"


class UnauthenticatedError(ThroughlineError):
    """A valid credential is needed."""

    code: ClassVar[str] = "unauthenticated"


class ForbiddenError(ThroughlineError):
    """This credential does not allow that."""

    code: ClassVar[str] = "forbidden"


class SignatureError(ThroughlineError):
    """The signature is missing, wrong, or too old."""

    code: ClassVar[str] = "bad_signature"


class GoneError(ThroughlineError):
    """It was here, and has been erased."""

    code: ClassVar[str] = "gone"


class TooLargeError(ThroughlineError):
    """The request is larger than allowed."""

    code: ClassVar[str] = "too_large"


class SetupError(ThroughlineError):
    """The system cannot start like this."""

    code: ClassVar[str] = "setup"
