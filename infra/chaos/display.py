"""What a person watching sees: the load as it goes on, the trouble of the moment, a line for each that was survived."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from infra.chaos.report import Line, Report
from infra.chaos.watch import Watch, errors_by_kind

RECENT_SECONDS = 5.0


class Display:
    """A living panel on a terminal, plain lines elsewhere."""

    def __init__(self, console: Console, watch: Watch, count: int, business_time: Callable[[], str]) -> None:
        self._console = console
        self._watch = watch
        self._count = count
        self._business_time = business_time
        self._began = time.monotonic()
        self._doing = "starting"
        self._since = self._began
        self._number = 0
        self._ended = threading.Event()
        self._live = Live(console=console, get_renderable=self._panel, refresh_per_second=4, transient=True)

    def __enter__(self) -> Display:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def doing(self, what: str) -> None:
        """What is going on now."""
        self._doing, self._since = what, time.monotonic()

    def begins(self, name: str, cause: str) -> None:
        """A trouble begins."""
        self._number += 1
        self.doing(f"[{self._number}/{self._count}] {name}: {cause}")

    def ended(self, line: Line) -> None:
        """A trouble is over."""
        self._console.print(sentence(line))
        for wrong in (*line.bars_broken, *line.invariants_broken):
            self._console.print(Text(f"      {wrong}", style="red"))
        for note in line.notes:
            self._console.print(Text(f"      {note}", style="dim"))

    def _panel(self) -> RenderableType:
        now = time.monotonic()
        recent = self._watch.since(now - RECENT_SECONDS)
        errors = ", ".join(f"{count} {kind}" for kind, count in errors_by_kind(recent).items()) or "no errors"
        figures = Text(
            f"{now - self._began:6.0f} s   business time {self._business_time()}   "
            f"{len(recent) / RECENT_SECONDS:5.1f} requests/s   {errors}"
        )
        return Group(Text(f"{self._doing}  ({now - self._since:.0f} s)", style="bold"), figures)


def sentence(line: Line) -> Text:
    """One line for a person."""
    mark, style = ("✓", "green") if line.passed else ("✗", "red")
    well = f"well in {line.recovery_seconds:.1f} s" if line.recovery_seconds is not None else "not well again"
    errors = ", ".join(f"{count} × {kind}" for kind, count in line.errors.items()) or "no error"
    return Text.assemble((f"{mark} ", style), (f"{line.name:<32}", "bold"), f" {well:<16}", (f" {errors}", "dim"))


def summary(report: Report) -> RenderableType:
    """What is printed at the end."""
    table = Table(show_header=True, header_style="bold", box=None, pad_edge=False)
    for title in ("trouble", "blows", "hurt", "well again", "answers", "errors"):
        table.add_column(
            title, justify="left" if title in {"trouble", "errors"} else "right", no_wrap=title == "trouble"
        )
    for line in report.lines:
        well = "-" if line.recovery_seconds is None else f"{line.recovery_seconds:.1f} s"
        errors = ", ".join(f"{count} × {kind}" for kind, count in line.errors.items())
        mark = Text("✓ ", style="green") if line.passed else Text("✗ ", style="red")
        name = Text.assemble(mark, line.name)
        table.add_row(name, str(line.blows), f"{line.hurt_seconds:.1f} s", well, f"{line.answers:,}", errors)
    return table
