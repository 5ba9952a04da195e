"""What Mosquitto's configuration would cost: read as Mosquitto 2.0 reads it, and judged. Pure."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Final, NamedTuple

from broker.contract.messages import MAX_PAYLOAD_BYTES
from cloud.doctor import checks
from cloud.doctor.checks import Finding, bad, ok, warn

QUEUE_DEFAULT, QUEUE_WANTED = 1_000, 10_000
INFLIGHT_DEFAULT, INFLIGHT_WANTED = 20, 500
AUTOSAVE_DEFAULT_S, AUTOSAVE_WANTED_S = 1_800, 60
FIGURES_DEFAULT_S, FIGURES_WANTED_S = 10, 60
_PER_LISTENER: Final = frozenset({"allow_anonymous", "password_file", "acl_file", "plugin", "auth_plugin"})


class Listener(NamedTuple):
    """where: as it is written. host: empty for every address."""

    where: str
    host: str
    options: dict[str, str]


class Configuration(NamedTuple):
    """options: of the whole, the last of each name. more: other files that it names, by `include_dir`."""

    options: dict[str, str]
    listeners: tuple[Listener, ...]
    more: tuple[str, ...]


def read(text: str) -> Configuration:
    """The configuration that a file holds."""
    options: dict[str, str] = {}
    listeners: list[Listener] = []
    more: list[str] = []
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        value = value.strip()
        if not name or name.startswith("#"):
            continue
        if name == "include_dir":
            more.append(value)
        elif name == "listener":
            _, _, host = value.partition(" ")
            listeners.append(Listener(value, host.strip(), {}))
        elif listeners:
            listeners[-1].options[name] = value
        else:
            options[name] = value
    # What is no listener's own counts for all, wherever it stands.
    for listener in listeners:
        options |= {name: value for name, value in listener.options.items() if name in _WHOLE}
    return Configuration(options, tuple(listeners), tuple(more))


_WHOLE: Final = frozenset(
    {
        "persistence",
        "autosave_interval",
        "autosave_on_changes",
        "max_queued_messages",
        "max_queued_bytes",
        "max_inflight_messages",
        "persistent_client_expiration",
        "sys_interval",
        "message_size_limit",
        "max_packet_size",
        "per_listener_settings",
    }
)


def judge(found: Configuration) -> list[Finding]:
    """What would lose data, or let strangers in."""
    options = found.options
    seen = [
        _persistence(options),
        _autosave(options),
        _queue(options),
        _inflight(options),
        _figures(options),
        _expiry(options),
        _size(options),
        _qos(found.listeners),
        _doors(found),
    ]
    if found.more:
        seen.append(warn(checks.MOSQUITTO_FILE, f"not read: include_dir {', '.join(found.more)}"))
    return seen


def _number(options: dict[str, str], name: str, default: int) -> int:
    try:
        return int(options.get(name, default))
    except ValueError:
        return default


def bound(found: Configuration, alarm_from: int) -> Finding:
    """alarm_from: the limit that the settings name."""
    limit = _number(found.options, "max_queued_messages", QUEUE_DEFAULT)
    make = ok if limit == 0 or limit >= alarm_from else warn
    return make(checks.BROKER_BOUND, f"{limit}, and the settings say {alarm_from}")


def _persistence(options: dict[str, str]) -> Finding:
    value = options.get("persistence", "false")
    make = ok if value == "true" else bad
    return make(checks.MOSQUITTO_PERSISTENCE, f"persistence {value}")


def _autosave(options: dict[str, str]) -> Finding:
    every = _number(options, "autosave_interval", AUTOSAVE_DEFAULT_S)
    if options.get("autosave_on_changes", "false") == "true":
        make = ok if 0 < every <= QUEUE_WANTED else warn
        return make(checks.MOSQUITTO_AUTOSAVE, f"after {every} changes")
    if every == 0:
        return bad(checks.MOSQUITTO_AUTOSAVE, "never, but at an orderly end")
    make = ok if every <= AUTOSAVE_WANTED_S else warn
    return make(checks.MOSQUITTO_AUTOSAVE, f"every {every} s")


def _queue(options: dict[str, str]) -> Finding:
    return queue_of(_number(options, "max_queued_messages", QUEUE_DEFAULT))


def queue_of(limit: int) -> Finding:
    """limit: messages that a session may hold; 0: no limit."""
    if limit == 0:
        return warn(checks.BROKER_QUEUE, "no limit: the memory of the machine is it")
    make = ok if limit >= QUEUE_WANTED else bad
    return make(checks.BROKER_QUEUE, f"{limit} messages may wait")


def _inflight(options: dict[str, str]) -> Finding:
    return inflight_of(_number(options, "max_inflight_messages", INFLIGHT_DEFAULT))


def inflight_of(limit: int) -> Finding:
    """limit: messages sent and not yet acknowledged; 0: no limit."""
    make = ok if limit == 0 or limit >= INFLIGHT_WANTED else warn
    return make(checks.BROKER_INFLIGHT, f"{limit or 'any number of'} messages in flight")


def _figures(options: dict[str, str]) -> Finding:
    every = _number(options, "sys_interval", FIGURES_DEFAULT_S)
    if every == 0:
        return bad(checks.MOSQUITTO_FIGURES, "never")
    make = ok if every <= FIGURES_WANTED_S else warn
    return make(checks.MOSQUITTO_FIGURES, f"every {every} s")


def _expiry(options: dict[str, str]) -> Finding:
    value = options.get("persistent_client_expiration", "")
    return bad(checks.MOSQUITTO_EXPIRY, f"after {value}") if value else ok(checks.MOSQUITTO_EXPIRY, "for good")


def _size(options: dict[str, str]) -> Finding:
    limit, largest = _number(options, "message_size_limit", 0), _number(options, "max_packet_size", 0)
    if limit:
        return bad(checks.MOSQUITTO_SIZE, f"above {limit} bytes acknowledged and dropped")
    if 0 < largest < MAX_PAYLOAD_BYTES:
        return bad(checks.MOSQUITTO_SIZE, f"packets of {largest} bytes at most; devices may send {MAX_PAYLOAD_BYTES}")
    return ok(checks.MOSQUITTO_SIZE, f"packets of {largest} bytes at most" if largest else "no limit")


def _qos(listeners: Sequence[Listener]) -> Finding:
    without = [one.where for one in listeners if one.options.get("max_qos") == "0"]
    return bad(checks.MOSQUITTO_QOS, f"max_qos 0 on {', '.join(without)}") if without else ok(checks.MOSQUITTO_QOS, "1")


def _doors(found: Configuration) -> Finding:
    faults = [fault for listener in found.listeners for fault in _open(found.options, listener)]
    if not found.listeners:
        return warn(checks.MOSQUITTO_DOORS, "no listener of its own: 1883, on this machine alone")
    if faults:
        return bad(checks.MOSQUITTO_DOORS, "; ".join(faults))
    return ok(checks.MOSQUITTO_DOORS, f"{len(found.listeners)} listeners")


def _open(options: dict[str, str], listener: Listener) -> Iterator[str]:
    """What of a listener is open to whom it should not be."""
    own = options.get("per_listener_settings") == "true"
    kept = {} if own else {name: value for name, value in options.items() if name in _PER_LISTENER}
    have = kept | listener.options
    if have.get("allow_anonymous") == "true":
        yield f"{listener.where}: anonymous clients"
    if not {"acl_file", "plugin", "auth_plugin"} & have.keys():
        yield f"{listener.where}: no acl_file"
    if not _loopback(listener.host) and not {"certfile", "psk_file"} & have.keys():
        yield f"{listener.where}: no TLS"


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
