"""The page of hostile tests, made of the raw figures of the last long runs."""

import json
from collections.abc import Iterator
from typing import Any, Final

from cloud.openapi import METHODS
from tests.hostile.figures import RAW, read
from tests.hostile.rounds import ROLES
from tests.hostile.suites import SUITES
from tests.house.files import DOCS

HEAD: Final = """<!-- Made from docs/reference/hostile by `python -m tests.hostile table`. -->
# Hostile tests

What was tried against Throughline, how often, what happened, and how to try it again. Every test run makes a short
round of all of it; the figures are of the last long runs, whose raw files are in `docs/reference/hostile`. They were
taken on a machine with 2 cores that had other work to do.

| what was tried | how many | what happened | by |
|---|---|---|---|"""
_MIDDLE: Final = """
## Coverage-guided fuzzing

Each parser that a stranger reaches has a judge: it may refuse what it is given, by its documented errors; what it
accepts must come out the same when it is written and read again; and what the MQTT door accepts must mean to the broker
behind it what it means to the door. Five seconds or 2 GB for one input count as a finding, too.

| parser | executions | branches reached | slowest input | findings |
|---|---|---|---|---|"""
_TIMES: Final = """
## Does the time tell?

Two questions with the same answer, asked in turn. The figure is the chance that the first takes longer than the second:
0.5 tells nothing.

| what exists / what does not | rounds | answer | medians | first is longer |
|---|---|---|---|---|"""
_FOUND_HEAD: Final = """
## What the hostile tests found

| found | by | since then |
|---|---|---|"""
_FOUND: Final = (
    ("no call said in the OpenAPI which problems it may answer with", "the walk", "each does, in one form"),
    ("a key's end, or a time of telemetry, could be a number and counted from 1970", "the walk", "a time is text"),
    ("a certificate request of an unknown PKCS#10 version raised what nobody caught", "the fuzzer", "it is refused"),
    ("a weight in Accept-Language with a control character before it raised an error", "the fuzzer", "it counts"),
    (
        "the OpenAPI was made and encoded anew for whoever asked: some 50 ms of the event loop for each call",
        "the siege",
        "it is encoded once",
    ),
)


def page() -> str:
    """The whole page."""
    return "\n".join(
        (
            HEAD,
            *_walks(),
            *_fuzz_row(),
            *_siege(),
            *_suites(),
            _MIDDLE,
            *_fuzzers(),
            _TIMES,
            *_times(),
            _FOUND_HEAD,
            *_found(),
            "",
        )
    )


def calls_now() -> int:
    """How many calls the OpenAPI has."""
    document = json.loads((DOCS / "reference" / "openapi.json").read_text(encoding="utf-8"))
    return sum(len(calls.keys() & set(METHODS)) for calls in document["paths"].values())


def _walks() -> Iterator[str]:
    said = calls_now()
    for path in sorted(RAW.glob("walk-*.json")):
        found = read(path.stem) or {}
        database = "SQLite" if "sqlite" in path.stem else "PostgreSQL"
        roles = ", ".join(found["by_role"])
        command = f"python -m tests.hostile walk --examples {found['examples']} --seed {found['seed']}"
        some = "" if len(found["by_role"]) == len(ROLES) else f" --roles {roles.replace(',', '')}"
        done = f", of which {found['done']} were also carried out" if "done" in found else ""
        left = f", {len(found['errors'])} calls that the tool itself gave up" if found["errors"] else ""
        yield (
            f"| every call of the OpenAPI, good data and bad, on {database}, as {roles}"
            f" | {found['requests']:,} requests to {found['calls']} of the {said} calls{done},"
            f" {found['checks']:,} checks"
            f" | {found['server_errors']} server errors, {len(found['failures'])} breaches of the contract,"
            f" {len(found['overstepped'])} calls granted to who may not{left}"
            f" | `{command} --database {path.stem.split('-')[1]}{some}` |"
        )


def _fuzz_row() -> Iterator[str]:
    found = read("fuzz")
    if found:
        targets: dict[str, Any] = found["targets"]
        runs = sum(one["executions"] for one in targets.values())
        findings = sum(bool(one["finding"]) for one in targets.values())
        yield (
            f"| {len(targets)} parsers, led by coverage | {runs:,} executions | {findings} findings in the last run"
            f" | `python -m tests.hostile fuzz` |"
        )


def _siege() -> Iterator[str]:
    found = read("siege")
    if found:
        bad, cut = sum(found["bad"].values()), sum(found["cut_off"].values())
        yield (
            f"| slow and half-open clients of {len(found['bad'])} kinds, all at once, for {found['seconds']:.0f} s"
            f" | {bad:,} clients"
            f" | {found['honest_calls']:,} honest calls on new connections: {len(found['honest_failures'])} failed,"
            f" median {found['median_ms']:,.0f} ms, slowest {found['slowest_ms']:,.0f} ms; {cut:,} bad ones let go"
            f" by the service; {found['grown_mb']:.0f} MB more; {found['left_open']} connections left"
            f" | `python -m tests.hostile siege --each {max(found['bad'].values())}` |"
        )


def _suites() -> Iterator[str]:
    ran: dict[str, Any] = (read("suites") or {}).get("ran", {})
    for suite in SUITES:
        names = ", ".join(f"`tests/{name}`" for name in suite.files)
        one = ran.get(suite.what, {"passed": 0, "failed": 0, "skipped": 0})
        rest = "".join(f", {one[how]} {how}" for how in ("failed", "skipped") if one[how])
        yield f"| {suite.what} | {one['passed']} tests passed{rest} | {suite.outcome} | {names} |"


def _fuzzers() -> Iterator[str]:
    targets: dict[str, Any] = (read("fuzz") or {}).get("targets", {})
    for name, one in targets.items():
        said = "one" if one["finding"] else "none"
        yield f"| `{name}` | {one['executions']:,} | {one['branches']} | {one['slowest_s']} s | {said} |"


def _times() -> Iterator[str]:
    for one in (read("ids") or {}).get("pairs", []):
        first, second = one["median_ms"]
        status = ", ".join(str(code) for code in one["status"])
        yield f"| {one['pair']} | {one['rounds']} | {status} | {first} ms, {second} ms | {one['longer']:.2f} |"


def _found() -> Iterator[str]:
    for what, by, since in _FOUND:
        yield f"| {what} | {by} | {since} |"
