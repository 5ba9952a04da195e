"""The order to forget the user: what a printer loses by it, and what it keeps."""

from datetime import UTC, datetime, timedelta

from broker.contract.messages import Command, ResultStatus
from device_sim.commands import execute
from device_sim.drafts import ResultDraft
from device_sim.printer import Job, Printer

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_a_printer_that_is_wiped_forgets_its_users_jobs_settings_and_words_and_says_so() -> None:
    jobs = (Job(kind="document", pages_left=3, due_s=1.0), Job(kind="sample", pages_left=1, due_s=1.0, command_id="c1"))
    before = Printer(jobs=jobs, settings={"quiet_mode": True}, display="Hello Ada", pages_total=42, sheets=7, epoch=1)
    order = Command(id="c2", name="wipe_user_data", arguments={}, expires_at=NOW + timedelta(days=30))
    outcome = execute(before, order, NOW)
    after = outcome.printer
    assert (after.jobs, after.settings, after.display) == ((), {}, "")
    assert (after.pages_total, after.sheets, after.epoch) == (42, 7, 1)
    results = {one.command_id: one.status for one in outcome.said if isinstance(one, ResultDraft)}
    assert results == {"c1": ResultStatus.FAILED, "c2": ResultStatus.DONE}
