"""Writes the pages that are made from the code: `make docs`. A test holds each in step.

The MQTT contract and the lifecycle's picture have makers of their own.
"""

import importlib
import json
import pkgutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, get_args, get_origin

import typer
from pydantic.fields import FieldInfo
from typer.core import TyperCommand, TyperGroup, TyperOption

import broker
import cloud
import device_sim
import mobile_menu
from broker.contract.codec import RejectionReason
from broker.contract.errors import ThroughlineError
from cloud import commands as more_commands
from cloud.__main__ import app
from cloud.compose import make_clock, make_database
from cloud.doctor.checks import CHECKS
from cloud.http_app import make_app
from cloud.identity.permissions import OperatorRole, Permission, of_role
from cloud.metrics.alerts import ALERTS, rules
from cloud.metrics.catalogue import METRICS, Metric
from cloud.metrics.dashboard import dashboard
from cloud.problems import STATUS
from cloud.secrets import load_keys
from cloud.settings import PREFIX, Settings, load_settings
from tests.house.asked import asked
from tests.house.files import DOCS
from tests.house.language import language_page

REFERENCE: Final = DOCS / "reference"
MADE: Final = "<!-- Made from the code by `make docs`. -->"


Command = TyperCommand | TyperGroup
Commands = tuple[tuple[tuple[str, ...], Command], ...]


def commands() -> Commands:
    """Every command of the command line, groups too, by its words; the whole first, with none."""
    more_commands.add_to(app)
    return tuple(_walk((), typer.main.get_command(app)))


def _walk(words: tuple[str, ...], command: object) -> Iterator[tuple[tuple[str, ...], Command]]:
    assert isinstance(command, TyperCommand | TyperGroup)
    yield words, command
    if isinstance(command, TyperGroup):
        for name, part in command.commands.items():
            yield from _walk((*words, name), part)


def silent_options() -> list[str]:
    """Those that do not say what they are for."""
    return [
        f"{' '.join(words)} {option.opts[0]}"
        for words, command in commands()
        for option in command.params
        if isinstance(option, TyperOption) and not option.help
    ]


def openapi() -> str:
    """The HTTP contract."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(data_dir=Path(folder))
        db = make_database(settings, make_clock(settings))
        try:
            document = make_app(settings, db, load_keys(settings.keys_dir)).openapi()
        finally:
            db.dispose()
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def settings_page() -> str:
    """Every setting, with what it takes and what it is when nobody says."""
    rows = [_setting(name, one) for name, one in Settings.model_fields.items()]
    return "\n".join(
        (
            MADE,
            "# Settings",
            "",
            "Each is an environment variable; those that a command has an option for can be given there too, and the",
            "option wins: see [the command line](cli.md). A name with the prefix that is none of these stops the",
            "start, so that a misspelt one is noticed. Secrets are no settings: they are files under `keys` in the",
            "data folder.",
            "",
            "| variable | takes | default | what it is |",
            "|---|---|---|---|",
            *rows,
            "",
        )
    )


def _setting(name: str, one: FieldInfo) -> str:
    default = json.dumps(one.default) if isinstance(one.default, bool | int | tuple) else str(one.default)
    shown = f"`{default}`" if default else ""
    return f"| `{PREFIX}{name.upper()}` | {_kind(one)} | {shown} | {one.description} |"


def _kind(one: FieldInfo) -> str:
    form = one.annotation
    if get_origin(form) is Literal:
        return " or ".join(f"`{word}`" for word in get_args(form))
    if form is bool:
        return "`true` or `false`"
    if form is int:
        bounds = {key: getattr(part, key) for part in one.metadata for key in ("ge", "le") if hasattr(part, key)}
        return f"{bounds['ge']:,} to {bounds['le']:,}"
    if form is str:
        return "text"
    return "a path" if form is Path else 'a list: `["a.example"]`'


def errors_page() -> str:
    """Every error's code, with its status and its message."""
    rows = [
        f"| `{error.code}` | {STATUS.get(error.code, '–')} | {_first_line(error)} | `{error.__module__}` |"
        for error in sorted(every_error(), key=lambda one: (one.code, one.__module__))
    ]
    return "\n".join(
        (
            MADE,
            "# Errors",
            "",
            "The HTTP service answers an error with problem details (RFC 9457): `status`, `title`, `detail`, a stable",
            "`code`, and, where input is wrong, `errors` with a JSON pointer to each field. Rely on the code; the",
            "words may get better.",
            "",
            "| code | status | means | from |",
            "|---|---|---|---|",
            *rows,
            "",
            "One without a status never reaches a client of the HTTP service: it ends a start, or a program outside. A",
            "command prints its text and ends with status 1.",
            "",
            "## Messages that are rejected",
            "",
            "A device gets no error: its message is acknowledged, since it would never get better, counted under one",
            "of these reasons (`transport.rejected` of the twin), and its first bytes are kept for an operator:",
            "`GET /api/v1/products/{id}/quarantine`.",
            "",
            "| reason |",
            "|---|",
            *(f"| `{reason.value}` |" for reason in RejectionReason),
            "",
        )
    )


def _first_line(error: type[ThroughlineError]) -> str:
    return (error.__doc__ or "").strip().splitlines()[0]


