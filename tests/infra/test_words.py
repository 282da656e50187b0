"""What the laptop stack says to a person."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from infra.local.process import Child, StartError, wait_until
from infra.local.seed import signpost
from rich.text import Text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"level": "error", "event": "cannot serve", "error": "OSError: port in use"}', "error: cannot serve (OSError: port in use)"),
        ('{"level": "info", "event": "started"}', "info: started"),
        ("bad settings: POLYCLINIC_LISTEN is missing", "bad settings: POLYCLINIC_LISTEN is missing"),
        ('{"something": "else"}', '{"something": "else"}'),
        ("[1, 2]", "[1, 2]"),
    ],
)  # fmt: skip
def test_a_dead_process_is_told_by_what_happened(tmp_path: Path, line: str, said: str) -> None:
    """The last log line is told as a sentence, whether it is one of ours in JSON or anybody's text."""
    script = f"print({line!r}); raise SystemExit(3)"
    child = Child("billing", [sys.executable, "-c", script], log=tmp_path / "billing.log")
    child.start()
    with pytest.raises(StartError) as error:
        wait_until(lambda: False, child, timeout=20)
    assert str(error.value) == f"billing ended with exit code 3: {said} (log: {tmp_path / 'billing.log'})"


def test_the_signpost_fits_a_terminal(tmp_path: Path) -> None:
    """Addresses, accounts and a first request are printed, no line wider than 80 columns but the folder of the logs."""
    lines = [
        Text.from_markup(line).plain for line in signpost("http://127.0.0.1:8080", "http://127.0.0.1:8111", tmp_path)
    ]
    text = "\n".join(lines)
    for part in (
        "http://127.0.0.1:8080/api/docs",
        "http://127.0.0.1:8080/portal/lanternfield",
        "http://127.0.0.1:8080/clinics/lanternfield",
        "owner",
        "patient",
        "desk-harbor",
        "lanternfield",
        "curl -s",
        "8111/_sim/messages",
    ):
        assert part in text
    assert [line for line in lines if len(line) > 80 and str(tmp_path) not in line] == []
