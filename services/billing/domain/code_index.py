"""Finding codes by what they begin with and by their words, in milliseconds, in memory.

Codes stand in a fixed order (the shortest words first), so that whatever was found is ranked by its position alone; postings are
sorted positions, and sets of them are joined and cut without a loop of ours. A word of the question finds every word that begins with it.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AnySet
from dataclasses import dataclass
from datetime import date
from heapq import nsmallest

WORD = re.compile(r"[a-z0-9]+")
# Beginnings that very many words share have their postings ready.
SHORT = 2
_AFTER = "\uffff"
_NONE: array[int] = array("I")


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """A code without its dot, with its words. First and last day: None is open; `priced`: the charge master has it.

    It is found by its `synonyms` too, which are not shown.
    """

    code: str
    words: str
    start: date | None = None
    end: date | None = None
    source: str = ""
    priced: bool = False
    synonyms: str = ""

    def holds(self, day: date) -> bool:
        """Whether it may be used for a service on `day`."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


class _Postings:
    """Where words stand: by word, and by the short beginnings of words; positions rise."""

    def __init__(self) -> None:
        self._by_word: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
        self._by_beginning: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
        self._vocabulary: list[str] = []

    def add(self, at: int, words: Iterable[str]) -> None:
        """Notes that these words stand at a position; positions are added in their order."""
        distinct = set(words)
        for word in distinct:
            self._by_word[word].append(at)
        for beginning in {word[:length] for word in distinct for length in range(1, SHORT + 1)}:
            self._by_beginning[beginning].append(at)

    def close(self) -> None:
        """Everything was added."""
        self._vocabulary = sorted(self._by_word)

    def of(self, word: str) -> array[int]:
        """Positions of a word, in order."""
        return self._by_word.get(word, _NONE)

    def beginning_with(self, text: str) -> Sequence[array[int]]:
        """Positions of every word that begins so, word by word."""
        if len(text) <= SHORT:
            return [self._by_beginning.get(text, _NONE)]
        first, last = bisect_left(self._vocabulary, text), bisect_left(self._vocabulary, text + _AFTER)
        return [self._by_word[one] for one in self._vocabulary[first:last]]


class CodeIndex:
    """The codes of some lists. Built once, never changed: it may be read by many threads."""

    def __init__(self, entries: Iterable[CodeEntry]) -> None:
        self._entries: Sequence[CodeEntry] = sorted(entries, key=lambda one: (len(one.words), one.code))
        self._by_code = sorted((one.code, at) for at, one in enumerate(self._entries))
        self._dated = any(one.start or one.end for one in self._entries)
        self._words, self._first_words = _Postings(), _Postings()
        for at, entry in enumerate(self._entries):
            words = WORD.findall(entry.words.lower())
            self._words.add(at, words + WORD.findall(entry.synonyms.lower()) if entry.synonyms else words)
            self._first_words.add(at, words[:1])
        self._words.close()
        self._first_words.close()

    def __len__(self) -> int:
        return len(self._entries)

    def entry(self, code: str) -> CodeEntry | None:
        """The code (without dot), if there is such a one."""
        at = bisect_left(self._by_code, (code, 0))
        found = at < len(self._by_code) and self._by_code[at][0] == code
        return self._entries[self._by_code[at][1]] if found else None

    def search(self, text: str, day: date, limit: int) -> list[CodeEntry]:
        """Codes that hold on the day, at most `limit`: those that begin with the text in their order, then those with all of its words.

        Of the latter: every word as it is before words that only begin so, words that begin with the first one before others, the
        shortest first.
        """
        found: dict[str, CodeEntry] = {}
        for at in self._found(text, limit):
            entry = self._entries[at]
            if entry.holds(day):
                found.setdefault(entry.code, entry)
            if len(found) == limit:
                break
        return list(found.values())

    def _found(self, text: str, limit: int) -> Iterator[int]:
        """Positions, the best first; one may come twice."""
        yield from self._codes_beginning_with(text.upper().replace(".", "").strip())
        words = list(dict.fromkeys(WORD.findall(text.lower())))
        if not words:
            return
        if len(words) == 1:
            yield from self._first_words.of(words[0])
            yield from self._words.of(words[0])
        else:
            exact = set(self._words.of(words[0])).intersection(*map(self._words.of, words[1:]))
            yield from self._best(exact.intersection(self._first_words.of(words[0])), limit)
            yield from self._best(exact, 2 * limit)
        begin = set().union(*self._first_words.beginning_with(words[0]))
        lists = sorted(map(self._words.beginning_with, words), key=lambda one: sum(map(len, one)))
        if len(words) == 1 and len(lists[0]) == 1:
            yield from self._best(begin, 2 * limit)
            yield from lists[0][0]
            return
        having: set[int] = set().union(*lists[0])
        for one in lists[1:]:
            having &= set().union(*one)
        yield from self._best(begin & having, 3 * limit)
        yield from self._best(having, 4 * limit)

    def _best(self, positions: AnySet[int], count: int) -> list[int]:
        """The first so many of them (all, where some codes do not hold on every day); `count` allows for those that were found before."""
        return sorted(positions) if self._dated or len(positions) <= count else nsmallest(count, positions)

    def _codes_beginning_with(self, code: str) -> Iterator[int]:
        # A word is no code: every code has a digit at its second place.
        if not code or not code.isalnum() or (len(code) > 1 and not code[1].isdigit()):
            return
        at = bisect_left(self._by_code, (code, 0))
        while at < len(self._by_code) and self._by_code[at][0].startswith(code):
            yield self._by_code[at][1]
            at += 1
