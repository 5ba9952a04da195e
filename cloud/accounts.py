"""What the phone's account calls need of the record: `mobile_menu.account_ports.AccountPort`. Each call is one
transaction.
"""

import math
from collections.abc import Sequence
from datetime import timedelta

from cloud import joining
from cloud.db import Database, Transaction
from cloud.errors import FieldProblem, InvalidError
from cloud.identity import addresses, endings, phones
from cloud.identity.address_form import normalise
from cloud.mail import service as mail
from cloud.mail.letters import Letter
from cloud.record import service as record
from cloud.secrets import Keys
from cloud.shown import started_of
from mobile_menu.account_ports import (
    EmailAsked,
    EmailLinkRefusedError,
    EmailState,
    EmailVerified,
    Language,
    OthersEnded,
    PhoneSession,
    SessionUnknownError,
)
from mobile_menu.ports import Caller, SessionRefusedError, SessionStarted, TooManyAttemptsError

NOTICE_LASTS = timedelta(days=2)
"""How long it is tried to send a notice: a mail server that is away for the night must not swallow it."""
LINK_MINUTES = int(addresses.LINK_LASTS.total_seconds() // 60)


class Accounts:
    """The port."""

    def __init__(self, db: Database, keys: Keys, base_url: str, lifetimes: phones.Lifetimes = phones.USUAL) -> None:
        self._db = db
        self._keys = keys
        self._base_url = base_url
        self._lifetimes = lifetimes

    # --- sessions ---

    def refresh(self, refresh_token: str, key: str | None) -> SessionStarted:
        def do(tx: Transaction) -> SessionStarted | None:
            pair = phones.refresh(tx, self._keys, refresh_token, key, self._lifetimes)
            return None if pair is None else started_of(pair, tx.now)

        # That a stolen session ends must be committed: so the refusal is raised out here.
        started = self._db.run(do)
        if started is None:
            raise SessionRefusedError
        return started

    def sessions(self, caller: Caller) -> Sequence[PhoneSession]:
        with self._db.reading() as tx:
            return [
                PhoneSession(
                    id=one.id,
                    kind="visit" if one.kind == "visit" else "phone",
                    started_at=one.started_at,
                    refreshed_at=one.refreshed_at,
                    expires_at=one.expires_at,
                    current=one.id == caller.session_id,
                )
                for one in phones.listing(tx, caller.person_id)
            ]

    def end_session(self, caller: Caller, session_id: str) -> None:
        if not self._db.run(lambda tx: endings.end(tx, caller.person_id, session_id)):
            raise SessionUnknownError

    def end_others(self, caller: Caller) -> OthersEnded:
        def do(tx: Transaction) -> int:
            _check_session(tx, caller)
            return endings.end_others(tx, caller.person_id, caller.session_id)

        return OthersEnded(ended=self._db.run(do))

    # --- e-mail ---

    def email(self, caller: Caller) -> EmailState:
        with self._db.reading() as tx:
            known = addresses.of_person(tx, self._keys, caller.person_id)
        return EmailState(address=known.address if known else None, verified_at=known.verified_at if known else None)

    def ask_email(self, caller: Caller, address: str, language: Language) -> EmailAsked:
        plain = normalise(address)
        if plain is None:
            problem = FieldProblem("/address", "no_address", "an address such as ada@example.com")
            raise InvalidError(problems=(problem,))

        def do(tx: Transaction) -> EmailAsked:
            _check_session(tx, caller)
            wait_s = addresses.too_many(tx, caller.session_id)
            if wait_s > 0:
                raise TooManyAttemptsError(retry_after_s=math.ceil(wait_s))
            asked = addresses.ask(tx, self._keys, caller.person_id, caller.session_id, plain, language)
            lasts_s = math.ceil((asked.expires_at - tx.now).total_seconds())
            if asked.token is None:
                return EmailAsked(sent=False, expires_in_s=lasts_s)
            # After the number sign: browsers send what stands there to nobody, and nothing logs it.
            link = f"{self._base_url}/app/#email={asked.token}"
            letter = Letter(kind="verify", to=plain, language=language, link=link, minutes=LINK_MINUTES)
            mail.queue(tx, self._keys, caller.person_id, letter, asked.expires_at, asked.counted)
            return EmailAsked(sent=True, expires_in_s=lasts_s)

        return self._db.run(do)

    def verify_email(self, caller: Caller, token: str) -> EmailVerified:
        def do(tx: Transaction) -> joining.Verified | None:
            _check_session(tx, caller)
            before = addresses.of_person(tx, self._keys, caller.person_id)
            found = joining.verify(tx, self._keys, caller.person_id, caller.session_id, token)
            if found is not None and found.first:
                if found.joined:
                    self._tell(tx, found.person_id, "joined", addresses.of_person(tx, self._keys, found.person_id))
                if before is not None and before.address != found.address:
                    self._tell(tx, found.person_id, "removed", before)
            return found

        verified = self._db.run(do)
        if verified is None:
            raise EmailLinkRefusedError
        return EmailVerified(address=verified.address, joined=verified.joined)

    def _tell(self, tx: Transaction, person_id: str, kind: str, known: addresses.KnownAddress | None) -> None:
        """What one phone does with a person's address, whoever reads its mail learns of."""
        if known is not None:
            letter = Letter(kind=kind, to=known.address, language=known.language, link=f"{self._base_url}/app/")
            mail.queue(tx, self._keys, person_id, letter, tx.now + NOTICE_LASTS)

    def remove_email(self, caller: Caller) -> None:
        def do(tx: Transaction) -> None:
            _check_session(tx, caller)
            before = addresses.of_person(tx, self._keys, caller.person_id)
            addresses.remove(tx, caller.person_id)
            mail.take_back(tx, caller.person_id, links_alone=True)
            self._tell(tx, caller.person_id, "removed", before)

        self._db.run(do)


def _check_session(tx: Transaction, caller: Caller) -> None:
    """The caller may have left, or become one with another, since they were looked up.

    Raises SessionRefusedError. Holds the session until the end.
    """
    record.lock(tx, {f"session:{caller.session_id}"})
    if not phones.is_open(tx, caller.person_id, caller.session_id):
        raise SessionRefusedError