def every_error() -> set[type[ThroughlineError]]:
    """All that can be raised, wherever it is drawn."""
    for house in (broker, cloud, device_sim, mobile_menu):
        for module in pkgutil.walk_packages(house.__path__, f"{house.__name__}."):
            if not module.name.endswith("__main__") and ".migrations" not in module.name:
                importlib.import_module(module.name)
    found: set[type[ThroughlineError]] = set()
    left = [ThroughlineError]
    while left:
        below = left.pop().__subclasses__()
        found.update(below)
        left += below
    return {error for error in found if error.__module__.partition(".")[0] != "tests"}


def cli_page() -> str:
    """What each command says about itself."""
    parts = [
        MADE,
        "# The command line",
        "",
        "`throughline` is at `.venv/bin/throughline` after `make demo`. Exit status: 0 done, 1 failed, 2 used wrongly.",
        "",
    ]
    for words, command in commands():
        title = " ".join(("throughline", *words))
        parts += [f"## {title}", "", "```text", _help(title, command), "```", ""]
    return "\n".join(parts)


def _help(title: str, command: Command) -> str:
    context = typer.Context(command, info_name=title, terminal_width=100, max_content_width=100)
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def permissions_page() -> str:
    """Which role has which permission, and which each call asks for."""
    roles = tuple(OperatorRole)
    holds = {one: ["yes" if one in of_role(role) else "" for role in roles] for one in Permission}
    table = [f"| `{one.value}` | {' | '.join(cells)} |" for one, cells in holds.items()]
    calls = [
        f"| `{method} {path}` | `{wanted[0].value}` |"
        for (method, path), wanted in sorted(asked().items(), key=lambda item: (item[0][1], item[0][0]))
        if wanted
    ]
    return "\n".join(
        (
            MADE,
            "# Permissions",
            "",
            "What a key may do is what its role and its scopes both have. A scope is a permission, or the part before",
            "its dot for all of that kind. See [Operators](../concepts/operators.md).",
            "",
            f"| permission | {' | '.join(roles)} |",
            f"|---|{'---|' * len(roles)}",
            *table,
            "",
            "## What each call asks for",
            "",
            (
                f"`GET /metrics` asks for `{Permission.FIGURES_READ.value}`, and for nothing on the machine "
                "itself when it is asked by a name of its own."
            ),
            "",
            "| call | permission |",
            "|---|---|",
            *calls,
            "",
        )
    )


def metrics_page() -> str:
    """Every metric, with what it means."""
    rows = [
        f"| `{one.full_name}` | {one.kind.value} | {' and '.join(f'`{name}`' for name in one.told_by)} "
        f"| {_labelled(one)}{one.what} |"
        for one in METRICS
    ]
    histograms = [
        f"| `{one.full_name}` | {', '.join(f'{at:g}' for at in one.buckets)} |" for one in METRICS if one.buckets
    ]
    return "\n".join(
        (
            MADE,
            "# Metrics",
            "",
            "What the processes tell Prometheus: `api` at `/metrics` of the HTTP service, `work` at an address of its",
            "own (`THROUGHLINE_METRICS_HOST`, `THROUGHLINE_METRICS_PORT`). [How to read them](../how-to/watch-it.md).",
            "None of them names a device, a person or an address, and a label has no values but those listed here.",
            "",
            "| metric | kind | told by | what it is |",
            "|---|---|---|---|",
            *rows,
            "",
            "Beside these each process tells of itself what Prometheus's own clients do: `process_cpu_seconds_total`,",
            "`process_resident_memory_bytes`, `process_virtual_memory_bytes`, `process_open_fds`, `process_max_fds`,",
            "`process_start_time_seconds`.",
            "",
            "## Buckets of the histograms",
            "",
            "Upper bounds, in seconds, or in messages.",
            "",
            "| metric | bounds |",
            "|---|---|",
            *histograms,
            "",
            "## Alerts",
            "",
            "`throughline metrics alerts` writes these for Prometheus ([the file](prometheus-alerts.yml)).",
            "",
            "| alert | after | severity | what it means |",
            "|---|---|---|---|",
            *(
                f"| `{one.name}` | {one.lasts} | {'critical' if one.urgent else 'warning'} | {one.means} |"
                for one in ALERTS
            ),
            "",
        )
    )


def _labelled(one: Metric) -> str:
    return f"By `{one.label}` ({', '.join(f'`{value}`' for value in one.values)}): " if one.label else ""


def doctor_page() -> str:
    """Every check of the doctor's."""
    parts = [
        MADE,
        "# The doctor's checks",
        "",
        "`throughline doctor` looks at these, as far as they concern the deployment, and says `ok`, `warn` or `bad` of",
        "each. The codes stay. It changes nothing; a broker that is not ours gets a queue of 1,200 small messages for",
        "a moment, to see whether it keeps them. Exit status: 0 all well, 1 warnings, 2 something bad.",
        "",
    ]
    for one in CHECKS:
        parts += [f"## {one.code}", "", f"**{one.title}.** {one.why}", "", f"To mend it: {one.mend}", ""]
    return "\n".join(parts)


PAGES: Final = {
    "openapi.json": openapi,
    "settings.md": settings_page,
    "errors.md": errors_page,
    "cli.md": cli_page,
    "permissions.md": permissions_page,
    "metrics.md": metrics_page,
    "doctor.md": doctor_page,
    "content-language.md": lambda: language_page(MADE),
    "grafana-dashboard.json": dashboard,
    "prometheus-alerts.yml": rules,
}
"""By the name under docs/reference."""


def main() -> None:
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
