"""The five stages of a journey, the end of it, and the roles that a customer can have."""

from enum import StrEnum


class Stage(StrEnum):
    """Where one customer stands with one product. The order of the members is the order of the spine."""

    INTERESTED = "interested"
    ENGAGED = "engaged"
    DELIVERY = "delivery"
    INSTALL = "install"
    SUPPORT = "support"
    CLOSED = "closed"


class Role(StrEnum):
    """What a customer is to a unit."""

    VISITOR = "visitor"
    GUEST = "guest"
    HOUSEHOLD = "household"
    OWNER = "owner"
