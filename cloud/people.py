"""What the phone's people page needs of the record: `mobile_menu.ownership_ports.OwnershipPort`.

Each call is one transaction. What is refused and must be counted comes back as a value and is raised after the commit.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal, TypeVar

from broker.contract.stages import Role
from cloud.callers import once
from cloud.choices import carry_out
from cloud.control import service as control
from cloud.control.rules import ENDED
from cloud.db import Database, Transaction
from cloud.lifecycle import service as lifecycle
from cloud.ownership import attempts, claim_codes, claims, handover, invitations, members, onlookers, transfers
from cloud.ownership.rules import MAY, WIPE, Act, Standing
from cloud.ownership.rules import TransferState as State
from cloud.ownership.tables import InvitationRow, TransferRow
from cloud.record import service as record
from cloud.registry.claiming import may_try
from cloud.registry.service import read_unit
from cloud.registry.tables import ProductRow
from cloud.secrets import Keys
from mobile_menu.ownership_ports import (
    Accepted,
    ClaimCodeMade,
    InvitedRole,
    LinkRefusedError,
    LookingOn,
    NotYoursError,
    Offer,
    OneTimeLink,
    OpenInvitation,
    People,
    Person,
    TransferState,
)
from mobile_menu.ports import Caller, Chosen, ChosenItem, TooManyAttemptsError
from mobile_menu.rules.qr import qr_data_uri

Answer = TypeVar("Answer")
LINKS = "one-time links"
"""What attempts at codes of links count against: there is no unit to count for."""


class PeopleOfUnits:
    """The port."""

    def __init__(self, db: Database, keys: Keys, base_url: str) -> None:
        self._db = db
        self._keys = keys
        self._base_url = base_url

    # --- who is with the unit ---

    def people(self, caller: Caller, product_id: str) -> People:
        with self._db.reading() as tx:
            unit = members.seen_unit(tx, product_id, caller.person_id, Act.SEE_STATE)
            standing = members.standing_of(tx, unit, caller.person_id)
            return _people_of(tx, unit, standing, caller.person_id)

    def remove(self, caller: Caller, product_id: str, member_id: str) -> None:
        self._db.run(lambda tx: members.remove(tx, product_id, member_id, caller.person_id))

    def end_onlookers(self, caller: Caller, product_id: str) -> None:
        self._db.run(lambda tx: onlookers.end_all(tx, product_id, caller.person_id))

    # --- invitations ---

    def invite(
        self, caller: Caller, product_id: str, role: InvitedRole, lasts: timedelta | None, key: str | None
    ) -> OneTimeLink:
        def do(tx: Transaction) -> OneTimeLink:
            row, code = invitations.invite(tx, product_id, caller.person_id, Role(role), lasts)
            return self._link(row, code)

        print_ = record.fingerprint("invite", product_id, role, str(lasts))
        return self._once(caller, key, print_, OneTimeLink, do)

    def withdraw(self, caller: Caller, product_id: str, invitation_id: str) -> None:
        self._db.run(lambda tx: invitations.withdraw(tx, product_id, invitation_id, caller.person_id))

    def look(self, caller: Caller, code: str, source: str) -> Offer:  # noqa: ARG002 - see `_guarded`
        return self._guarded(caller, lambda tx: _offer(tx, code))

    def accept(self, caller: Caller, code: str, source: str, key: str | None) -> Accepted:  # noqa: ARG002 - see `_guarded`
        print_ = record.fingerprint("accept", code)

        def do(tx: Transaction) -> Accepted | None:
            return _accepted(tx, code, caller.person_id)

        return self._guarded(caller, do, key=key, print_=print_, form=Accepted)

    # --- a change of hands ---

    def start_transfer(self, caller: Caller, product_id: str, key: str | None) -> OneTimeLink:
        def do(tx: Transaction) -> OneTimeLink:
            row, code = transfers.start(tx, product_id, caller.person_id)
            return self._link(row, code)

        return self._once(caller, key, record.fingerprint("transfer", product_id), OneTimeLink, do)

    def transfer(self, caller: Caller, transfer_id: str) -> TransferState:
        with self._db.reading() as tx:
            return _state(transfers.mine(tx, transfer_id, caller.person_id), caller.person_id, tx)

    def confirm_transfer(self, caller: Caller, transfer_id: str, key: str | None) -> TransferState:
        def do(tx: Transaction) -> TransferState:
            row = transfers.confirm(tx, transfer_id, caller.person_id)
            # The journey is the other's now, and its id is not for who has given the unit away.
            return TransferState(
                id=row.id, product_id=row.product_id, side="gives", state="done", expires_at=row.expires_at
            )

        return self._once(caller, key, record.fingerprint("confirm", transfer_id), TransferState, do)

    def cancel_transfer(self, caller: Caller, transfer_id: str) -> None:
        self._db.run(lambda tx: transfers.cancel(tx, transfer_id, caller.person_id))

    # --- giving it back, and its code ---

    def ask_return(self, caller: Caller, product_id: str, key: str | None) -> Chosen:
        def do(tx: Transaction) -> Chosen:
            unit = members.unit_for(tx, product_id, caller.person_id, Act.GIVE_BACK)
            journey = claims.journey_for(tx, unit, caller.person_id, Role.OWNER)
            return carry_out(tx, self._keys, journey, ChosenItem(id="give-back", kind="setting", action="return"))

        return self._once(caller, key, record.fingerprint("give back", product_id), Chosen, do)

    def new_claim_code(self, caller: Caller, product_id: str, key: str | None) -> ClaimCodeMade:
        def do(tx: Transaction) -> ClaimCodeMade:
            unit = members.unit_for(tx, product_id, caller.person_id, Act.NEW_CODE)
            return ClaimCodeMade(claim_code=claim_codes.make(tx, self._keys, unit.id))

        return self._once(caller, key, record.fingerprint("claim code", product_id), ClaimCodeMade, do)

    def wipe(self, caller: Caller, product_id: str, key: str | None) -> Chosen:
        def do(tx: Transaction) -> Chosen:
            unit = members.unit_for(tx, product_id, caller.person_id, Act.WIPE)
            return Chosen(item_id="wipe", outcome="command_queued", command_id=handover.wipe(tx, unit.id))

        return self._once(caller, key, record.fingerprint("wipe", product_id), Chosen, do)

    # --- how calls are made ---

    def _link(self, row: InvitationRow | TransferRow, code: str) -> OneTimeLink:
        url = f"{self._base_url}/app/#link={code}"  # browsers send what stands after the number sign to nobody
        return OneTimeLink(id=row.id, url=url, qr=qr_data_uri(url), expires_at=row.expires_at)

    def _once(
        self, caller: Caller, key: str | None, print_: str, form: type[Answer], do: Callable[[Transaction], Answer]
    ) -> Answer:
        return self._db.run(lambda tx: once(tx, self._keys, caller, key, print_, form, lambda: do(tx)))

    def _guarded(
        self,
        caller: Caller,
        do: Callable[[Transaction], Answer | None],
        *,
        key: str | None = None,
        print_: str = "",
        form: Any = Offer,
    ) -> Answer:
        """`do`, which answers None for a code that opens nothing: that is counted, and so often and no more.

        For the person alone: 256 bits are out of anybody's reach, so that a count for their address would protect
        nothing, and let strangers on it lock others out. How often an address may call, the gates before this say.
        """

        def whole(tx: Transaction) -> Answer | Exception:
            attempt = attempts.Attempt(self._keys, LINKS, caller.person_id, source="")
            attempts.hold(tx, attempt)
            if not may_try(attempt.failures(tx)._replace(unit=0)):
                return TooManyAttemptsError(retry_after_s=attempt.wait_s(tx, by_unit=False))

            def go() -> Answer:
                found = do(tx)
                if found is None:
                    raise LinkRefusedError
                return found

            try:
                answer: Answer = once(tx, self._keys, caller, key, print_, form, go)
            except LinkRefusedError as refusal:
                attempt.note_failure(tx)
                return refusal
            return answer

        # A refusal is counted, and the count must be committed: so it comes back as a value and is raised out here.
        outcome = self._db.run(whole)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def _people_of(tx: Transaction, unit: ProductRow, standing: Standing, person_id: str) -> People:
    can = MAY[standing]
    own = members.membership(tx, unit.id, person_id)
    rows = members.of_unit(tx, unit.id) if Act.SEE_PEOPLE in can else [own]
    owner = next((one for one in lifecycle.open_with(tx, unit.id) if one.person_id == unit.owner_person_id), None)
    since = None if owner is None or owner.facts.claim is None else owner.facts.claim.at
    first = [Person(id="", role=Role.OWNER, since=since, you=standing is Standing.OWNER)] if owner else []
    under_way = transfers.of_unit(tx, unit.id) if Act.HAND_OVER in can else None
    going = under_way is not None and under_way.expires_at > tx.now
    return People(
        product_id=unit.id,
        role=Role(standing.value),
        can=tuple(sorted(act.value for act in can)),
        people=tuple(first + [_person(row, person_id) for row in rows if row is not None]),
        invitations=tuple(_open(row) for row in invitations.open_for(tx, unit.id)) if Act.INVITE in can else (),
        onlookers=_looking_on(tx, unit) if Act.END_ONLOOKERS in can else None,
        transfer=_state(under_way, person_id, tx) if going and under_way is not None else None,
        return_requested=bool(owner and owner.facts.return_requested and Act.GIVE_BACK in can),
        wiped=_wiped(tx, unit.id) if standing is Standing.OWNER else "",
    )


def _person(row: Any, you: str) -> Person:
    return Person(id=row.id, role=Role(row.role), since=row.since, expires_at=row.expires_at, you=row.person_id == you)


def _looking_on(tx: Transaction, unit: ProductRow) -> LookingOn:
    found = onlookers.look(tx, unit)
    return LookingOn(count=found.number, seeing=found.seeing, since=found.since, ended_at=found.ended_at)


def _open(row: Any) -> OpenInvitation:
    return OpenInvitation(id=row.id, role=Role(row.role), created_at=row.created_at, expires_at=row.expires_at)


def _wiped(tx: Transaction, product_id: str) -> Literal["", "waiting", "done", "failed"]:
    row = control.latest_named(tx, product_id, WIPE)
    if row is None:
        return ""
    if row.status == "done":
        return "done"
    return "failed" if row.status in ENDED else "waiting"


def _state(row: TransferRow, person_id: str, tx: Transaction) -> TransferState:
    if row.state != State.DONE and row.expires_at <= tx.now:
        raise NotYoursError
    receives = row.receiver_id == person_id
    return TransferState(
        id=row.id,
        product_id=row.product_id,
        side="receives" if receives else "gives",
        state=State(row.state).value,  # type: ignore[arg-type]  # a cancelled one is not kept
        expires_at=row.expires_at,
        check_code=row.check_code,
        journey_id=(row.journey_id or "") if receives else "",
    )


def _offer(tx: Transaction, code: str) -> Offer | None:
    row = transfers.find(tx, code) if code.startswith(transfers.PREFIX) else invitations.find(tx, code)
    if row is None:
        return None
    given = isinstance(row, TransferRow)
    return Offer(
        kind="transfer" if given else "invitation",
        role=Role.OWNER if isinstance(row, TransferRow) else Role(row.role),
        model_name=read_unit(tx, row.product_id).model.name,
        expires_at=row.expires_at,
        stays_s=None if isinstance(row, TransferRow) else row.lasts_s,
    )


def _accepted(tx: Transaction, code: str, person_id: str) -> Accepted | None:
    if code.startswith(transfers.PREFIX):
        row = transfers.accept(tx, code, person_id)
        if row is None:
            return None
        state = _state(row, person_id, tx)
        return Accepted(kind="transfer", product_id=row.product_id, role=Role.OWNER, transfer=state)
    found = invitations.accept(tx, code, person_id)
    if found is None:
        return None
    invitation, journey = found
    return Accepted(kind="invitation", product_id=invitation.product_id, role=Role(journey.role), journey_id=journey.id)
