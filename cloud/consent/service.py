"""Export and opt-out. One call, one transaction: afterwards no row holds the person, and the product works on."""

from typing import Any

import msgspec
import sqlalchemy as sa

from broker.contract.ids import new_id
from broker.contract.messages import Json
from broker.contract.stages import Role
from cloud.audit import service as audit
from cloud.audit.subjects import Subject
from cloud.campaigns.tables import ReferralRow
from cloud.care import service as care
from cloud.care.tables import CaseMessageRow, CaseRow
from cloud.commerce.tables import CouponRow, OrderRow, ParcelRow
from cloud.consent.tables import ReceiptRow, ReceiptTokenRow
from cloud.control import service as control
from cloud.control.tables import CommandAskRow, CommandRow
from cloud.db import Transaction, table_of
from cloud.errors import NotFoundError
from cloud.identity import addresses, phones
from cloud.identity import service as identity
from cloud.identity.tables import EmailProofRow, EmailRow, PersonRow, SessionRow
from cloud.lifecycle import service as lifecycle
from cloud.lifecycle import watch
from cloud.lifecycle.parting import Step, own_moves, tells_of_the_machine
from cloud.lifecycle.tables import JourneyAliasRow, JourneyRow, MoveRow
from cloud.mail import service as mail
from cloud.mail.tables import MailRow
from cloud.ownership import leaving as ownership
from cloud.ownership import proofs
from cloud.ownership.rules import Act, Standing, may
from cloud.ownership.sight import seen
from cloud.ownership.tables import ProvenActRow
from cloud.push import service as push
from cloud.push.tables import PushMessageRow, PushSubscriptionRow
from cloud.record import service as record
from cloud.record.events import Event, EventType
from cloud.record.tables import IdempotencyRow, JournalRow, OutboxRow, TimerRow
from cloud.registry import service as registry
from cloud.secrets import Keys
from cloud.served import service as served
from cloud.served.tables import ServedMenuRow
from mobile_menu.rules.situation import Device

_NO_DEVICE = msgspec.to_builtins(Device())
RECEIPT_FORM = "throughline-erasure-receipt/1"


def person_scope(person_id: str) -> str:
    """The scope of a person's Idempotency-Keys; it goes with them."""
    return f"person:{person_id}"


def export(tx: Transaction, keys: Keys, person_id: str) -> dict[str, Json]:
    """Everything held of this person, provided and observed, in a form that machines read (GDPR article 20)."""
    journeys = lifecycle.of_person(tx, person_id)
    looked = {one.id: seen(tx, one).journey for one in journeys}
    # In the order in which they may know that these changed: what a unit of others did moves none up.
    journeys.sort(key=lambda one: (looked[one.id].changed_at, one.id), reverse=True)
    of_others = {one.id for one in looked.values() if one.product_id is None}
    of_others |= set(lifecycle.earlier_ids(tx, of_others))
    return {
        "form": "throughline-export/1",
        "exported_at": tx.now,
        "email": _email_out(tx, keys, person_id),
        "mail": [_mail_out(tx, keys, row) for row in _rows(tx, MailRow, person_id)],
        "journeys": [_journey_out(tx, one, looked[one.id]) for one in journeys],
        "cases": [_case_out(tx, keys, one, row) for one in journeys for row in care.of_journey(tx, one.id)],
        "orders": [_order_out(tx, keys, person_id, row) for row in _rows(tx, OrderRow, person_id)],
        "coupons": [row.model_dump(exclude={"person_id"}) for row in _rows(tx, CouponRow, person_id)],
        "referrals": [row.model_dump(exclude={"person_id"}) for row in _rows(tx, ReferralRow, person_id)],
        "commands": [row.model_dump(exclude={"person_id"}) for row in _rows(tx, CommandRow, person_id)],
        "commands_chosen": [row.model_dump(exclude={"person_id"}) for row in _rows(tx, CommandAskRow, person_id)],
        "proofs_of_place": [row.model_dump(exclude={"person_id"}) for row in _rows(tx, ProvenActRow, person_id)],
        "push": push.export(tx, keys, person_id),
        "sessions": [
            row.model_dump(include={"kind", "created_at", "refreshed_at", "expires_at"})
            for row in _rows(tx, SessionRow, person_id)
        ],
        **ownership.export(tx, person_id),
        "menus": [_menu_out(*one, of_others) for one in served.of_person(tx, keys, person_id)],
        "touchpoints": [
            _event_out(tx, keys, person_id, row, of_others=row.journey_id in of_others)
            for row in _rows(tx, JournalRow, person_id)
            if not (row.journey_id in of_others and tells_of_the_machine(row.type, row.data))
        ],
    }


