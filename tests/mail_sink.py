"""A mail server that keeps what it is sent: as much of SMTP as a client of this project speaks, over real TLS."""

import asyncio
import base64
import contextlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Sink:
    """mails: what was taken. logins: (user, password). replies: to RCPT, from the first on, before 250 for all.

    starttls: whether it is offered. In clear text it takes nothing.
    """

    port: int = 0
    starttls: bool = True
    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    heard_in_clear: list[str] = field(default_factory=list)


def certificate(folder: Path, name: str = "127.0.0.1") -> tuple[Path, Path]:
    """(certificate, key) of a server of that address, its own authority: PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail of the tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    places = folder / "mail.pem", folder / "mail.key"
    places[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8
    places[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption()))
    return places


@contextmanager
def running_sink(sink: Sink, cert: tuple[Path, Path], *, tls_first: bool = False) -> Iterator[Sink]:
    """The sink on a free port, in a thread, as long as the block runs. tls_first: TLS from the first byte."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, cert))
    loop = asyncio.new_event_loop()
    started = threading.Event()
    stop = asyncio.Event()
    talks: set[asyncio.Task[None]] = set()

    def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(loop.create_task(_talk(sink, context, reader, writer, secure=tls_first)))

    async def serve() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context if tls_first else None)
        sink.port = server.sockets[0].getsockname()[1]
        started.set()
        async with server:
            await stop.wait()
        # A client may have left while its line is still being closed here: the loop ends with no line open.
        await asyncio.gather(*talks)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="mail-sink")
    thread.start()
    assert started.wait(30)
    try:
        yield sink
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        assert not thread.is_alive()
        loop.close()


async def _talk(
    sink: Sink, context: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, secure: bool
) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
        writer.write(b"220 sink\r\n")
        while line := (await reader.readline()).decode().strip():
            verb = line.split(":")[0].split(" ")[0].upper()
            if not secure:
                sink.heard_in_clear.append(line)
            if verb == "STARTTLS":
                writer.write(b"220 go on\r\n")
                await writer.drain()
                await writer.start_tls(context)
                secure = True
                continue
            writer.write(await _reply(sink, verb, line, reader, writer, secure=secure))
            await writer.drain()
            if verb == "QUIT":
                break
    writer.close()
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()


async def _reply(
    sink: Sink, verb: str, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, secure: bool
) -> bytes:
    match verb:
        case "EHLO":
            offered = b"250-AUTH PLAIN\r\n" if secure else b"250-STARTTLS\r\n" if sink.starttls else b""
            return b"250-sink\r\n" + offered + b"250 8BITMIME\r\n"
        case "AUTH":
            _, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")
            sink.logins.append((user, password))
            return b"235 welcome\r\n"
        case "RCPT" if sink.replies:
            return sink.replies.pop(0).encode() + b"\r\n"
        case "DATA":
            writer.write(b"354 say it\r\n")
            await writer.drain()
            raw = (await reader.readuntil(b"\r\n.\r\n"))[:-5]
            found = message_from_bytes(raw.replace(b"\r\n..", b"\r\n."), policy=policy.default)
            assert isinstance(found, EmailMessage)
            sink.mails.append(found)
            return b"250 taken\r\n"
        case "QUIT":
            return b"221 bye\r\n"
        case _:
            return b"250 fine\r\n"
