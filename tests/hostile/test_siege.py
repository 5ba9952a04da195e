"""A short siege in every test run; the long one is `python -m tests.hostile siege`."""

from pathlib import Path

import pytest

from tests.hostile.siege import besieged
from tests.system import embedded

EACH = 30
"""Of each of the seven kinds: 210 bad clients at once."""
SLOW = ("half a request line", "a head by the byte")
"""Cut off within ten seconds; bodies have longer, and that is for the long siege to see."""


@pytest.mark.timeout(200)
async def test_two_hundred_bad_clients_keep_no_honest_one_out_and_are_let_go(tmp_path: Path) -> None:
    with embedded(tmp_path) as system:
        report = await besieged(system, each=EACH, seconds=15)
        said = system.said().decode(errors="replace")
    assert report.honest_failures == []
    assert report.honest_calls >= 10
    assert {kind: report.cut_off.get(kind, 0) for kind in SLOW} == dict.fromkeys(SLOW, EACH)
    assert report.grown_mb < 150
    assert report.left_open == 0
    assert "Traceback" not in said
