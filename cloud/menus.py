"""What the phone service needs of the record: `mobile_menu.ports.MenuPort`. Each call is one transaction."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock

import sqlalchemy as sa

from broker.contract.messages import Json
from cloud import situations, zones
from cloud.callers import once, own_case, own_journey
from cloud.care import service as care
from cloud.choices import carry_out
from cloud.consent import service as consent
from cloud.content import service as contents
from cloud.db import Database, Transaction
from cloud.errors import NotFoundError
from cloud.identity import phones
from cloud.identity import service as identity
from cloud.lifecycle import service as lifecycle
from cloud.ownership.claims import claim_unit
from cloud.ownership.sight import seen
from cloud.record import service as record
from cloud.secrets import Keys
from cloud.shown import started_of, summary_of, thread_of
from cloud.twin import service as twin
from mobile_menu.ports import (
    Caller,
    CaseThread,
    Chosen,
    ChosenItem,
    Claimed,
    JourneySummary,
    SessionOpened,
    SessionRefusedError,
    SessionStarted,
    Surroundings,
    Visit,
    ZoneState,
)
from mobile_menu.rules.situation import Situation

UNITS_REMEMBERED = 200_000


class Menus:
    """The port. versions: hears, whenever a menu is held against the record, how many contents were ever published.

    proofs: hears what becomes of each new proof of place.
    """

    def __init__(
        self,
        db: Database,
        keys: Keys,
        base_url: str,
        lifetimes: phones.Lifetimes = phones.USUAL,
        versions: Callable[[int], None] = lambda _count: None,
        proofs: Callable[[zones.Proof], None] = lambda _proof: None,
    ) -> None:
        self._db = db
        self._keys = keys
        self._base_url = base_url
        self._lifetimes = lifetimes
        self._versions = versions
        self._proofs = proofs
        self._seen: OrderedDict[str, set[str]] = OrderedDict()
        self._seeing = Lock()

    def seen_with(self, product_id: str) -> set[str]:
        """The journeys with this unit that were shown in this process: whom its news concerns here."""
        with self._seeing:
            return set(self._seen.get(product_id, ()))

    def _note_seen(self, situation: Situation) -> bool:
        """Whether it is news that this journey was shown with this unit."""
        if not situation.product_id:
            return False
        with self._seeing:
            shown = self._seen.setdefault(situation.product_id, set())
            new = situation.journey_id not in shown
            shown.add(situation.journey_id)
            self._seen.move_to_end(situation.product_id)
            if len(self._seen) > UNITS_REMEMBERED:
                self._seen.popitem(last=False)
        return new

    # --- sessions ---

    def start_session(self, visit_token: str | None, key: str | None) -> SessionOpened:
        def start(tx: Transaction) -> SessionOpened:
            visit = None if visit_token is None else phones.held_visit_of(tx, visit_token)
            person_id = identity.new_person(tx, self._keys) if visit is None else visit.person_id
            fresh = None if visit is not None else phones.open_visit(tx, person_id)
            visit_id = visit.id if visit is not None else fresh.id if fresh is not None else ""

            def do() -> SessionStarted:
                return started_of(phones.open_phone(tx, self._keys, person_id, visit_id, self._lifetimes), tx.now)

            # Without a visit there is nobody yet whose repetition it could be.
            scope = consent.person_scope(person_id)
            known = key if visit else None
            started = record.once(tx, self._keys.vault, scope, known, "session", SessionStarted, do)
            return SessionOpened(
                started=started, visit=Visit(token=fresh.token, lasts=phones.VISIT_LASTS) if fresh else None
            )

        return self._db.run(start)

    def caller(self, token: str, language: str) -> Caller:
        with self._db.looking() as tx:
            session = phones.session_of(tx, token)
        if session is None:
            raise SessionRefusedError
        return Caller(session.person_id, session.id, language, session.until)

    # --- reading ---

    def journeys(self, caller: Caller) -> Sequence[JourneySummary]:
        with self._db.reading() as tx:
            return [summary_of(tx, one) for one in situations.listed(tx, caller.person_id)]

    def situation(self, caller: Caller, journey_id: str) -> Situation:
        while True:
            with self._db.looking() as tx:
                journey = own_journey(tx, caller, journey_id)
                found = situations.situation_in(tx, journey, caller.language, self._base_url)
            # What was announced before the unit was noted found nobody to tell: so what was read before is old.
            if not self._note_seen(found):
                return found

    def version(self, journey_id: str) -> int:
        journeys, twins = lifecycle.journey_table, twin.twin_table
        own = journeys.c.version + sa.func.coalesce(twins.c.version, 0)
        query = (
            sa.select(own.label("own"), contents.known_versions().label("contents"))
            .select_from(journeys.outerjoin(twins, twins.c.product_id == journeys.c.product_id))
            .where(journeys.c.id == journey_id)
        )
        with self._db.looking() as tx:
            found = tx.session.execute(query).one_or_none()
        if found is None:
            return 0
        self._versions(found.contents)
        # A journey that exists is at least 1, so that 0 can say that there is none.
        return int(found.own) + int(found.contents) + 1

    # --- proximity ---

    def surroundings(self, caller: Caller, journey_id: str) -> Surroundings:
        with self._db.reading() as tx:
            return zones.around(tx, own_journey(tx, caller, journey_id))

    def enter_zone(self, caller: Caller, journey_id: str, zone: ZoneState, ephemeral_ids: Sequence[str]) -> None:
        def enter(tx: Transaction) -> zones.Proof | None:
            return zones.enter(tx, self._keys, own_journey(tx, caller, journey_id), zone, ephemeral_ids)

        proof = self._db.run(enter)
        if proof is not None:
            self._proofs(proof)

    # --- acting ---

    def choose(self, caller: Caller, journey_id: str, item: ChosenItem, key: str | None) -> Chosen:
        def do(tx: Transaction) -> Chosen:
            journey = own_journey(tx, caller, journey_id)
            print_ = record.fingerprint("choose", journey_id, item.id, *filter(None, [item.choice]))
            return once(tx, self._keys, caller, key, print_, Chosen, lambda: carry_out(tx, self._keys, journey, item))

        return self._db.run(do)

    def answered(self, caller: Caller, journey_id: str, item_id: str, key: str, choice: str = "") -> Chosen | None:
        def nothing() -> Chosen:
            raise NotFoundError

        with self._db.reading() as tx:
            print_ = record.fingerprint("choose", journey_id, item_id, *filter(None, [choice]))
            try:
                return once(tx, self._keys, caller, key, print_, Chosen, nothing)
            except NotFoundError:
                return None

    def open_case(self, caller: Caller, journey_id: str, text: str, menu: bytes, key: str | None) -> CaseThread:
        def do(tx: Transaction) -> CaseThread:
            shown = seen(tx, own_journey(tx, caller, journey_id)).journey
            print_ = record.fingerprint("case", journey_id, text)

            def opened() -> CaseThread:
                return thread_of(tx, self._keys, care.escalate(tx, self._keys, shown, text, menu))

            return once(tx, self._keys, caller, key, print_, CaseThread, opened)

        return self._db.run(do)

    def add_message(self, caller: Caller, case_id: str, text: str, key: str | None) -> CaseThread:
        def do(tx: Transaction) -> CaseThread:
            own_case(tx, caller, case_id)
            print_ = record.fingerprint("message", case_id, text)

            def added() -> CaseThread:
                return thread_of(tx, self._keys, care.reply(tx, self._keys, case_id, "customer", text))

            return once(tx, self._keys, caller, key, print_, CaseThread, added)

        return self._db.run(do)

    def cases(self, caller: Caller, journey_id: str, *, seen: bool = True) -> Sequence[CaseThread]:
        def do(tx: Transaction) -> Sequence[CaseThread]:
            own_journey(tx, caller, journey_id)
            rows = care.of_journey(tx, journey_id)
            if seen and care.mark_read(tx, [row.id for row in rows]):
                lifecycle.touch(tx, journey_id)
            return [thread_of(tx, self._keys, row) for row in rows]

        if seen:
            return self._db.run(do)
        with self._db.reading() as tx:
            return do(tx)

    def claim(
        self,
        caller: Caller,
        gtin: str,
        serial: str,
        code: str | None,
        ephemeral_id: str | None,
        key: str | None,
        source: str = "",
    ) -> Claimed:
        print_ = record.fingerprint("claim", gtin, serial, code or "", ephemeral_id or "")

        def do(tx: Transaction) -> Claimed | Exception:
            return claim_unit(tx, self._keys, caller.person_id, gtin, serial, code, ephemeral_id, source)

        def whole(tx: Transaction) -> Claimed | Exception:
            if key is None:
                return do(tx)
            refusal: list[Exception] = []

            def attempt() -> Claimed:
                found = do(tx)
                if isinstance(found, Exception):
                    refusal.append(found)
                    raise _RefusedError
                return found

            try:
                return once(tx, self._keys, caller, key, print_, Claimed, attempt)
            except _RefusedError:
                return refusal[0]

        # A refusal is counted, and the count must be committed: so it comes back as a value and is raised out here.
        outcome = self._db.run(whole)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    # --- leaving ---

    def export(self, caller: Caller) -> dict[str, Json]:
        with self._db.reading() as tx:
            return consent.export(tx, self._keys, caller.person_id)

    def opt_out(self, token: str) -> dict[str, Json]:
        try:
            receipt = self._db.run(lambda tx: consent.opt_out(tx, self._keys, token))
        except NotFoundError as error:
            raise SessionRefusedError from error
        self._db.forget_freed_pages()
        return receipt


class _RefusedError(Exception):
    """Carries a refusal past the store of answers: a refusal is not kept as one."""
