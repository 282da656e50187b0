"""``python -m infra.local run|status|reset``: what ``make run``, ``make status`` and ``make reset`` call."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from infra.local.plan import OFFSETS, ROOT, Ports, operators_environment
from infra.local.process import StartError
from infra.local.seed import seed_demo
from infra.local.stack import Stack, empty

DATA = ROOT / ".data" / "run"


def main(argv: list[str] | None = None) -> int:
    """Run the command; exit code 0 after a clean stop, 1 with one line on standard error when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m infra.local")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="start everything and keep it up until Ctrl-C")
    status = commands.add_parser("status", help="one screen of health of what `run` has started")
    for command in (run, status):
        command.add_argument(
            "--port-base", type=port_base, default=8080, help="the gateway's port; the others follow it (default 8080)"
        )
    for command in (run, status, commands.add_parser("reset", help="delete the data of `run`")):
        command.add_argument("--data", type=Path, default=DATA, help="data folder")
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "reset":
            empty(arguments.data)
            print(f"{arguments.data} is empty")
        elif arguments.command == "status":
            return show_status(arguments.data, arguments.port_base)
        else:
            keep_up(arguments.data, arguments.port_base)
    except StartError as error:
        print(f"polyclinic: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        # A disk that is full or not ours to write: what and where, not from which line of ours.
        print(f"polyclinic: {error.strerror or error}: {error.filename or arguments.data}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def port_base(text: str) -> int:
    """The gateway's port, so that all the others that follow it are ports too, and none that only the system's owner may take."""
    last = 65_535 - max(OFFSETS.values())
    if not (text.isascii() and text.isdecimal() and 1024 <= int(text[:6]) <= last):
        raise argparse.ArgumentTypeError(f"must be a port from 1024 to {last}, not {text[:20]!r}")
    return int(text)


def keep_up(data: Path, port_base: int) -> None:
    """Start the stack, seed it when it is new, say where everything is, and watch it until Ctrl-C or SIGTERM."""
    console = Console(highlight=False)
    stack = Stack(data, port_base=port_base, tell=lambda line: console.print(f"[dim]{line}[/dim]"))
    ending = _hear_interrupts(stack)
    stack.start()
    try:
        for line in seed_demo(stack):
            console.print(line, soft_wrap=True)
        console.print("Ctrl-C stops everything; the data stays. `make reset` empties it.")
        stack.watch()
    finally:
        ending.append(True)
        try:
            console.print("[dim]stopping …[/dim]")
        finally:
            # Also when nobody reads any more what is said.
            stack.stop()


def show_status(data: Path, port_base: int) -> int:
    """Print the screen of health, as an operator's shell would; answers its exit code. StartError when nothing runs."""
    if not (data / "children.json").is_file():
        raise StartError(f"nothing runs on the data in {data}; `make run` starts it")
    environment = operators_environment(data, Ports.choose(port_base))
    return subprocess.run([sys.executable, "-m", "chassis.cli", "status"], env=environment, check=False).returncode


def _hear_interrupts(stack: Stack) -> list[bool]:
    """Let the first Ctrl-C or SIGTERM end the stack in order and every later one at once; answers what is not empty once it ends.

    One handler for both: were the second one's put in place only when the end begins, an interrupt just before it would
    break off the end and leave everything running. Nothing that was committed is lost by ending at once.
    """
    # Not an Event: a handler must wait for no lock that its own thread may hold.
    ending: list[bool] = []

    def heard(signum: int, frame: object) -> None:
        if ending:
            stack.kill_everything()
        else:
            ending.append(True)
            raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, heard)
    # A shell has its background jobs ignore Ctrl-C, which is meant for another program then.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, heard)
    return ending


if __name__ == "__main__":
    raise SystemExit(main())
