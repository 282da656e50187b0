"""Clients that behave badly: slow ones, half-open ones, ones that never read. Others must not notice."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from infra.chaos.stage import Stage
from infra.chaos.trouble import Trouble
from infra.local.process import LOOPBACK

SLOW_CLIENTS: Final = 400
SECONDS: Final = 12.0
BYTE_EVERY_SECONDS: Final = 1.0
HEAD: Final = (
    b"POST /api/v1/sessions HTTP/1.1\r\nHost: clinic\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n"
)


@contextmanager
def crowd(stage: Stage, count: int) -> Iterator[list[socket.socket]]:
    """So many connections to the gateway; whatever the gateway does to them is its good right."""
    port = stage.stack.plan.ports["gateway"]
    clients: list[socket.socket] = []
    try:
        for _ in range(count):
            with contextlib.suppress(OSError):
                clients.append(socket.create_connection((LOOPBACK, port), timeout=5))
        yield clients
    finally:
        for client in clients:
            client.close()


def trickle(stage: Stage, first: bytes, rest: bytes) -> None:
    """Every client sends ``first`` at once and then one byte of ``rest`` a second."""
    ended = threading.Event()

    def drip(clients: list[socket.socket]) -> None:
        for number in range(len(rest)):
            if ended.wait(BYTE_EVERY_SECONDS):
                return
            for client in clients:
                with contextlib.suppress(OSError):
                    client.send(rest[number : number + 1])

    with stage.cause(), crowd(stage, SLOW_CLIENTS) as clients:
        for client in clients:
            with contextlib.suppress(OSError):
                client.sendall(first)
        dripping = threading.Thread(target=drip, args=(clients,), daemon=True)
        dripping.start()
        stage.last(SECONDS)
        ended.set()
        dripping.join()
        stage.note(f"{len(clients)} clients, a byte a second each")


def slow_heads(stage: Stage) -> None:
    """Requests whose head never ends."""
    trickle(stage, HEAD[:30], HEAD[30:])


def slow_bodies(stage: Stage) -> None:
    """Requests whose body never ends."""
    trickle(stage, HEAD + b"\r\n{", b" " * 1999)


def half_open(stage: Stage) -> None:
    """Connections on which nothing is ever said, and connections whose answers nobody reads."""
    with stage.cause(), crowd(stage, SLOW_CLIENTS) as clients:
        for client in clients[::2]:
            with contextlib.suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
                client.sendall(b"GET /api/openapi.json HTTP/1.1\r\nHost: clinic\r\n\r\n")
        stage.last(SECONDS)
        stage.note(f"{len(clients)} clients, half of them mute and half of them deaf")


TROUBLES: Final = [
    Trouble("clients-slow-heads", f"{SLOW_CLIENTS} clients send a request's head byte by byte", slow_heads),
    Trouble("clients-slow-bodies", f"{SLOW_CLIENTS} clients send a request's body byte by byte", slow_bodies),
    Trouble("clients-half-open", f"{SLOW_CLIENTS} clients say nothing, or never read what they asked for", half_open),
]
