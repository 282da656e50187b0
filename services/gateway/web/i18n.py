"""The languages of the pages: English is written in templates and code, the others are catalogues compiled at build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel import Locale

FOLDER = Path(__file__).resolve().parent / "locale"
DOMAIN = "messages"
# Tag → how the language calls itself.
LANGUAGES: Mapping[str, str] = {"en": "English", "es": "Español"}
DEFAULT = "en"


def N_(text: str) -> str:  # noqa: N802 (gettext's own name for "to be translated later")
    """Marks a text that is translated where it is shown."""
    return text


@dataclass(frozen=True)
class Language:
    """One language: its texts, and how it writes dates and amounts."""

    tag: str
    texts: NullTranslations

    @cached_property
    def locale(self) -> Locale:
        """American forms of both languages: month first in English, dollars in both."""
        return Locale.parse(f"{self.tag}_US")


class Languages:
    """All languages, read once per process."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._known = {tag: Language(tag, _read(folder, tag)) for tag in LANGUAGES}

    def choose(self, wished: str, accepted: list[str]) -> Language:
        """The language a person chose, else the first the browser accepts that we speak, else English."""
        for tag in (wished, *accepted):
            known = self._known.get(tag.split("-")[0].lower())
            if known is not None:
                return known
        return self._known[DEFAULT]


def _read(folder: Path, tag: str) -> NullTranslations:
    path = folder / tag / "LC_MESSAGES" / f"{DOMAIN}.mo"
    if tag == DEFAULT or not path.is_file():
        return NullTranslations()
    with path.open("rb") as file:
        return GNUTranslations(file)
