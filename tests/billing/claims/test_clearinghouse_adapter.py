"""The two ways to a clearinghouse: HTTPS and drop folders."""

import os
from pathlib import Path

import pytest
import requests

from billing.adapters import clearinghouse
from billing.adapters.clearinghouse import (
    LONGEST_FILE,
    ClearinghouseRefused,
    DropFolder,
    HttpClearinghouse,
    clearinghouse_at,
)
from chassis.errors import Unavailable


@pytest.fixture
def folders(tmp_path: Path) -> DropFolder:
    """Drop folders as the SFTP client keeps them."""
    (tmp_path / "outbound").mkdir()
    (tmp_path / "inbound").mkdir()
    found = clearinghouse_at(f"file://{tmp_path}", "S", "")
    assert isinstance(found, DropFolder)
    return found


def test_a_file_is_dropped_whole_and_once(folders: DropFolder, tmp_path: Path):
    """Moved in under a temporary name; the same name and bytes again change nothing, other bytes are refused."""
    folders.send("a.edi", b"ISA1")
    folders.send("a.edi", b"ISA1")
    assert [file.name for file in (tmp_path / "outbound").iterdir()] == ["a.edi"]
    with pytest.raises(ClearinghouseRefused):
        folders.send("a.edi", b"ISA2")
    assert (tmp_path / "outbound" / "a.edi").read_bytes() == b"ISA1"


def test_inbound_files_are_listed_once_in_order(folders: DropFolder, tmp_path: Path):
    """The cursor says how far the list was read; files that are being written are not there yet."""
    (tmp_path / "inbound" / "b.edi").write_bytes(b"B")
    (tmp_path / "inbound" / ".c.part").write_bytes(b"C")
    [first] = folders.list_inbound("")
    assert (first.name, folders.fetch(first.name)) == ("b.edi", b"B")
    (tmp_path / "inbound" / "a.edi").write_bytes(b"A")
    assert [listed.name for listed in folders.list_inbound(first.cursor)] == ["a.edi"]


def test_a_file_that_keeps_an_old_time_of_modification_is_not_overlooked(folders: DropFolder, tmp_path: Path):
    """Clients that preserve times (rsync -a) move in files that are older than those which were listed before them."""
    (tmp_path / "inbound" / "b.edi").write_bytes(b"B")
    [first] = folders.list_inbound("")
    (tmp_path / ".old.part").write_bytes(b"A")
    os.utime(tmp_path / ".old.part", (0, 0))
    (tmp_path / ".old.part").rename(tmp_path / "inbound" / "old.edi")
    assert [listed.name for listed in folders.list_inbound(first.cursor)] == ["old.edi"]


def test_a_file_without_end_is_refused(folders: DropFolder, tmp_path: Path):
    """What would fill the memory is not read (the file here is sparse: it takes no room on the disk)."""
    with (tmp_path / "inbound" / "endless.edi").open("wb") as file:
        file.truncate(LONGEST_FILE + 1)
    with pytest.raises(ClearinghouseRefused, match="longer than 256 MiB"):
        folders.fetch("endless.edi")


def test_folders_that_are_not_there_are_tried_again_later(tmp_path: Path):
    """A mount that is gone is an outage, not an empty list."""
    gone = DropFolder(tmp_path / "nowhere")
    with pytest.raises(Unavailable):
        gone.list_inbound("")
    with pytest.raises(Unavailable):
        gone.send("a.edi", b"ISA")
    with pytest.raises(Unavailable):
        gone.fetch("a.edi")


def test_a_name_never_leads_out_of_the_folder(folders: DropFolder):
    """What the other side calls a file is not trusted."""
    with pytest.raises(ClearinghouseRefused):
        folders.fetch("../../etc/passwd")


def test_drop_folders_answer_no_questions(folders: DropFolder):
    """Real time needs the HTTPS interface."""
    with pytest.raises(ClearinghouseRefused):
        folders.ask(b"ISA")


def test_https_outages_and_refusals_are_told_apart(clearinghouse):
    """Wrong credentials will never do; a closed port may do later; the same name with other bytes is refused."""
    wrong = HttpClearinghouse(clearinghouse.url, "POLYCLINIC", "wrong")
    with pytest.raises(ClearinghouseRefused):
        wrong.list_inbound("")
    right = HttpClearinghouse(clearinghouse.url, "POLYCLINIC", "clearinghouse secret")
    assert right.list_inbound("") == []
    with pytest.raises(ClearinghouseRefused):
        right.fetch("nothing.edi")
    clearinghouse.kill()
    with pytest.raises(Unavailable):
        right.list_inbound("")


def test_a_clearinghouse_that_hangs_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """After five slow failures nobody waits for it any more; one that refuses at once is asked every time."""
    now, slow = [0.0], [True]
    asked = []

    def hang(*_: object, **__: object) -> None:
        asked.append(now[0])
        now[0] += 5.0 if slow[0] else 0.01
        raise requests.ConnectTimeout

    monkeypatch.setattr(clearinghouse.requests, "request", hang)
    monkeypatch.setattr(clearinghouse, "monotonic", lambda: now[0])
    monkeypatch.setattr("chassis.peers.monotonic", lambda: now[0])
    line = clearinghouse.HttpClearinghouse("http://127.0.0.1:9", "US", "secret")
    for _ in range(5):
        with pytest.raises(Unavailable):
            line.ask(b"ISA")
    with pytest.raises(clearinghouse.ClearinghousePaused):
        line.ask(b"ISA")
    assert len(asked) == 5
    slow[0] = False
    other = clearinghouse.HttpClearinghouse("http://127.0.0.1:9", "US", "secret")
    for _ in range(7):
        with pytest.raises(Unavailable):
            other.ask(b"ISA")
    assert len(asked) == 12
