"""The ways out for mail: a mail server, over TLS that is checked; or, while none is set, a folder."""

import os
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

TIMEOUT_S = 20.0
SUFFIX = ".eml"


class RefusedForGoodError(Exception):
    """The mail server will not take this mail, however often it is asked. Says nothing of whose it is."""


class Outlet(Protocol):
    """Where a mail goes."""

    def send(self, mail_id: str, message: EmailMessage) -> None:
        """Hands it over. Raises RefusedForGoodError; OSError and smtplib.SMTPException for what may pass."""


class ServerSettings(NamedTuple):
    """A mail server. security: `starttls` (RFC 3207) or `tls` from the first byte (RFC 8314). ca_file: whom to believe
    about its certificate, empty for whom the system believes. user: empty to send without a login.
    """

    host: str
    port: int
    security: Literal["starttls", "tls"]
    user: str = ""
    password: str = ""
    ca_file: str = ""


class MailServer:
    """SMTP. There is no way to send without TLS, and none to skip the check of the certificate."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._tls = ssl.create_default_context(cafile=settings.ca_file or None)
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2

    def send(self, mail_id: str, message: EmailMessage) -> None:  # noqa: ARG002 - the outlet's signature
        known = self._settings
        with self._connected() as server:
            if known.user:
                server.login(known.user, known.password)
            try:
                server.send_message(message)
            except smtplib.SMTPRecipientsRefused as error:
                codes = [code for code, _ in error.recipients.values()]
                if all(code >= 500 for code in codes):
                    raise RefusedForGoodError from None  # what it was raised from names the address
                raise smtplib.SMTPException from None
            except smtplib.SMTPDataError as error:
                if error.smtp_code >= 500:
                    raise RefusedForGoodError from None
                raise

    def _connected(self) -> smtplib.SMTP:
        known = self._settings
        if known.security == "tls":
            return smtplib.SMTP_SSL(known.host, known.port, timeout=TIMEOUT_S, context=self._tls)
        server = smtplib.SMTP(known.host, known.port, timeout=TIMEOUT_S)
        try:
            server.starttls(context=self._tls)
        except BaseException:
            server.close()
            raise
        return server


class MailFolder:
    """Files `{id}.eml`, for this user only. They are of no use when their links have expired, and go then."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, mail_id: str, message: EmailMessage) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self._folder / f".{mail_id}{SUFFIX}"
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(bytes(message))
        beside.replace(self._folder / f"{mail_id}{SUFFIX}")

    def keep_only(self, mail_ids: set[str]) -> None:
        """Deletes every mail but these: the others have expired, or their persons have left."""
        for path in self._files():
            if path.stem.removeprefix(".") not in mail_ids:
                path.unlink(missing_ok=True)

    def holds_any(self) -> bool:
        return bool(self._files())

    def _files(self) -> list[Path]:
        try:
            return [path for path in self._folder.iterdir() if path.suffix == SUFFIX]
        except FileNotFoundError:
            return []
