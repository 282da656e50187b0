"""One walker's way: from the first page by every link, each kind of page a few times, in both widths and both languages."""

from __future__ import annotations

import re
import zlib
from collections import Counter, deque
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import APIResponse, Browser, BrowserContext, Error, Page, Response

from infra.assets import packages
from infra.tour.people import Walker, sign_in
from infra.tour.texts import SPOKEN, Untranslated

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Pages of one kind differ by their data alone: so many of each are opened.
EXAMPLES = 2
# A busy machine takes its time for a picture of a long page; that is no fault of the page.
PATIENCE_MS = 120_000
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<=/)\d+(?=/|$)")
_HREF = re.compile(r"<a\b[^>]*?\bhref=\"([^\"]*)\"")
_FILES = ("pdf", "csv", "x12", "ics", "837", "835")
# WCAG 2.2 at the levels A and AA.
AXE_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
LINKS = "() => [...document.querySelectorAll('a[href]')].map((each) => each.href)"
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@dataclass
class Tour:
    """What all walkers have found so far."""

    url: str
    shots: Path
    # (which, of how many): a walk in parts. Pages of the other parts' kinds are only asked for their links.
    part: tuple[int, int] = (1, 1)
    problems: list[str] = field(default_factory=list)
    pages: Counter[str] = field(default_factory=Counter)
    # Kinds of page of which a picture was taken.
    seen: set[str] = field(default_factory=set)
    _untranslated: Untranslated = field(default_factory=lambda: Untranslated("es"))
    # axe-core, from the locked packages.
    axe: str = field(default_factory=lambda: (packages() / "axe-core" / "axe.min.js").read_text(), repr=False)

    def is_of_part(self, kind: str) -> bool:
        """Whether pages of a kind are looked at in this part of the walk; the same in every run."""
        which, parts = self.part
        return zlib.crc32(kind.encode()) % parts == which - 1

    def walk(self, browser: Browser, walker: Walker) -> int:
        """Walks as somebody; how many pages they opened."""
        english = self._context(browser, "en-US")
        spanish = self._context(browser, "es-US")
        try:
            return _Way(self, walker, english.new_page(), spanish.new_page(), self._untranslated).go()
        finally:
            english.close()
            spanish.close()

    def _context(self, browser: Browser, language: str) -> BrowserContext:
        context = browser.new_context(viewport=WIDE, locale=language, base_url=self.url)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        return context


