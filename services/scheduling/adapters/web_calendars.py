"""Reads a calendar from its url: https, a public host, so many bytes and seconds, and no redirect to where it may not go."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from chassis import telemetry

MOST_BYTES = 2_000_000
TIMEOUT = 10.0


class NotRead(Exception):
    """A calendar that could not be fetched; the text is for people and names no url."""


@dataclass(frozen=True)
class WebCalendars:
    """Fetches calendars. ``private`` allows http and hosts of private networks: for laptops and tests."""

    private: bool = False

    def problem_of(self, url: str) -> str | None:
        """What is wrong with a url before anything is fetched; None when nothing is."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return "is not a url"
        if parts.scheme != "https" and not (self.private and parts.scheme == "http"):
            return "must begin with https://"
        if not parts.hostname or parts.username or parts.password:
            return "must name a host, and no user"
        if port not in (None, 443) and not self.private:
            return "must be at port 443"
        return None

    def fetch(self, url: str) -> bytes:
        """The calendar's bytes. Raises NotRead."""
        problem = self.problem_of(url)
        if problem is not None:
            raise NotRead(problem)
        with telemetry.outside("calendar", "read") as failed:
            try:
                self._refuse_private(urlsplit(url).hostname or "")
                with requests.get(
                    url, timeout=TIMEOUT, stream=True, allow_redirects=False, headers={"Accept": "text/calendar"}
                ) as answer:
                    return _body(answer)
            except NotRead:
                failed("REFUSED")
                raise
            except (requests.RequestException, OSError) as error:
                failed("UNREACHABLE")
                raise NotRead("cannot be reached") from error

    def _refuse_private(self, host: str) -> None:
        """Our own network is not to be reached by a url that somebody types in.

        The name is looked up again by the request; who can change it between the two could also answer with anything else, and what
        comes back is parsed as a calendar and never shown.
        """
        if self.private:
            return
        for _, _, _, _, address in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM):
            if not ipaddress.ip_address(address[0]).is_global:
                raise NotRead("must be at a public host")


def _body(answer: requests.Response) -> bytes:
    if answer.status_code != 200:
        raise NotRead(f"was answered with status {answer.status_code}")
    content = b""
    for part in answer.iter_content(65_536):
        content += part
        if len(content) > MOST_BYTES:
            raise NotRead(f"is larger than {MOST_BYTES} bytes")
    return content
