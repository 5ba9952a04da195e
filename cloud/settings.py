"""Settings: from the environment (`THROUGHLINE_...`) or the command line. Every one has a default that runs."""

import os
import re
from datetime import timedelta
from email.headerregistry import Address
from email.utils import parseaddr
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cloud.errors import SetupError
from cloud.registry.linktypes import Vocabularies, vocabularies

PREFIX = "THROUGHLINE_"
_PUSH_SERVICE = re.compile(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?")


def _network(text: str) -> str:
    """An address or a network. `*` is none: who believes everybody lets everybody choose an address."""
    ip_network(text)
    return text


def _known_vocabularies(lines: tuple[str, ...]) -> tuple[str, ...]:
    found = vocabularies(lines)
    if isinstance(found, str):
        raise ValueError(found)  # noqa: TRY004 - a wrong setting, and no wrong type
    return lines


def _push_services(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if _PUSH_SERVICE.fullmatch(name) is None:
            message = f"{name!r} is no host such as push.example.com, .push.example.com or push.example.com:8443"
            raise ValueError(message)
    return names


def _sender(text: str) -> str:
    """`Name <address>` or an address alone, as a mail's `From` has it."""
    name, address = parseaddr(text)
    local, at, host = address.rpartition("@")
    if not (local and at and host) or "@" in local or any(mark in text for mark in "\r\n"):
        message = "a sender is such as Throughline <noreply@example.com>"
        raise ValueError(message)
    Address(name, addr_spec=address)
    return text


def _font_file(path: str) -> str:
    """A TrueType file that is there; the other kinds of font cannot be set into a PDF."""
    if path:
        try:
            with Path(path).open("rb") as file:
                kind = file.read(4)
        except OSError as error:
            msg = f"{path} cannot be read: {error.strerror}"
            raise ValueError(msg) from error
        if kind not in {b"\x00\x01\x00\x00", b"true"}:
            msg = f"{path} is no TrueType font"
            raise ValueError(msg)
    return path


class Settings(BaseSettings):
    """All settings of a deployment. Secrets are never here: they are files under `data_dir`/keys."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    data_dir: Path = Field(Path("data"), description="Where the embedded database and the keys live.")
    database_url: str = Field("", repr=False, description="SQLAlchemy URL; empty: SQLite in data_dir.")
    database_password_file: str = Field(
        "", description="File with the password that belongs into database_url; only this user may read it."
    )
    host: str = Field("127.0.0.1", description="Address the HTTP service listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port of the HTTP service.")
    public_url: str = Field(
        "", description="How phones reach the HTTP service; it stands in every QR code. Empty: from host and port."
    )
    broker: Literal["embedded", "external"] = Field(
        "embedded", description="Run amqtt here, or use a broker that is there."
    )
    mqtt_host: str = Field(
        "127.0.0.1", description="Address of the MQTT broker's listener for the cloud's own services."
    )
    mqtt_port: int = Field(1883, ge=1, le=65535, description="Port of the same.")
    mqtt_tls: bool = Field(False, description="Speak TLS with an external broker; needed when it is elsewhere.")
    mqtt_ca_file: str = Field(
        "", description="PEM file of the authority that vouches for it. Empty: those that this machine trusts."
    )
    mqtt_tls_host: str = Field("127.0.0.1", description="Address that the devices' TLS listener listens on.")
    mqtt_tls_port: int = Field(8883, ge=1, le=65535, description="Port of the devices' TLS listener.")
    emqx_url: str = Field(
        "", description="EMQX's own API, for `broker guard`: https://host:port, or http:// on this machine."
    )
    plain_devices: bool = Field(
        False, description="Let devices of this machine come without TLS, with a password. For trying things out only."
    )
    broker_queue_messages: int = Field(
        100_000,
        ge=1_000,
        le=100_000_000,
        description="What an external broker keeps for one session before it drops: max_queued_messages of the files "
        "that `broker config` writes, and what the alarm is counted from.",
    )
    broker_queue_bytes: int = Field(
        256 * 1024 * 1024, ge=1024 * 1024, le=2**40, description="The same in bytes: max_queued_bytes."
    )
    mqtt_username: str = Field("tl-cloud", description="The user as which the cloud speaks to the broker.")
    ingest_batch: int = Field(
        4_000,
        ge=1,
        le=10_000,
        description="Messages stored in one transaction at most, of 2,000 devices at most; fewer where it takes long.",
    )
    ingest_wait_ms: int = Field(
        5,
        ge=0,
        le=1_000,
        description="How long a batch waits for company when it is not full; a message that comes alone does not wait.",
    )
    ingest_window: int = Field(
        4_000, ge=1, le=65_000, description="Messages taken from the broker and not yet stored, at most."
    )
    ingest_lanes: int = Field(
        2,
        ge=1,
        le=16,
        description="Threads of a worker that store batches, each of its own devices: one computes while the database "
        "works for another. With SQLite there is one.",
    )
    ingest_workers: int = Field(
        1,
        ge=1,
        le=64,
        description="Ingest workers that share what devices say, by a shared subscription of an external broker. "
        "More than these stand by. With 1 the subscription is a plain one.",
    )
    telemetry_days: int = Field(
        365, ge=0, le=36_500, description="How long telemetry is kept unless its model says otherwise; 0: for ever."
    )
    series_hour_days: int = Field(1_095, ge=0, le=36_500, description="How long hours of series are kept; 0: for ever.")
    series_day_days: int = Field(3_650, ge=0, le=36_500, description="How long days of series are kept; 0: for ever.")
    shown_days: int = Field(
        90, ge=1, le=3_650, description="How long it is kept what phones were shown, of each journey the newest 500."
    )
    series_share_percent: int = Field(
        10,
        ge=1,
        le=100,
        description="How much of a thread's time series may take while telemetry waits for them; when it has waited "
        "for more than a minute, more, and half at most.",
    )
    device_messages_per_minute: int = Field(
        60_000,
        ge=0,
        le=100_000_000,
        description="Messages that one device may say in a minute, by the count of each worker. More are refused, "
        "counted, and for the device to send again. 0: as many as it likes.",
    )
    device_bytes_per_minute: int = Field(
        64 * 1024 * 1024, ge=0, le=2**40, description="Bytes of their payloads, likewise. 0: as many as it likes."
    )
    worker_name: str = Field(
        "",
        pattern=r"^[a-z0-9-]{0,32}$",
        description="Names an ingest worker; its MQTT session persists under it. Empty: the first free one of work-1, "
        "work-2 and so on, up to ingest_workers.",
    )
    time_travel: bool = Field(False, description="Let the clock be put forward. For the demo and for tests only.")
    simulated_beacons: bool = Field(
        False,
        description="Let a phone say where it is, as if it heard beacons, proof of place included. For the demo only.",
    )
    key_max_age_days: int = Field(
        0, ge=0, le=3_650, description="How old an operator's key may get, whenever it was made; 0: as old as it likes."
    )
    allowed_targets: tuple[str, ...] = Field((), description="Hosts that campaign links may lead to, besides this one.")
    tracking_hosts: tuple[str, ...] = Field(
        ("track.easypost.com",),
        description="Hosts that a parcel's tracking link, as its carrier gives it, may lead to.",
    )
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        (), description="Addresses or networks of our own proxies, whose X-Forwarded-For is believed. Empty: nobody's."
    )
    address_calls_per_minute: int = Field(
        6_000, ge=60, le=100_000_000, description="HTTP calls that one address may make; as many at once."
    )
    session_calls_per_minute: int = Field(
        600, ge=60, le=100_000_000, description="HTTP calls that one phone session may make; as many at once."
    )
    address_connections: int = Field(
        256,
        ge=16,
        le=1_000_000,
        description="Open HTTP connections that one address may have; our proxies as many as they like.",
    )
    address_streams: int = Field(64, ge=8, le=1_000_000, description="Live streams that one address may have.")
    security_contact: str = Field(
        "",
        pattern=r"^$|^(mailto:[^\s@]+@[^\s@]+|https://[^\s]+|tel:[+0-9-]+)$",
        description="Where to report a vulnerability: a mailto:, https: or tel: address, for security.txt.",
    )
    security_policy_url: str = Field(
        "", pattern=r"^$|^https://[^\s]+$", description="Where your disclosure policy stands, for security.txt."
    )
    resolver_name: str = Field(
        "Throughline", min_length=1, max_length=100, description="What the GS1 resolver calls itself."
    )
    resolver_contact: str = Field(
        "", max_length=100, description="Who answers for the GS1 resolver: a name, for its description file."
    )
    link_vocabularies: Annotated[tuple[str, ...], AfterValidator(_known_vocabularies)] = Field(
        (), description="Vocabularies of link types besides GS1's, each `prefix=https://host/path/`."
    )
    certificate_days: int = Field(90, ge=1, le=825, description="How long a device's certificate is valid.")
    certificate_grace_hours: int = Field(
        0,
        ge=0,
        le=24 * 90,
        description="How long a device's certificate stays valid once it was renewed. 0: until its own end.",
    )
    enrolment_hours: int = Field(72, ge=1, le=24 * 365, description="How long a token to enrol a device with is valid.")
    mqtt_public_host: str = Field(
        "", description="Name or address at which devices reach the broker; its TLS certificate bears it."
    )
    session_access_minutes: int = Field(
        15, ge=1, le=1_440, description="How long a phone's access token counts; its refresh token fetches the next."
    )
    session_refresh_days: int = Field(
        90, ge=1, le=400, description="How long a phone stays signed in without being used."
    )
    smtp_host: str = Field(
        "", description="Mail server for mail to people. Empty: mail goes into files of data_dir/mail."
    )
    smtp_port: int = Field(587, ge=1, le=65535, description="Port of the mail server.")
    smtp_security: Literal["starttls", "tls"] = Field(
        "starttls", description="TLS after STARTTLS (mostly port 587), or from the first byte (mostly port 465)."
    )
    smtp_user: str = Field("", description="User at the mail server; empty: no login.")
    smtp_password_file: str = Field("", description="File with that user's password; only this user may read it.")
    smtp_ca_file: str = Field(
        "", description="PEM file of the authority that vouches for the mail server. Empty: those this machine trusts."
    )
    mail_sender: Annotated[str, AfterValidator(_sender)] = Field(
        "Throughline <noreply@throughline.invalid>", description="From whom mail comes: Name <address>."
    )
    push_services: Annotated[tuple[str, ...], AfterValidator(_push_services)] = Field(
        (
            "fcm.googleapis.com",
            "updates.push.services.mozilla.com",
            ".push.apple.com",
            ".notify.windows.com",
        ),
        description="Push services that browsers may name, and the only ones that are called: hosts, `.example.com` "
        "for all below it, with `:port` where it is not 443. Empty: no web push.",
    )
    push_ca_file: str = Field(
        "", description="PEM file of the authority that vouches for push services. Empty: those this machine trusts."
    )
    label_font: Annotated[str, AfterValidator(_font_file)] = Field(
        "", description="TrueType file for label titles in other than Latin letters. Empty: PNG and PDF leave them out."
    )
    metrics_host: str = Field(
        "127.0.0.1", description="Address at which a worker shows its figures to Prometheus, to anybody who asks there."
    )
    metrics_port: int = Field(
        9464,
        ge=0,
        le=65535,
        description="Port of the same; of several workers on a machine each takes the next that is free. 0: nowhere.",
    )
    traces_url: str = Field(
        "",
        pattern=r"^$|^https?://[^\s@]+$",
        description="Collector of OpenTelemetry's traces, by OTLP over HTTP, such as http://127.0.0.1:4318. "
        "Empty: none, unless OTEL_EXPORTER_OTLP_ENDPOINT names one.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    log_format: Literal["text", "json"] = Field(
        "text", description="Lines for people, or JSON with the same fields in each line, for a collector of logs."
    )

    @property
    def url(self) -> str:
        """Where the service is reached, without a slash at the end."""
        return (self.public_url or f"http://{bracketed(self.host)}:{self.port}").rstrip("/")

    @property
    def https(self) -> bool:
        """Whether that is by HTTPS, here or at a proxy before us."""
        return self.url.lower().startswith("https:")

    @cached_property
    def vocabularies(self) -> Vocabularies:
        """The link types that the resolver knows."""
        found = vocabularies(self.link_vocabularies)
        assert isinstance(found, Vocabularies)  # noqa: S101 - checked when the settings were read
        return found

    @property
    def database(self) -> str:
        """The SQLAlchemy URL."""
        return self.database_url or f"sqlite:///{self.database_file}"

    @property
    def database_file(self) -> Path:
        """SQLite's file, which is used unless a database_url is given."""
        return self.data_dir / "throughline.db"

    @property
    def key_max_age(self) -> timedelta | None:
        """How old an operator's key may get; None: no limit."""
        return timedelta(days=self.key_max_age_days) if self.key_max_age_days else None

    @property
    def mail_dir(self) -> Path:
        """Where mail lies while no mail server is set."""
        return self.data_dir / "mail"

    @property
    def keys_dir(self) -> Path:
        return self.data_dir / "keys"


def bracketed(host: str) -> str:
    """A host as it stands before a port: RFC 3986 puts IPv6 addresses into brackets."""
    return f"[{host}]" if ":" in host else host


def load_settings(**given: object) -> Settings:
    """Settings from the environment and from what is given. Raises SetupError for a wrong value or an unknown name."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    if unknown:
        msg = f"no such setting: {', '.join(unknown)}"
        raise SetupError(msg, names=unknown)
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]  # checked by pydantic
    except ValidationError as error:
        first = error.errors()[0]
        msg = f"setting {'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        raise SetupError(msg) from error


def as_environment(settings: Settings) -> dict[str, str]:
    """The settings as environment names, for a child process."""
    values = {name: getattr(settings, name) for name in Settings.model_fields}
    return {PREFIX + name.upper(): _text(value) for name, value in values.items()}


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ",".join(f'"{part}"' for part in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
