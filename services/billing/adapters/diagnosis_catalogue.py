"""ICD-10-CM codes with their official words, from the tabular list that simple-icd-10-cm carries.

Read once, when somebody searches or a line names a side (0.5 s, 15 MB); nothing is read at the service's start.
"""

from __future__ import annotations

import importlib.util
import re
import threading
import xml.etree.ElementTree as ET
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A billable code without its dot, and its words."""

    code: str
    words: str


class DiagnosisCatalogue:
    """The code set of one year. `billable` are the codes that a claim may carry."""

    def __init__(self, billable: Container[str]) -> None:
        self._billable = billable
        self._words: dict[str, str] | None = None
        self._folded: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def words_of(self, code: str) -> str:
        """A code's (without dot) words; those of its category where an extension has none of its own; '' for no code."""
        words = self._loaded()
        plain = code.upper()
        while len(plain) >= 3:
            if plain in words:
                return words[plain]
            plain = plain[:-1]
        return ""

    def search(self, text: str, limit: int) -> list[CatalogueEntry]:
        """Billable codes that begin with the text, then those whose words hold all of its words; at most `limit`."""
        words = self._loaded()
        code = text.upper().replace(".", "").strip()
        found: list[str] = []
        if len(code) >= 2 and code[1].isdigit():
            found = [one for one in words if one.startswith(code) and one in self._billable][:limit]
        wanted = WORD.findall(text.lower())
        if wanted and len(found) < limit:
            hits = [one for one, folded in self._folded if all(word in folded for word in wanted)]
            hits.sort(key=lambda one: (not words[one].lower().startswith(wanted[0]), len(words[one]), one))
            found += [one for one in hits if one not in set(found)]
        return [CatalogueEntry(one, words[one]) for one in found[:limit]]

    def _loaded(self) -> dict[str, str]:
        with self._lock:
            if self._words is None:
                read = _read()
                self._folded = [(code, words.lower()) for code, words in read.items() if code in self._billable]
                self._words = read
            return self._words


def _read() -> dict[str, str]:
    """Every code of the tabular list with its words. Raises RuntimeError when the package carries none."""
    spec = importlib.util.find_spec("simple_icd_10_cm")
    files = sorted((Path(spec.origin).parent / "data").glob("*tabular*.xml")) if spec and spec.origin else []
    if not files:
        raise RuntimeError("simple-icd-10-cm carries no tabular list")
    found: dict[str, str] = {}
    name = ""
    for event, element in ET.iterparse(files[-1], events=("start", "end")):  # noqa: S314 - as above
        if event == "start":
            name = "" if element.tag == "diag" else name
        elif element.tag == "name":
            name = element.text or ""
        elif element.tag == "desc" and name:
            found.setdefault(name.replace(".", ""), element.text or "")
            name = ""
        elif element.tag == "chapter":
            element.clear()
    return found
