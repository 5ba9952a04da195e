"""The other attacks that the tests make, each where the thing that it attacks is tested; and how many there are."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET

from tests.house.files import ROOT


class Suite(NamedTuple):
    """what: is tried. outcome: what the tests hold it to. files: below tests/."""

    what: str
    outcome: str
    files: tuple[str, ...]


SUITES: Final = (
    Suite(
        "certificates: forged, foreign, expired and mangled requests; tokens used twice, at once, late",
        "none certified but the one who may; OpenSSL agrees",
        (
            "integration/cloud/test_enrolment.py",
            "integration/cloud/test_enrolment_http.py",
            "integration/cloud/test_renewal.py",
            "integration/cloud/test_revocation.py",
            "integration/cloud/test_openssl_agrees.py",
            "unit/cloud/identity/test_authority.py",
            "unit/cloud/identity/test_requests.py",
        ),
    ),
    Suite(
        "MQTT: malformed frames, foreign topics and wills, retained messages, wildcards, `$SYS`, oversized packets",
        "refused or dropped, and others are served on, on both brokers; how many filters a device may hold is"
        " bounded on the embedded one alone",
        (
            "integration/broker/test_attacks.py",
            "integration/broker/test_door.py",
            "unit/broker/test_frames.py",
            "unit/broker/test_acl.py",
            "unit/broker/test_gatekeeper.py",
        ),
    ),
    Suite(
        "MQTT over TLS: no, foreign, expired and other units' certificates; old versions; handshakes that never end",
        "nobody gets in, and nobody is kept out",
        ("integration/broker/test_tls_door.py",),
    ),
    Suite(
        "revoked devices: while connected, coming back without a pause, while guard, broker or database are away",
        "cut off, and not let in again",
        ("integration/broker/test_revoked.py",),
    ),
    Suite(
        "operators: every call by every role; expired, revoked and narrowed keys",
        "as the table of permissions says, and no call more",
        ("integration/cloud/test_permissions.py", "integration/cloud/test_keys.py"),
    ),
    Suite(
        "the audit log: each column changed, entries deleted, inserted, swapped, the tail cut",
        "each is found",
        ("unit/cloud/audit/test_chain.py", "integration/cloud/test_audit.py"),
    ),
    Suite(
        "phones' tokens: tampered, replayed, refreshed twice; sessions of other people",
        "refused; a token used twice ends its session",
        (
            "integration/cloud/test_phones.py",
            "integration/cloud/test_joining.py",
            "integration/cloud/test_joining_at_once.py",
            "integration/cloud/test_email_link.py",
            "integration/cloud/test_people.py",
            "integration/cloud/test_invitations.py",
        ),
    ),
    Suite(
        "ownership: codes guessed, other people's units, invitations and transfers, races",
        "one owner, and the right one; no stranger locks the owner out",
        (
            "integration/cloud/test_claim_limits.py",
            "integration/cloud/test_handover.py",
            "integration/cloud/test_returns.py",
            "integration/cloud/test_ownership_at_once.py",
            "integration/cloud/test_ownership.py",
            "integration/cloud/test_ownership_http.py",
            "integration/cloud/test_sight.py",
            "integration/cloud/test_looking_on.py",
            "unit/cloud/ownership/test_claiming_laws.py",
            "unit/cloud/ownership/test_ownership_rules.py",
        ),
    ),
    Suite(
        "the resolver: every vector and clause of GS1 Digital Link, valid and not",
        "each gets its verdict and its canonical form",
        (
            "integration/cloud/test_resolver.py",
            "integration/cloud/gs1/test_checklist.py",
            "integration/cloud/gs1/test_requests.py",
            "integration/cloud/gs1/test_linksets.py",
            "integration/cloud/gs1/test_choices.py",
            "unit/cloud/registry/test_gs1.py",
            "unit/cloud/registry/test_resolving.py",
        ),
    ),
    Suite(
        "limits, headers, foreign pages, slow clients, calls out, open redirects",
        "429, cut off, or not done",
        (
            "integration/cloud/test_limits.py",
            "integration/cloud/test_headers.py",
            "integration/cloud/test_foreign_pages.py",
            "integration/cloud/test_slow_clients.py",
            "integration/cloud/test_edges.py",
            "integration/cloud/test_calls_out.py",
        ),
    ),
    Suite(
        "bad input: wrong fields, NUL, half surrogates, extreme times and numbers, large and deep bodies and messages",
        "refused with a stable code, and nothing kept",
        (
            "integration/cloud/test_bad_input.py",
            "stories/test_bad_requests.py",
            "stories/test_bad_messages.py",
            "unit/cloud/test_json_shape.py",
        ),
    ),
    Suite(
        "webhooks: replayed, reordered, repeated, bodies swapped between signatures, late by a second, forged",
        "the end is that of the clean story",
        ("hostile/test_webhooks.py", "unit/cloud/commerce/test_signatures.py"),
    ),
    Suite(
        "ids: unknown, foreign, malformed and erased, at every call, by every role",
        "one answer",
        ("hostile/test_ids.py",),
    ),
)


def run(suite: Suite) -> dict[str, int]:
    """Runs its tests: how many passed, failed (errors with them) and were skipped. Raises RuntimeError for none."""
    paths = [str(ROOT / "tests" / name) for name in suite.files]
    with tempfile.TemporaryDirectory(prefix="tlsuite-") as folder:
        report = Path(folder) / "report.xml"
        options = ("-q", "--no-header", "-p", "no:cacheprovider", f"--junit-xml={report}")
        done = subprocess.run(  # noqa: S603 - our own tool
            [sys.executable, "-m", "pytest", *options, *paths], cwd=ROOT, capture_output=True, text=True, check=False
        )
        found = read_report(report.read_text(encoding="utf-8")) if report.exists() else None
    if not found:
        msg = f"{suite.what}: {done.stdout[-400:]}{done.stderr[-400:]}"
        raise RuntimeError(msg)
    return found


def read_report(text: str) -> dict[str, int]:
    """The figures of pytest's report in JUnit's form; empty when no test ran."""
    one = ET.fromstring(text).find("testsuite")  # noqa: S314 - written by our own tests a moment ago
    told = (
        {name: int(one.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")} if one is not None else {}
    )
    if not told.get("tests"):
        return {}
    failed = told["failures"] + told["errors"]
    return {"passed": told["tests"] - failed - told["skipped"], "failed": failed, "skipped": told["skipped"]}
