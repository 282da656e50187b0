"""ICD-10-CM codes with their official words, from the tabular list that simple-icd-10-cm carries.

Read once, when somebody searches or a line names a side (about two seconds); nothing is read at the service's start. Codes of seven
places stand in no row of the tabular list: their words are those of their category and of the seventh character's definition.
"""

from __future__ import annotations

import importlib.util
import re
import threading
import xml.etree.ElementTree as ET
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from billing.domain.code_index import CodeEntry, CodeIndex

# icd10c-tabular-April-1-2026.xml
RELEASE = re.compile(r"tabular-([A-Za-z]+)-\d+-(\d{4})")
SEVEN = 7
PLACEHOLDER = "X"
# Where the tabular list says what else a code is for.
INCLUSIONS = frozenset({"inclusionTerm", "includes"})


class DiagnosisCatalogue:
    """The code set of one release. `billable` are the codes that a claim may carry."""

    def __init__(self, billable: Container[str]) -> None:
        self._billable = billable
        self._read: _Tabular | None = None
        self._index: CodeIndex | None = None
        self._lock = threading.Lock()

    def words_of(self, code: str) -> str:
        """A code's (without dot) words; those of its category where an extension has none of its own; '' for no code."""
        words = self._tabular().words
        plain = code.upper()
        while len(plain) >= 3:
            if plain in words:
                return words[plain]
            plain = plain[:-1]
        return ""

    def release(self) -> str:
        """Which release it is, e.g. "ICD-10-CM April 2026"."""
        return self._tabular().release

    def is_billable(self, code: str) -> bool:
        """Whether a claim may carry the code (without dot)."""
        return code in self._billable

    def entry(self, code: str) -> CodeEntry | None:
        """A billable code (without dot) with its words; None: there is no such code."""
        words = self._tabular().words_for(code) if code in self._billable else ""
        return CodeEntry(code, words, source=self._tabular().release) if words else None

    def search(self, text: str, day: date, limit: int) -> list[CodeEntry]:
        """Billable codes; see `CodeIndex.search`. The release holds for every day: the package carries no history."""
        return self._indexed().search(text, day, limit)

    def _tabular(self) -> _Tabular:
        with self._lock:
            if self._read is None:
                self._read = _read()
            return self._read

    def _indexed(self) -> CodeIndex:
        tabular = self._tabular()
        with self._lock:
            if self._index is None:
                self._index = CodeIndex(
                    CodeEntry(code, words, source=tabular.release, synonyms=tabular.synonyms.get(code, ""))
                    for code, words in tabular.every_code()
                    if code in self._billable
                )
            return self._index


@dataclass(slots=True)
class _Tabular:
    """The tabular list: words by code, and by category what its seventh characters mean."""

    release: str
    words: dict[str, str] = field(default_factory=dict)
    extensions: dict[str, Mapping[str, str]] = field(default_factory=dict)
    # Inclusion terms: what else a code is for.
    synonyms: dict[str, str] = field(default_factory=dict)

    def every_code(self) -> Iterator[tuple[str, str]]:
        """Every code with its words, those with seventh characters included."""
        yield from self.words.items()
        parents = {code[:-1] for code in self.words}
        for code, words in self.words.items():
            if code in parents or len(code) >= SEVEN:
                continue
            for character, meaning in self._meanings(code).items():
                extended = code.ljust(SEVEN - 1, PLACEHOLDER) + character
                if extended not in self.words:
                    yield extended, f"{words}, {meaning}"

    def words_for(self, code: str) -> str:
        """The words of a code, with its seventh character's; '' for none. Needs no index."""
        if code in self.words or len(code) < SEVEN:
            return self.words.get(code, "")
        base = code[: SEVEN - 1]
        while base not in self.words and base.endswith(PLACEHOLDER):
            base = base[:-1]
        meaning = self._meanings(base).get(code[-1], "")
        return f"{self.words[base]}, {meaning}" if base in self.words and meaning else ""

    def _meanings(self, code: str) -> Mapping[str, str]:
        """What the seventh characters of a code mean: its own definition, or the nearest one above it."""
        for length in range(len(code), 2, -1):
            if code[:length] in self.extensions:
                return self.extensions[code[:length]]
        return {}


def _read() -> _Tabular:
    """The tabular list. Raises RuntimeError when the package carries none."""
    spec = importlib.util.find_spec("simple_icd_10_cm")
    files = sorted((Path(spec.origin).parent / "data").glob("*tabular*.xml")) if spec and spec.origin else []
    if not files:
        raise RuntimeError("simple-icd-10-cm carries no tabular list")
    named = RELEASE.search(files[-1].name)
    found = _Tabular(f"ICD-10-CM {named.group(1)} {named.group(2)}" if named else "ICD-10-CM")
    open_codes: list[str] = []
    meanings: dict[str, str] = {}
    name, terms = "", False
    for event, element in ET.iterparse(files[-1], events=("start", "end")):  # noqa: S314 - a file of a locked dependency
        if event == "start":
            if element.tag == "diag":
                name = ""
                open_codes.append("")
            terms = element.tag in INCLUSIONS or (terms and element.tag == "note")
        elif element.tag == "name" and open_codes and not open_codes[-1]:
            name = (element.text or "").replace(".", "")
            open_codes[-1] = name
        elif element.tag == "desc" and name:
            found.words.setdefault(name, element.text or "")
            name = ""
        elif element.tag == "extension" and element.get("char"):
            meanings[element.get("char", "")] = element.text or ""
        elif element.tag == "note" and terms and open_codes:
            found.synonyms[open_codes[-1]] = f"{found.synonyms.get(open_codes[-1], '')} {element.text or ''}".strip()
        elif element.tag == "sevenChrDef":
            if open_codes and meanings:
                found.extensions[open_codes[-1]] = meanings
            meanings = {}
        elif element.tag == "diag":
            open_codes.pop()
        elif element.tag == "chapter":
            element.clear()
    return found