def _menu_out(journey_id: str, one: served.Served, of_others: set[str]) -> dict[str, Json]:
    """A menu that they were shown, and of what it was made. How somebody else's unit was, which is not theirs to see
    any more, is not taken along.
    """
    situation = msgspec.json.decode(one.shown.situation)
    of_another = situation["onlooker"] == "beside" or (journey_id in of_others and situation["device"] != _NO_DEVICE)
    return {
        "at": one.at,
        "journey_id": journey_id,
        "language": one.language,
        "menu": None if of_another else msgspec.json.decode(one.shown.menu),
        "situation": None if of_another else situation,
    }


def _email_out(tx: Transaction, keys: Keys, person_id: str) -> dict[str, Json]:
    """The address that was verified, and those that links went to and that have not been."""
    known = addresses.of_person(tx, keys, person_id)
    return {
        "address": known.address if known else None,
        "verified_at": known.verified_at if known else None,
        "asked_for": addresses.asked_for(tx, keys, person_id),
    }


def _mail_out(tx: Transaction, keys: Keys, row: MailRow) -> dict[str, Json]:
    """A mail that waits, or lies in the mail folder; without its link, which proves that it was received."""
    letter = identity.unseal(tx, keys, row.person_id, row.letter, row.id)
    return {
        "to": letter["to"],
        "kind": letter["kind"],
        "language": letter["language"],
        "attempts": row.attempts,
        "sent_at": row.sent_at,
        "expires_at": row.expires_at,
    }


def _rows(tx: Transaction, form: Any, person_id: str) -> list[Any]:
    query = sa.select(form).where(table_of(form).c.person_id == person_id)
    return list(tx.session.execute(query).scalars())


def _journey_out(tx: Transaction, one: lifecycle.Journey, looked: lifecycle.Journey) -> dict[str, Json]:
    """looked: the journey as its person may see it."""
    moves = [Step(row.from_stage, row.to_stage, row.reason, row.happened_at) for row in lifecycle.moves_of(tx, one.id)]
    row = tx.session.get_one(JourneyRow, one.id)
    return {
        "id": one.id,
        "zone": row.zone,
        "proven_until": row.proven_until,
        "proven_window": row.proven_window,
        "stalls": [list(stall) for stall in looked.stalls],
        "gtin": one.gtin,
        "product_id": one.product_id,
        "role": one.role,
        "stage": looked.stage,
        "opened_at": one.opened_at,
        "facts": msgspec.to_builtins(looked.facts, builtin_types=()),
        "moves": [
            {"from": move.from_stage, "to": move.to_stage, "reason": move.reason, "happened_at": move.happened_at}
            for move in (moves if looked.product_id else own_moves(moves))
        ],
    }


def _case_out(tx: Transaction, keys: Keys, journey: lifecycle.Journey, row: CaseRow) -> dict[str, Json]:
    return {
        "id": row.id,
        "journey_id": row.journey_id,
        "status": row.status,
        "opened_at": row.opened_at,
        "messages": care.messages(tx, keys, row),
        "attached": _attached(journey, care.snapshot(tx, keys, row)),
    }


def _attached(journey: lifecycle.Journey, snapshot: Json) -> Json:
    """What the expert was shown; without the machine's record for whom the machine is none of theirs."""
    standing = Standing.ONLOOKER if journey.role == Role.VISITOR else Standing(journey.role)
    if may(standing, Act.SEE_ATTACHED):
        return snapshot
    return {name: value for name, value in snapshot.items() if name not in {"twin", "timeline"}}


def _order_out(tx: Transaction, keys: Keys, person_id: str, row: OrderRow) -> dict[str, Json]:
    customer = None if row.customer is None else identity.unseal(tx, keys, person_id, row.customer, row.id)
    parcels = sa.select(ParcelRow).where(table_of(ParcelRow).c.order_id == row.id)
    return {
        **row.model_dump(exclude={"person_id", "customer"}),
        "customer": customer,
        "parcels": [parcel.model_dump() for parcel in tx.session.execute(parcels).scalars()],
    }


