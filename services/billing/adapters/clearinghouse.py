"""The clearinghouse: real-time questions, 837 files out, acknowledgements and remittances in.

Two ways, chosen by the setting `clearinghouse_url`: an HTTPS interface (`https://…`) or drop folders that an SFTP
client keeps in step (`file:///…`: `outbound/` and `inbound/`). Sending is idempotent by file name in both.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

import requests

from chassis import telemetry
from chassis.clock import monotonic
from chassis.errors import Unavailable
from chassis.peers import SLOW_SECONDS, Breaker

EDI = "application/edi-x12"
TIMEOUT_SECONDS = (3.0, 12.0)
# A longer file is refused before it fills the process's memory (bytes).
LONGEST_FILE = 256 * 1024 * 1024
TOO_LONG = f"the file is longer than {LONGEST_FILE // 1024**2} MiB"
CHUNK = 1024 * 1024


class ClearinghouseRefused(Exception):
    """It answered and will not do this (bad credentials, a name used for other bytes): asking again is useless."""


class ClearinghousePaused(Unavailable):
    """It has hung several times in a row: nobody waits for it at present, and nothing was asked."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file that waits for us; `cursor` orders them."""

    cursor: str
    name: str


class Clearinghouse(Protocol):
    """What billing needs of a clearinghouse."""

    # Whether it answers questions while one waits; else they go by file.
    real_time: bool

    def ask(self, interchange: bytes) -> bytes:
        """The answer to a 270 or 276 in real time. Raises Unavailable, ClearinghouseRefused."""
        ...

    def send(self, name: str, data: bytes) -> None:
        """Hands over a file; the same name and bytes again change nothing. Raises Unavailable, ClearinghouseRefused."""
        ...

    def list_inbound(self, after: str) -> Sequence[Listed]:
        """Files that appeared after the cursor, in order, a page of them. Raises Unavailable."""
        ...

    def fetch(self, name: str) -> bytes:
        """The bytes of a file. Raises Unavailable, ClearinghouseRefused."""
        ...


def clearinghouse_at(url: str, submitter: str, secret: str) -> Clearinghouse:
    """The clearinghouse that a setting names."""
    if urlsplit(url).scheme == "file":
        return DropFolder(Path(urlsplit(url).path))
    return HttpClearinghouse(url, submitter, secret)


class HttpClearinghouse:
    """The HTTPS interface, with the submitter's id and secret.

    Behind a circuit breaker: a clearinghouse that hangs takes no worker's time; one that refuses at once costs nothing.
    """

    real_time = True

    def __init__(self, url: str, submitter: str, secret: str) -> None:
        self._breaker = Breaker()
        self._url = url.rstrip("/")
        self._auth = (submitter, secret)

    def ask(self, interchange: bytes) -> bytes:
        """See `Clearinghouse.ask`."""
        return self._call("POST", "/v1/realtime", data=interchange).content

    def send(self, name: str, data: bytes) -> None:
        """See `Clearinghouse.send`."""
        self._call("PUT", f"/v1/outbound/{quote(name, safe='')}", data=data)

    def list_inbound(self, after: str) -> Sequence[Listed]:
        """See `Clearinghouse.list_inbound`."""
        answer = self._call("GET", "/v1/inbound", params={"after": after or "0", "limit": "100"})
        return [Listed(str(entry["cursor"]), str(entry["name"])) for entry in answer.json()["files"]]

    def fetch(self, name: str) -> bytes:
        """See `Clearinghouse.fetch`."""
        data = bytearray()
        with self._call("GET", f"/v1/inbound/{quote(name, safe='')}", stream=True) as answer:
            try:
                for chunk in answer.iter_content(CHUNK):
                    data += chunk
                    if len(data) > LONGEST_FILE:
                        raise ClearinghouseRefused(TOO_LONG)
            except requests.RequestException as error:
                raise Unavailable(internal=f"clearinghouse: {type(error).__name__}") from error
        return bytes(data)

    def _call(
        self,
        method: str,
        path: str,
        *,
        data: bytes | None = None,
        params: dict[str, str] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        what = path.split("/")[2]
        try:
            self._breaker.check()
        except Unavailable as error:
            raise ClearinghousePaused(error.retry_after or 1.0, internal="circuit breaker is open") from None
        started = monotonic()
        with telemetry.outside("clearinghouse", f"{method} {what}"):
            try:
                answer = requests.request(
                    method,
                    self._url + path,
                    data=data,
                    params=params,
                    auth=self._auth,
                    headers={"Content-Type": EDI} if data is not None else None,
                    timeout=TIMEOUT_SECONDS,
                    stream=stream,
                )
            except requests.RequestException as error:
                self._note_failure(monotonic() - started)
                raise Unavailable(internal=f"clearinghouse: {type(error).__name__}") from error
            if answer.status_code in (408, 429) or answer.status_code >= 500:
                self._note_failure(monotonic() - started)
                raise Unavailable(internal=f"clearinghouse answers {answer.status_code}")
            self._breaker.succeeded()
            if not answer.ok:
                raise ClearinghouseRefused(f"{method} {what}: {answer.status_code}")
            return answer

    def _note_failure(self, seconds: float) -> None:
        if seconds >= SLOW_SECONDS:
            self._breaker.failed()


class DropFolder:
    """Folders in the layout of the clearinghouse's SFTP server; files are moved in whole under a temporary name."""

    real_time = False

    def __init__(self, root: Path) -> None:
        self._outbound = root / "outbound"
        self._inbound = root / "inbound"

    def ask(self, interchange: bytes) -> bytes:
        """Drop folders answer nothing in real time."""
        raise ClearinghouseRefused("drop folders answer no questions in real time")

    def send(self, name: str, data: bytes) -> None:
        """See `Clearinghouse.send`."""
        target = self._outbound / name
        try:
            if target.exists():
                if hashlib.sha256(target.read_bytes()).digest() != hashlib.sha256(data).digest():
                    raise ClearinghouseRefused(f"{name} lies there with other content")
                return
            temporary = self._outbound / f".{name}.part"
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(target)
        except OSError as error:
            raise Unavailable(internal=f"drop folder: {error.strerror}") from error

    def list_inbound(self, after: str) -> Sequence[Listed]:
        """Whole files by time of arrival and name; the cursor is both.

        The time is that of the inode's last change, which moving a file in sets. Its time of modification is older than its
        arrival, by days when a client keeps it (`rsync -a`, `sftp -p`): such a file would lie before the cursor, unseen.
        """
        try:
            files = [file for file in self._inbound.iterdir() if file.is_file() and not file.name.startswith(".")]
            found = sorted((f"{file.stat().st_ctime_ns:020d}/{file.name}", file.name) for file in files)
        except OSError as error:
            raise Unavailable(internal=f"drop folder: {error.strerror}") from error
        return [Listed(cursor, name) for cursor, name in found if cursor > after][:100]

    def fetch(self, name: str) -> bytes:
        """See `Clearinghouse.fetch`."""
        if Path(name).name != name:
            raise ClearinghouseRefused("a file name leads out of the folder")
        try:
            if (self._inbound / name).stat().st_size > LONGEST_FILE:
                raise ClearinghouseRefused(TOO_LONG)
            return (self._inbound / name).read_bytes()
        except OSError as error:
            raise Unavailable(internal=f"drop folder: {error.strerror}") from error
