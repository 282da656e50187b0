"""``python -m infra.tour``: walks over every page of a running system (or of one it starts and seeds), and says what is wrong."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console

from infra.local.plan import ROOT
from infra.local.seed import seed_demo
from infra.local.stack import Stack
from infra.tour.people import everybody
from infra.tour.walk import Tour

SHOTS = ROOT / "out" / "screens" / "tour"
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)


def main(argv: list[str] | None = None) -> int:
    """Walks; the exit code is 1 when something was found."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.tour", description="Walk over every page as everybody who has one."
    )
    parser.add_argument("--url", default="", help="a system that runs and is seeded; without one its own is started")
    parser.add_argument("--only", default="", help="only these walkers, e.g. owner,patient")
    parser.add_argument(
        "--part", default="1/1", type=_part, help="a walk in parts: 2/4 looks at a quarter of the kinds of page"
    )
    parser.add_argument("--chromium", default=CHROMIUM, help="the browser to walk with")
    arguments = parser.parse_args(argv)
    told = Console(highlight=False)
    SHOTS.mkdir(parents=True, exist_ok=True)
    with system(arguments.url, told) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.chromium, args=list(FLAGS))
        tour = Tour(url, SHOTS, arguments.part)
        for walker in everybody(url):
            if arguments.only and walker.name not in arguments.only.split(","):
                continue
            before = len(tour.problems)
            count = tour.walk(browser, walker)
            found = tour.problems[before:]
            told.print(f"{walker.name:<14} {count:>4} pages  {f'{len(found)} wrong' if found else 'good'}")
            # At once: who ends the walk early knows what was found so far.
            for each in found:
                told.print(f"  {each}", soft_wrap=True, markup=False)
        browser.close()
    told.print(f"{sum(tour.pages.values())} pages, {len(tour.seen)} kinds; pictures in {SHOTS.relative_to(ROOT)}")
    return 1 if tour.problems else 0


def _part(text: str) -> tuple[int, int]:
    """``2/4`` → (2, 4)."""
    which, _, parts = text.partition("/")
    if not (which.isdecimal() and parts.isdecimal() and 1 <= int(which) <= int(parts)):
        raise argparse.ArgumentTypeError("must be like 2/4")
    return int(which), int(parts)


@contextmanager
def system(url: str, told: Console) -> Iterator[str]:
    """The system to walk over: the one named, or a throw-away one with the demo's data."""
    if url:
        yield url.rstrip("/")
        return
    with tempfile.TemporaryDirectory(prefix="polyclinic-tour-") as folder:
        stack = Stack(Path(folder), durable=False, tell=lambda line: told.print(f"[dim]{line}[/dim]"))
        stack.start()
        try:
            list(seed_demo(stack))
            yield stack.url
        finally:
            stack.stop()


if __name__ == "__main__":
    sys.exit(main())
