"""One fuzzer in this process, by atheris: `python -m tests.hostile.fuzz.run TARGET [--runs N] [--seconds S]`.

libFuzzer ends the process by itself, so that whoever wants the figures starts this as a child (`campaign.py`).
"""

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

WATCHED = ["broker", "cloud.registry", "cloud.commerce", "cloud.identity", "mobile_menu", "amqtt.mqtt"]
"""Whose branches lead the search; the rest is taken as it is."""
UNIT_TIMEOUT_S = 5
MEMORY_MB = 2048


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--runs", type=int, default=-1)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path)
    given = parser.parse_args()
    with atheris.instrument_imports(include=WATCHED, enable_loader_override=False):
        from tests.hostile.fuzz.seeds import seeds
        from tests.hostile.fuzz.targets import TARGETS
    target = TARGETS[given.target]
    corpus = given.corpus or Path(tempfile.mkdtemp(prefix="tlfuzz-"))
    for number, seed in enumerate(seeds(given.target)):
        (corpus / f"seed-{number:04}").write_bytes(seed)
    words = corpus.with_name(f"{corpus.name}.dict")
    words.write_text("".join(f'"{_escaped(token)}"\n' for token in target.tokens), "ascii")
    options = {
        "runs": given.runs,
        "max_total_time": given.seconds,
        "seed": given.seed,
        "max_len": target.most,
        "timeout": UNIT_TIMEOUT_S,
        "rss_limit_mb": MEMORY_MB,
        "dict": words,
        "print_final_stats": 1,
        "verbosity": 1,
        "artifact_prefix": f"{corpus}/finding-",
    }
    atheris.Setup([sys.argv[0], str(corpus), *(f"-{name}={value}" for name, value in options.items())], target.judge)
    atheris.Fuzz()


def _escaped(token: str) -> str:
    """As libFuzzer's dictionaries want it; a byte that is written in hex stays so."""
    return token.replace('"', '\\"').replace("\\u", "\\\\u")


if __name__ == "__main__":
    main()
