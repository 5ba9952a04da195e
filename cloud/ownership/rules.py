"""What one may do with a unit, and how a change of hands goes. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from broker.contract.stages import Role

EPOCH_MAX: Final = 2**53 - 1
"""The highest that the wire carries: `broker.contract.messages.Counter`."""


class Standing(StrEnum):
    """What somebody is to a unit. An onlooker scanned its label; everybody else was let in."""

    OWNER = "owner"
    HOUSEHOLD = "household"
    GUEST = "guest"
    ONLOOKER = "onlooker"


class Act(StrEnum):
    """What can be done with a unit, or with those who are with it."""

    SEE_STATE = "see_state"
    """Its state, its supplies, and the menu that follows from them, from anywhere. For others `sight` decides."""
    ASK = "ask"
    """Whatever concerns one's own journey alone: an expert, a coupon, a note, a step of the installation."""
    TRY_DEMO = "try_demo"
    """A command to a demo unit in a shop, from beside it."""
    COMMAND = "command"
    SEE_ATTACHED = "see_attached"
    """The machine's own record, in what one takes along of one's cases."""
    SEE_PEOPLE = "see_people"
    LEAVE = "leave"
    INVITE = "invite"
    REMOVE = "remove"
    END_ONLOOKERS = "end_onlookers"
    """End whoever looks at the unit without having been let in."""
    HAND_OVER = "hand_over"
    GIVE_BACK = "give_back"
    NEW_CODE = "new_code"
    WIPE = "wipe"
    """Let the device forget what people left on it."""


_ONLOOKER: Final = frozenset({Act.ASK, Act.TRY_DEMO})
_GUEST: Final = _ONLOOKER | {Act.SEE_STATE, Act.LEAVE}
_HOUSEHOLD: Final = _GUEST | {Act.COMMAND, Act.SEE_ATTACHED, Act.SEE_PEOPLE}
_OWNER: Final = (_HOUSEHOLD - {Act.LEAVE}) | {
    Act.INVITE,
    Act.REMOVE,
    Act.END_ONLOOKERS,
    Act.HAND_OVER,
    Act.GIVE_BACK,
    Act.NEW_CODE,
    Act.WIPE,
}

MAY: Final[Mapping[Standing, frozenset[Act]]] = MappingProxyType(
    {
        Standing.OWNER: _OWNER,
        Standing.HOUSEHOLD: _HOUSEHOLD,
        Standing.GUEST: _GUEST,
        Standing.ONLOOKER: _ONLOOKER,
    }
)
"""The one table of what each may do. An owner does not leave: they hand the unit over, give it back, or opt out."""


def may(standing: Standing, act: Act) -> bool:
    return act in MAY[standing]


class Sight(StrEnum):
    """How much of a unit somebody sees at a moment."""

    ALL = "all"
    """Whatever there is: they were let in, or the unit is nobody's."""
    BESIDE = "beside"
    """An onlooker who has just proven that they stand at it."""
    MODEL = "model"
    """An onlooker from elsewhere: what anybody sees of the model, and nothing of the unit."""


def sight(standing: Standing, *, owned: bool, proven: bool) -> Sight:
    """What of a unit's state is shown. proven: a proof of place counts at this moment.

    A unit that is nobody's has nothing to hide from who has scanned it: it is to be claimed, or stands in a shop.
    """
    if not owned or may(standing, Act.SEE_STATE):
        return Sight.ALL
    return Sight.BESIDE if proven else Sight.MODEL


def act_of(action: str, *, at_demo_unit: bool = False, may_send_back: bool = False) -> Act:
    """What choosing a menu item that does `action` takes. may_send_back: they ordered it, or have none yet: then to
    ask for a return is a wish like others, and not giving away somebody's unit.
    """
    match action:
        case "command":
            return Act.TRY_DEMO if at_demo_unit else Act.COMMAND
        case "return":
            return Act.ASK if may_send_back else Act.GIVE_BACK
        case _:
            return Act.ASK


# --- invitations ---

INVITED: Final = (Role.HOUSEHOLD, Role.GUEST)
INVITATION_LASTS: Final = timedelta(days=7)
GUEST_LASTS: Final = timedelta(days=30)
GUEST_LASTS_MIN: Final = timedelta(hours=1)
GUEST_LASTS_MAX: Final = timedelta(days=365)
INVITATIONS_MAX: Final = 10
"""Open at a time, for one unit."""
MEMBERS_MAX: Final = 20


def raises(now: Standing, role: Role) -> bool:
    """Whether an invitation to this role gives somebody anything that they do not have."""
    order = (Standing.ONLOOKER, Standing.GUEST, Standing.HOUSEHOLD, Standing.OWNER)
    return order.index(Standing(role.value)) > order.index(now)


# --- a change of hands ---

TRANSFER_LASTS: Final = timedelta(hours=48)
WIPE: Final = "wipe_user_data"
"""The command by which a device forgets what its user left on it (ETSI EN 303 645, provision 5.11-1)."""
WIPE_LASTS: Final = timedelta(days=30)


def next_epoch(*known: int) -> int:
    """The epoch that a change of hands begins."""
    return min(max(known, default=0) + 1, EPOCH_MAX)


class TransferState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DONE = "done"
    CANCELLED = "cancelled"


class TransferAct(StrEnum):
    ACCEPT = "accept"
    CONFIRM = "confirm"
    CANCEL = "cancel"


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """giver, receiver: persons. It ends by itself at `expires_at`."""

    state: TransferState
    giver: str
    receiver: str | None
    expires_at: datetime


class Refusal(StrEnum):
    """Why an act changes nothing."""

    NOT_YOURS = "not_yours"
    OVER = "over"
    NOT_ACCEPTED = "not_accepted"
    TAKEN = "taken"
    OWN = "own"


def after(known: Transfer, act: TransferAct, by: str, now: datetime) -> Transfer | Refusal:
    """The transfer after somebody's act, or why there is none: both sides must say yes, the receiver first."""
    if known.state in (TransferState.DONE, TransferState.CANCELLED) or now >= known.expires_at:
        return Refusal.OVER
    match act:
        case TransferAct.ACCEPT:
            return _accepted(known, by)
        case TransferAct.CONFIRM:
            return _confirmed(known, by)
        case TransferAct.CANCEL:
            ended = msgspec.structs.replace(known, state=TransferState.CANCELLED)
            return ended if by in {known.giver, known.receiver} else Refusal.NOT_YOURS


def _accepted(known: Transfer, by: str) -> Transfer | Refusal:
    if by == known.giver:
        return Refusal.OWN
    if known.state is TransferState.ACCEPTED:
        return Refusal.TAKEN
    return msgspec.structs.replace(known, state=TransferState.ACCEPTED, receiver=by)


def _confirmed(known: Transfer, by: str) -> Transfer | Refusal:
    if by != known.giver:
        return Refusal.NOT_YOURS
    if known.state is not TransferState.ACCEPTED:
        return Refusal.NOT_ACCEPTED
    return msgspec.structs.replace(known, state=TransferState.DONE)
