"""Collects the pages' texts into their catalogues: ``python -m infra.texts`` (``make texts``).

English stands in templates and code; each other language has its catalogue, ``locale/<language>/LC_MESSAGES/messages.po``
in ``services/gateway/web``. New texts are added empty, what no page says any more is taken out, translations stay. A test
fails while a text is empty or missing.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
GATEWAY = ROOT / "services" / "gateway"
LOCALE = GATEWAY / "web" / "locale"
SOURCES = [
    ("web/**.py", "python"),
    ("console/**.py", "python"),
    ("portal/**.py", "python"),
    ("video/**.py", "python"),
    ("web/templates/**.html", "jinja2"),
    ("console/templates/**.html", "jinja2"),
    ("video/templates/**.html", "jinja2"),
    ("portal/templates/**.html", "jinja2"),
]
JINJA = {
    "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols",
    "silent": "false",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
}
WORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}

Text = str | tuple[str, str]


def texts() -> Iterator[Text]:
    """Every text of the pages once: a string, or the pair of a singular and its plural."""
    seen: set[Text] = set()
    found = extract_from_dir(str(GATEWAY), SOURCES, options_map={"**.html": JINJA}, keywords=WORDS)
    for _file, _line, message, _comments, _context in found:
        text: Text = message if isinstance(message, str) else (str(message[0]), str(message[1]))
        if text and text not in seen:
            seen.add(text)
            yield text


def catalogue(language: str) -> Catalog:
    """A language's catalogue as it is."""
    with (LOCALE / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> bytes:
    """A language's catalogue with the texts of today, in the order of the alphabet."""
    known = catalogue(language)
    made = Catalog(
        locale=language,
        project="Polyclinic",
        header_comment="# The pages' texts. New ones come by `make texts`.",
        fuzzy=False,
    )
    for header in ("creation_date", "revision_date"):
        setattr(made, header, known.creation_date)
    for text in sorted(texts(), key=lambda each: each if isinstance(each, str) else each[0]):
        before = known.get(text if isinstance(text, str) else text[0])
        empty: Text = "" if isinstance(text, str) else ("", "")
        made.add(text, before.string if before is not None else empty)
    out = io.BytesIO()
    write_po(out, made, width=120, omit_header=False, no_location=True)
    return out.getvalue()


def main() -> None:
    """Brings every catalogue up to date and says what is still to be translated."""
    for folder in sorted(LOCALE.iterdir()):
        if not (folder / "LC_MESSAGES" / "messages.po").is_file():
            continue
        (folder / "LC_MESSAGES" / "messages.po").write_bytes(updated(folder.name))
        empty = [
            message.id
            for message in catalogue(folder.name)
            if message.id and not all(message.string if message.pluralizable else [message.string])
        ]
        print(f"{folder.name}: {len(empty)} texts to be translated")
        for each in empty:
            print(f"  {each}")


if __name__ == "__main__":
    main()