def _event_out(tx: Transaction, keys: Keys, person_id: str, row: JournalRow, *, of_others: bool) -> dict[str, Json]:
    """of_others: it is about a unit that is not theirs to see: in which of its lives that is, is not told."""
    private = None if row.sealed is None else identity.unseal(tx, keys, person_id, row.sealed, row.event_id)
    data = {name: value for name, value in row.data.items() if not (of_others and name == "epoch")}
    return {"at": row.at, "type": row.type, "channel": row.channel, "data": data, "private": private}


def receipt_of(tx: Transaction, keys: Keys, token: str) -> dict[str, Json] | None:
    """The receipt of an opt-out that this token belonged to; None when there was none."""
    mac = phones.mac_of(keys, token)
    row = None if mac is None else tx.session.get(ReceiptTokenRow, mac)
    found = None if row is None else tx.session.get(ReceiptRow, row.receipt_id)
    return None if found is None else found.document


def opt_out(tx: Transaction, keys: Keys, token: str) -> dict[str, Json]:
    """Erases the person behind a phone's token that counts, and answers with the signed receipt; any token of the
    session that there ever was gets it again.

    Raises NotFoundError for a token that does not count, when its person has not left.
    """
    person_id = _leaving(tx, token)
    if person_id is None:
        known = receipt_of(tx, keys, token)
        if known is None:
            raise NotFoundError
        return known
    receipt_id = new_id(tx.now)
    sessions = [row for row in _rows(tx, SessionRow, person_id) if row.kind == "phone"]
    tokens = [phones.family_mac(keys, row) for row in sessions]
    tx.changes.sessions.update(row.id for row in sessions)
    wiped = erase(tx, keys, person_id)
    document = keys.signer.sign(
        {"form": RECEIPT_FORM, "id": receipt_id, "erased_at": tx.now.isoformat(), "wiped": wiped, "kept": KEPT}
    )
    tx.session.add(ReceiptRow(id=receipt_id, document=document, created_at=tx.now))
    tx.session.flush()
    for mac in tokens:
        tx.session.add(ReceiptTokenRow(token_mac=mac, receipt_id=receipt_id))
    tx.session.flush()
    # That somebody left, and which receipt says so; whose key or phone it was, nobody can tell from it.
    audit.note(tx, keys, audit.Act(actor=audit.SYSTEM, action="person.erased", subject=Subject("receipt", receipt_id)))
    return document


def _leaving(tx: Transaction, token: str) -> str | None:
    """Who leaves by this token, held until the end; None when it is not enough to leave with."""
    held: str | None = None
    while True:
        session = phones.who_leaves(tx, token)
        if session is None or session.person_id == held:
            return None if session is None else held
        # While we wait, the person may leave by another phone, or become one with another: so look again.
        held = session.person_id
        record.lock(tx, {held})


KEPT = "the product's registration and its technical history, which name nobody"


def erase(tx: Transaction, keys: Keys, person_id: str) -> dict[str, int]:
    """Cuts and wipes everything of a person; rows per store. The journal keeps what happened, to nobody."""
    journeys = lifecycle.of_person(tx, person_id)
    units = {one.product_id for one in journeys if one.product_id}
    record.lock(tx, {person_id} | {one.id for one in journeys} | units)
    ids = [one.id for one in journeys]
    before = lifecycle.earlier_ids(tx, ids)
    cases = [row.id for journey_id in ids for row in care.of_journey(tx, journey_id)]
    owned = registry.drop_ownership(tx, person_id)
    wiped = {"ownership": len(owned)} | ownership.leave(tx, person_id, owned)
    wiped |= _wipe_care(tx, cases)
    wiped |= _wipe_commerce(tx, keys, person_id)
    own: tuple[Any, ...] = (
        PushMessageRow,
        PushSubscriptionRow,
        EmailProofRow,
        EmailRow,
        CouponRow,
        ReferralRow,
        SessionRow,
        OutboxRow,
    )
    wiped["proven_act"] = proofs.unname(tx, person_id)
    control.hand_on(tx, person_id)  # what others asked for too still leaves, and is theirs
    for form in (*own, CommandAskRow, CommandRow):
        wiped[str(form.__tablename__)] = _delete(tx, form, person_id)
    wiped["served_menu"] = _delete(tx, ServedMenuRow, person_id)
    wiped["mail"] = mail.take_back(tx, person_id)
    commands = table_of(CommandRow)
    _run(tx, sa.update(commands).where(commands.c.journey_id.in_(ids)).values(journey_id=None))
    wiped["move"] = _run(tx, sa.delete(table_of(MoveRow)).where(table_of(MoveRow).c.journey_id.in_(ids)))
    wiped["timer"] = _run(tx, sa.delete(table_of(TimerRow)).where(table_of(TimerRow).c.subject.in_(ids)))
    scope = table_of(IdempotencyRow).c.scope
    answers = sa.or_(scope == person_scope(person_id), scope.startswith(record.scope_about(person_id)))
    wiped["idempotency"] = _run(tx, sa.delete(table_of(IdempotencyRow)).where(answers))
    _run(tx, sa.delete(table_of(JourneyAliasRow)).where(table_of(JourneyAliasRow).c.journey_id.in_(ids)))
    wiped["journey"] = _delete(tx, JourneyRow, person_id)
    wiped["journal_links"] = _cut_journal(tx, person_id, ids + before)
    wiped["person_key"] = _run(tx, sa.delete(table_of(PersonRow)).where(table_of(PersonRow).c.id == person_id))
    tx.session.expire_all()
    _tell(tx, journeys, frozenset(owned))
    return wiped