class _Way:
    def __init__(self, tour: Tour, walker: Walker, page: Page, spanish: Page, untranslated: Untranslated) -> None:
        self._tour, self._walker, self._page, self._spanish = tour, walker, page, spanish
        self._untranslated = untranslated
        self._opened: Counter[str] = Counter()
        self._here = ""
        page.on("pageerror", lambda error: self._wrong(f"script: {error}"))
        page.on("console", lambda said: self._wrong(f"console: {said.text}") if said.type == "error" else None)

    def go(self) -> int:
        """Breadth first, so that what is near is seen before the examples run out."""
        if self._walker.login:
            sign_in(self._page, self._walker)
            sign_in(self._spanish, self._walker)
        ahead: deque[tuple[str, str]] = deque([(self._walker.start, "")])
        known = {self._walker.start}
        while ahead:
            path, by = ahead.popleft()
            kind = kind_of(path)
            if self._opened[kind] >= EXAMPLES:
                continue
            self._opened[kind] += 1
            for found in self._open(path, by, kind):
                if found not in known and self._is_ours(found):
                    known.add(found)
                    ahead.append((found, path))
        self._tour.pages[self._walker.name] += sum(self._opened.values())
        return sum(self._opened.values())

    def _open(self, path: str, by: str, kind: str) -> list[str]:
        self._here = f"{path} (linked on {by})" if by else path
        if path.split("?")[0].endswith(_FILES) or "format=csv" in path:
            self._fetch(path)
            return []
        if not self._tour.is_of_part(kind):
            return self._links_alone(path)
        try:
            answer = self._page.goto(path, wait_until="load")
        except Error as error:
            # A file that the browser saves is no page; it is only fetched.
            if "ERR_ABORTED" in str(error) or "Download is starting" in str(error):
                self._fetch(path)
            else:
                self._wrong(str(error).splitlines()[0])
            return []
        if answer is not None and not self._is_page(answer):
            return []
        if self._walker.name == "video":
            self._page.locator("main:not([hidden]) h1").first.wait_for()
        links = [self._relative(each) for each in self._page.evaluate(LINKS)]
        if kind not in self._tour.seen:
            self._tour.seen.add(kind)
            self._look(kind)
        if self._opened[kind] == 1:
            self._listen(path)
        return [each for each in links if each]

    def _is_page(self, answer: Response) -> bool:
        if answer.status >= 400:
            self._wrong(f"{answer.status}")
            return False
        return "text/html" in answer.headers.get("content-type", "")

    def _fetch(self, path: str) -> APIResponse:
        answer = self._page.request.get(path)
        if answer.status >= 400:
            self._wrong(f"{answer.status}")
        return answer

    def _links_alone(self, path: str) -> list[str]:
        """Where a page leads that another part looks at."""
        answer = self._fetch(path)
        if answer.status >= 400 or "text/html" not in answer.headers.get("content-type", ""):
            return []
        found = (unescape(each) for each in _HREF.findall(answer.text()))
        return [each for each in (self._relative(urljoin(answer.url, each)) for each in found) if each]

    def _look(self, kind: str) -> None:
        """A picture in each width; nothing may be wider than its window, and axe may find nobody left out."""
        name = re.sub(r"[^a-z0-9]+", "-", kind.lower()).strip("-") or "start"
        for size in (WIDE, NARROW):
            self._page.set_viewport_size(size)  # type: ignore[arg-type]
            self._page.wait_for_timeout(120)
            self._page.screenshot(path=self._tour.shots / f"{name}-{size['width']}.png", full_page=True)
            if self._page.evaluate(TOO_WIDE):
                self._wrong(f"is wider than {size['width']} px")
            for each in self._left_out():
                self._wrong(f"axe at {size['width']} px: {each}")
        self._page.set_viewport_size(WIDE)  # type: ignore[arg-type]

    def _left_out(self) -> list[str]:
        """What axe finds wrong with the page as it stands, a line for each rule."""
        self._page.evaluate(self._tour.axe)
        found = self._page.evaluate("rules => axe.run(document, rules)", AXE_RULES)
        return [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found["violations"]]

    def _listen(self, path: str) -> None:
        """The same page in Spanish: nothing on it may have stayed English."""
        self._spanish.goto(path, wait_until="load")
        for each in self._untranslated.among(self._spanish.evaluate(SPOKEN)):
            self._wrong(f"untranslated: {each!r}")

    def _relative(self, address: str) -> str:
        """The path and query of one of our own addresses; "" of any other."""
        whole = urljoin(self._tour.url, address)
        if not whole.startswith(self._tour.url + "/") and whole != self._tour.url:
            return ""
        parts = urlsplit(whole)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def _is_ours(self, path: str) -> bool:
        bare = path.split("?")[0]
        return any(bare == each or bare.startswith(f"{each}/") for each in self._walker.site)

    def _wrong(self, what: str) -> None:
        told = f"{self._walker.name}: {self._here}: {what}"
        if told not in self._tour.problems:
            self._tour.problems.append(told)


def kind_of(path: str) -> str:
    """``/console/patients/{}?view``: what kind of page an address is, whoever, whenever and wherever it is about."""
    parts = urlsplit(path.split("#")[0])
    # Every page offers itself at the other locations.
    names = sorted({each.split("=")[0] for each in parts.query.split("&") if each} - {"location"})
    bare = _ID.sub("{}", parts.path)
    return f"{bare}?{'&'.join(names)}" if names else bare
