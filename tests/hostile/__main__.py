"""The long runs of the hostile tests: `python -m tests.hostile --help`. Each keeps its figures under docs/reference."""

import argparse
import tempfile
import warnings
from pathlib import Path
from typing import Any

from tests.hostile.deployment import deployed
from tests.hostile.figures import keep, read
from tests.hostile.fuzz.campaign import fuzz
from tests.hostile.fuzz.targets import TARGETS
from tests.hostile.rounds import do, long_plan, summary
from tests.services import running_postgres


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    commands = parser.add_subparsers(required=True)
    walking = commands.add_parser("walk", help="every call of the OpenAPI as every role, by schemathesis")
    walking.add_argument("--examples", type=int, default=100, help="invented requests for each call and role")
    walking.add_argument("--seed", type=int, default=1)
    walking.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    walking.set_defaults(do=_walk)
    fuzzing = commands.add_parser("fuzz", help="the parsers that strangers reach, by atheris")
    fuzzing.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)}; all, when none is named")
    fuzzing.add_argument("--seconds", type=int, default=300, help="for each target")
    fuzzing.add_argument("--seed", type=int, default=1)
    fuzzing.set_defaults(do=_fuzz)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    failed: bool = given.do(given)
    return int(failed)


def _walk(given: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="tlhostile-") as folder:
        if given.database == "sqlite":
            found = _walked(Path(folder), "", given)
        else:
            with running_postgres() as server:
                found = _walked(Path(folder), server.url(server.create()), given)
    print(keep(f"walk-{given.database}", found))
    for one in (*found["failures"], *found["overstepped"], *found["errors"]):
        print(one)
    return bool(found["failures"] or found["overstepped"] or found["errors"])


def _fuzz(given: argparse.Namespace) -> bool:
    known = (read("fuzz") or {}).get("targets", {})
    failed = False
    for name in given.targets or TARGETS:
        found = fuzz(name, seconds=given.seconds, seed=given.seed, gather=True)
        known[name] = {**found.figures(), "seconds": given.seconds}
        failed = failed or bool(found.finding)
        print(f"{name}: {found.executions:,} executions, {found.branches} branches", found.finding, flush=True)
        if found.finding:
            print(repr(found.bytes_of_finding))
        keep("fuzz", {"targets": known})
    return failed


def _walked(folder: Path, database_url: str, given: argparse.Namespace) -> dict[str, Any]:
    with deployed(folder, database_url) as to:
        walks = do(to, long_plan(given.examples), seed=given.seed)
    for one in walks:
        for kind, how in one.failures.items():
            print(f"--- {one.role}: {kind}\n{how}\n")
    return summary(walks) | {"examples": given.examples, "seed": given.seed}


if __name__ == "__main__":
    raise SystemExit(main())
