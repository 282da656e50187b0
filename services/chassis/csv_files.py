"""Files of rows as people have them: UTF-8 or Latin-1; comma, semicolon or tab; with a heading."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Keyed(Protocol):
    """A row that names itself by a key, once in a file."""

    @property
    def key(self) -> str: ...


Row = TypeVar("Row", bound=Keyed)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used: its line in the file, its cells as they are, and why."""

    line: int
    cells: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class ReadFile(Generic[Row]):
    """What a file holds: rows that can be read, and those that cannot with everything that is wrong with each."""

    heading: tuple[str, ...]
    rows: tuple[Row, ...]
    bad: tuple[BadRow, ...]


def read_keyed(
    data: bytes,
    known: Mapping[str, Sequence[str]],
    *,
    needed: Sequence[str],
    most: int,
    row_of: Callable[[int, tuple[str, ...], Mapping[str, int]], tuple[Row | None, list[str]]],
) -> ReadFile[Row]:
    """Every row of a CSV file, good or bad, each bad one with every violation, and no more than ``most``; never raises.

    ``row_of`` makes of (line, cells, column → place) the row and what is wrong with it; None when it cannot be read at all.
    """
    heading, lines = rows_of(data)
    places, problem = columns_of(heading, known, needed=needed)
    if problem:
        return ReadFile(heading, (), (BadRow(1, heading, problem),))
    rows: dict[str, Row] = {}
    bad: list[BadRow] = []
    for line, cells in lines:
        if len(rows) + len(bad) >= most:
            bad.append(BadRow(line, cells, f"a file has at most {most} rows"))
            break
        row, problems = row_of(line, cells, places)
        if row is not None and row.key in rows:
            problems.append(f"the key {row.key} is there more than once")
        if row is None or problems:
            bad.append(BadRow(line, cells, "; ".join(problems)))
            continue
        rows[row.key] = row
    if not rows and not bad:
        bad.append(BadRow(1, (), "there is no row in the file"))
    return ReadFile(heading, tuple(rows.values()), tuple(bad))


def rows_of(data: bytes) -> tuple[tuple[str, ...], Iterator[tuple[int, tuple[str, ...]]]]:
    """The heading, and (line, cells) of every row below it that is not empty; never raises."""
    text = _decoded(data)
    first = text.partition("\n")[0]
    rows = _split(text, max(",;\t", key=first.count))
    _, heading = next(rows, (1, ()))
    return heading, ((line, cells) for line, cells in rows if any(cells))


def columns_of(
    heading: Sequence[str], known: Mapping[str, Sequence[str]], *, needed: Sequence[str]
) -> tuple[dict[str, int], str]:
    """Where each column stands, by the names it may have (lower case), and what is wrong with the heading ('' when nothing is)."""
    names = [name.lower().replace("_", " ") for name in heading]
    places: dict[str, int] = {}
    for column, called in known.items():
        found = [at for at, name in enumerate(names) if name in called]
        if len(found) > 1:
            return places, f"the heading has more than one column for the {column.replace('_', ' ')}"
        if found:
            places[column] = found[0]
    missing = [column.replace("_", " ") for column in needed if column not in places]
    return places, f"the heading names no column for the {' and the '.join(missing)}" if missing else ""


def error_file(heading: Sequence[str], bad: Sequence[BadRow]) -> str:
    """The bad rows as CSV with the file's own columns, their lines and what is wrong, to be mended and sent again."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*heading, "line", "problem"])
    for row in bad:
        padded = [*row.cells[: len(heading)], *[""] * (len(heading) - len(row.cells))]
        writer.writerow([*map(_harmless, padded), row.line, row.problem])
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (CSV injection, OWASP)."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _decoded(data: bytes) -> str:
    """A file's text: UTF-8, or Latin-1 when it is not."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _split(text: str, delimiter: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(line, trimmed cells) of every row; a row that is no CSV has one cell that says so."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, (f"({error})",)
            continue
        yield reader.line_num, tuple(cell.strip() for cell in cells)
