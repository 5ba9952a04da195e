"""The root of the error tree. Each house draws its own branch in its `errors.py`.

An error carries facts as attributes and a stable `code`; which HTTP status that is, `cloud/problems.py` alone decides.
"""

from typing import ClassVar


class ThroughlineError(Exception):
    """Something that the caller can understand and act on."""

    code: ClassVar[str] = "internal"

    def __init__(self, detail: str = "", **facts: object) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip().splitlines()[0]
        self.facts = facts
        super().__init__(self.detail)
