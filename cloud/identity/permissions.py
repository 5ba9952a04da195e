"""Who may do what: the one table of roles and permissions, and how the scopes of a key narrow what its role has.

Every operator's route asks for exactly one permission of this table (`cloud.web.calls`), and no other place decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final


class OperatorRole(StrEnum):
    """What an operator is. An admin may do all of it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    MARKETER = "marketer"
    AGENT = "agent"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a route asks for: `room.act`. The part before the dot is what a scope can name as a whole."""

    AUDIT_READ = "audit.read"
    CAMPAIGNS_READ = "campaigns.read"
    CAMPAIGNS_WRITE = "campaigns.write"
    CASES_READ = "cases.read"
    CASES_ANSWER = "cases.answer"
    COMMANDS_READ = "commands.read"
    COMMANDS_SEND = "commands.send"
    CONTENT_READ = "content.read"
    CONTENT_WRITE = "content.write"
    COUPONS_READ = "coupons.read"
    COUPONS_REDEEM = "coupons.redeem"
    DEVICES_ENROL = "devices.enrol"
    DEVICES_REVOKE = "devices.revoke"
    FIGURES_READ = "figures.read"
    JOURNEYS_READ = "journeys.read"
    KEYS_MANAGE = "keys.manage"
    LABELS_PRINT = "labels.print"
    LINKS_READ = "links.read"
    LINKS_WRITE = "links.write"
    MENUS_READ = "menus.read"
    MODELS_READ = "models.read"
    MODELS_WRITE = "models.write"
    ORDERS_READ = "orders.read"
    STORES_READ = "stores.read"
    STORES_WRITE = "stores.write"
    TWINS_READ = "twins.read"
    TWINS_DESIRE = "twins.desire"
    UNITS_READ = "units.read"
    UNITS_REGISTER = "units.register"
    UNITS_CHANGE = "units.change"


_VIEWER, _OPERATOR, _MARKETER, _AGENT = (
    OperatorRole.VIEWER,
    OperatorRole.OPERATOR,
    OperatorRole.MARKETER,
    OperatorRole.AGENT,
)
_ALL: Final = frozenset({_VIEWER, _OPERATOR, _MARKETER, _AGENT})
_ADMIN_ALONE: Final[frozenset[OperatorRole]] = frozenset()

HOLDERS: Final[Mapping[Permission, frozenset[OperatorRole]]] = {
    Permission.AUDIT_READ: _ADMIN_ALONE,
    Permission.CAMPAIGNS_READ: _ALL,
    Permission.CAMPAIGNS_WRITE: frozenset({_MARKETER}),
    # What a customer wrote is read by who answers it, and by nobody else.
    Permission.CASES_READ: frozenset({_OPERATOR, _AGENT}),
    Permission.CASES_ANSWER: frozenset({_OPERATOR, _AGENT}),
    Permission.COMMANDS_READ: _ALL,
    Permission.COMMANDS_SEND: frozenset({_OPERATOR, _AGENT}),
    Permission.CONTENT_READ: _ALL,
    Permission.CONTENT_WRITE: frozenset({_MARKETER}),
    Permission.COUPONS_READ: _ALL,
    Permission.COUPONS_REDEEM: frozenset({_OPERATOR, _MARKETER}),
    Permission.DEVICES_ENROL: frozenset({_OPERATOR}),
    Permission.DEVICES_REVOKE: frozenset({_OPERATOR}),
    Permission.FIGURES_READ: _ALL,
    Permission.JOURNEYS_READ: _ALL,
    Permission.KEYS_MANAGE: _ADMIN_ALONE,
    Permission.LABELS_PRINT: _ALL,
    Permission.LINKS_READ: _ALL,
    Permission.LINKS_WRITE: frozenset({_OPERATOR, _MARKETER}),
    Permission.MENUS_READ: _ALL,
    Permission.MODELS_READ: _ALL,
    Permission.MODELS_WRITE: frozenset({_OPERATOR}),
    Permission.ORDERS_READ: _ALL,
    Permission.STORES_READ: _ALL,
    Permission.STORES_WRITE: frozenset({_OPERATOR, _MARKETER}),
    Permission.TWINS_READ: _ALL,
    Permission.TWINS_DESIRE: frozenset({_OPERATOR, _AGENT}),
    Permission.UNITS_READ: _ALL,
    Permission.UNITS_REGISTER: frozenset({_OPERATOR}),
    Permission.UNITS_CHANGE: frozenset({_OPERATOR}),
}
"""The roles that have a permission, besides the admin, who has them all."""

MAX_SCOPES: Final = 32
MAX_SCOPE_LENGTH: Final = 40


def of_role(role: OperatorRole) -> frozenset[Permission]:
    """All that a role has."""
    if role is OperatorRole.ADMIN:
        return frozenset(Permission)
    return frozenset(permission for permission, holders in HOLDERS.items() if role in holders)


def granted(role: OperatorRole, scopes: Iterable[str] | None) -> frozenset[Permission]:
    """What a key of this role and these scopes may do. None: all that the role has. A scope never adds anything, and
    one that names nothing (any more) gives nothing.
    """
    own = of_role(role)
    if scopes is None:
        return own
    named = tuple(scopes)
    return frozenset(permission for permission in own if any(covers(scope, permission) for scope in named))


def covers(scope: str, permission: Permission) -> bool:
    """The scope is the permission (`units.read`), or the part before its dot (`units`)."""
    return scope in (permission.value, permission.value.partition(".")[0])


def useless(role: OperatorRole, scopes: Sequence[str]) -> tuple[int, ...]:
    """The places of scopes that would give a key of this role nothing: misspelt, or more than the role has."""
    own = of_role(role)
    return tuple(
        place for place, scope in enumerate(scopes) if not any(covers(scope, permission) for permission in own)
    )