def _wipe_care(tx: Transaction, cases: list[str]) -> dict[str, int]:
    messages, rows = table_of(CaseMessageRow), table_of(CaseRow)
    return {
        "case_message": _run(tx, sa.delete(messages).where(messages.c.case_id.in_(cases))),
        "support_case": _run(tx, sa.delete(rows).where(rows.c.id.in_(cases))),
    }


def _wipe_commerce(tx: Transaction, keys: Keys, person_id: str) -> dict[str, int]:
    """Orders and parcels go, and leave a keyed hash of their numbers: shops and carriers will send more about them."""
    orders, parcels = table_of(OrderRow), table_of(ParcelRow)
    own = list(tx.session.execute(sa.select(orders.c.id).where(orders.c.person_id == person_id)).scalars())
    sent = list(tx.session.execute(sa.select(parcels.c.tracking_code).where(parcels.c.order_id.in_(own))).scalars())
    references = [f"order:{number}" for number in own] + [f"parcel:{code}" for code in sent]
    record.lock(tx, set(references))  # a webhook that is on its way ends before, or sees that it is not wanted
    identity.suppress(tx, keys, references)
    return {
        "parcel": _run(tx, sa.delete(parcels).where(parcels.c.tracking_code.in_(sent))),
        "shop_order": _run(tx, sa.delete(orders).where(orders.c.id.in_(own))),
    }


def _cut_journal(tx: Transaction, person_id: str, journeys: list[str]) -> int:
    """Takes the person out of the journal, and puts in that somebody left: a replay then ends where we are now."""
    journal = record.journal
    own = sa.or_(journal.c.person_id == person_id, journal.c.journey_id.in_(journeys))
    # Touchpoints of the person tell of nobody else and are emptied; the device's own words, which name no journey, stay
    # the product's history. Ids go too: they are made of journeys, parcels and units.
    cut: dict[str, Any] = {"person_id": None, "journey_id": None, "product_id": None, "sealed": None, "data": {}}
    anonymous = sa.literal("emptied:") + sa.cast(journal.c.seq, sa.String)
    count = _run(tx, sa.update(journal).where(own).values(event_id=anonymous, **cut))
    left = Event(id=f"erased:{new_id(tx.now)}", type=EventType.PERSON_ERASED, at=tx.now, source="cloud")
    record.append(tx, [left])
    return count


def _tell(tx: Transaction, journeys: list[lifecycle.Journey], owned: frozenset[str]) -> None:
    """Phones that are open close; what the broker retains of the journey goes. owned: the units that were theirs."""
    for one in journeys:
        tx.changes.erased.add(one.id)
        if one.product_id is not None:
            tx.changes.products.add(one.product_id)
            if one.product_id in owned:  # nobody else's leaving takes the owner's stage off the display
                watch.forget_stage(tx, one.product_id)


def _delete(tx: Transaction, form: Any, person_id: str) -> int:
    return _run(tx, sa.delete(table_of(form)).where(table_of(form).c.person_id == person_id))


def _run(tx: Transaction, statement: Any) -> int:
    return int(tx.session.execute(statement).rowcount)  # type: ignore[attr-defined]  # a cursor result has it
