"""Fetching what the clearinghouse has for us, when it refuses to hand it out."""

from datetime import timedelta
from pathlib import Path

from billing.adapters.clearinghouse import LONGEST_FILE, Clearinghouse, HttpClearinghouse, clearinghouse_at
from billing.store import Store
from billing.usecases import inbound
from tests.billing.claims.conftest import SECRET, SUBMITTER
from tests.billing.claims.insured_clinic import InsuredClinic

EVERY = timedelta(hours=1)


def poll(clinic: InsuredClinic, clearinghouse: Clearinghouse) -> None:
    """One look, in a transaction of its own."""
    with clinic.harness.call(clinic.tenant) as call:
        inbound.poll(call, clearinghouse, EVERY)


def test_refused_credentials_are_work_and_the_looking_goes_on(clinic: InsuredClinic):
    """A password that is changed at the clearinghouse is told once, and ends no polling; the item ends with the trouble."""
    wrong = HttpClearinghouse(clinic.clearinghouse.url, SUBMITTER, "changed")
    poll(clinic, wrong)
    poll(clinic, wrong)
    [item] = clinic.work("unreadable_file")
    assert "does not list the files" in item.title
    assert "401" in item.detail["reason"]
    [look] = clinic.harness.due(clinic.tenant, inbound.POLL_DUE)
    assert look.due_at == clinic.harness.clock.now() + EVERY
    poll(clinic, HttpClearinghouse(clinic.clearinghouse.url, SUBMITTER, SECRET))
    assert clinic.work("unreadable_file") == []


def test_a_file_that_cannot_be_fetched_keeps_back_none_behind_it(clinic: InsuredClinic, tmp_path: Path):
    """Somebody is told its name; the next file is kept and read."""
    (tmp_path / "inbound").mkdir()
    with (tmp_path / "inbound" / "endless.edi").open("wb") as file:
        file.truncate(LONGEST_FILE + 1)
    (tmp_path / "inbound" / "next.edi").write_bytes(b"no interchange")
    folder = clearinghouse_at(f"file://{tmp_path}", "", "")
    poll(clinic, folder)
    poll(clinic, folder)
    [item] = clinic.work("unreadable_file")
    assert item.detail == {"file": "endless.edi", "reason": "the file is longer than 256 MiB"}
    with clinic.harness.call(clinic.tenant) as call:
        listed, _ = Store(call.session).inbound_page("", 0, "")
    assert [row.name for row in listed] == ["next.edi"]
