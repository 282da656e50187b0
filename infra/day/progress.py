"""What a person watching sees: the step, business time, a bar for long work; plain lines without a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress


class Progress:
    """Shows steps one after the other; safe to use from the driver's threads."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._began = time.monotonic()
        self._bars = RichProgress(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()

    def step(self, title: str) -> None:
        """Announce a step of the day."""
        self.console.print(f"[bold]{title}[/bold] [dim]{self.seconds:5.1f} s[/dim]", highlight=False)

    def say(self, line: str) -> None:
        """One finding of the present step."""
        self.console.print(f"  {line}", highlight=False)

    def business_time(self, instant: datetime) -> None:
        """Show where business time stands."""
        self._bars.console.set_window_title(f"Polyclinic {instant:%a %d %b %Y %H:%M} UTC")

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator[Callable[[], None]]:
        """A bar for ``total`` pieces of work; call what is yielded after each."""
        task = self._bars.add_task(title, total=total)
        try:
            yield lambda: self._bars.advance(task)
        finally:
            self._bars.remove_task(task)

    @property
    def seconds(self) -> float:
        """Real seconds since the start."""
        return time.monotonic() - self._began
