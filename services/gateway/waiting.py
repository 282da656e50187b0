"""No thread waits for a slow client: a request is given one when it has come whole, and an answer that nobody reads takes it
back.

gunicorn's threaded worker gives a connection its thread at once; a few hundred clients that send a byte a second then hold all
of them, and everybody else waits. Here the one loop that accepts connections also watches requests grow, in the kernel's own
buffers: a connection costs nothing until its head and its body are there. A body of more than ``AWAITED_BODY`` bytes is the one
exception: it is read by a thread as it comes.
"""

from __future__ import annotations

import fcntl
import re
import socket
import struct
import sys
import termios
import time
from functools import partial
from selectors import EVENT_READ

from gunicorn.workers.gthread import TConn, ThreadWorker

# From the first byte that is waited for until the whole request is there; then the connection is closed.
REQUEST_SECONDS = 30.0
# A head that is longer is refused by the parser; a body that is longer is not waited for.
LONGEST_HEAD = 64 * 1024
AWAITED_BODY = 64 * 1024
# After so long without the client taking a byte of its answer the connection is broken.
UNREAD_SECONDS = 30
END_OF_HEAD = b"\r\n\r\n"
END_OF_CHUNKS = b"0\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:", re.IGNORECASE)


def missing(beginning: bytes, available: int) -> int:
    """How many bytes at least are still to come before a thread can begin; 0: none.

    :param beginning: the first bytes that have come, at most ``LONGEST_HEAD``
    :param available: how many have come altogether
    """
    end = beginning.find(END_OF_HEAD)
    if end < 0:
        return 1 if available < LONGEST_HEAD else 0
    head, begun = beginning[: end + 2], available - end - len(END_OF_HEAD)
    length, chunked = _LENGTH.search(head), _CHUNKED.search(head)
    # Whoever waits for our word before the rest, or speaks with two tongues, is the parser's to answer.
    if _EXPECT.search(head) or (length and chunked):
        return 0
    if chunked:
        return 0 if begun >= AWAITED_BODY or beginning.endswith(END_OF_CHUNKS) else 1
    body = int(length[1]) if length else 0
    return max(0, body - begun) if body <= AWAITED_BODY else 0


class WaitingWorker(ThreadWorker):
    """The threaded worker, whose threads begin when there is something to do."""

    def accept(self, listener: socket.socket) -> None:
        """Takes a connection and watches it; its thread comes later."""
        if self.cfg.is_ssl:
            super().accept(listener)
            return
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", UNREAD_SECONDS, 0))
        self._watch(TConn(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """A kept connection has the beginning of another request."""
        if self.cfg.is_ssl or self._is_whole(conn):
            super().on_client_socket_readable(conn, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._watch(conn)

    def on_pending_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """More of a request has come."""
        if self.cfg.is_ssl or self._is_whole(conn):
            super().on_pending_socket_readable(conn, client)

    def _cap_keepalive(self, deadline: float) -> None:
        """A worker that stops waits for nobody who has only begun to ask."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def _watch(self, conn: TConn) -> None:
        conn.timeout = time.monotonic() + REQUEST_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    @staticmethod
    def _is_whole(conn: TConn) -> bool:
        """Whether a thread can begin. When not, the socket is readable again only when more has come than now."""
        seen = getattr(conn, "seen_bytes", 0)
        try:
            beginning = conn.sock.recv(LONGEST_HEAD, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            available = _available(conn.sock)
            # Readable without a byte more: the client has hung up, which the parser will find.
            awaited = missing(beginning, available) if available > seen else 0
            conn.seen_bytes = available if awaited else 0
            if awaited or seen:
                conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, available + awaited if awaited else 1)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return not awaited


def _available(sock: socket.socket) -> int:
    """How many bytes lie in the kernel's buffer."""
    answer = fcntl.ioctl(sock.fileno(), termios.FIONREAD, bytes(4))
    return int.from_bytes(answer, sys.byteorder)
