"""Every text of the pages is said in every language."""

from __future__ import annotations

import re

import pytest
from babel.messages.pofile import read_po

from gateway.web.i18n import DEFAULT, FOLDER, LANGUAGES, Languages
from infra import assets, texts

OTHERS = [tag for tag in LANGUAGES if tag != DEFAULT]


@pytest.mark.parametrize("tag", OTHERS)
def test_no_text_is_untranslated(tag: str) -> None:
    """The catalogue has each text of templates and code, none empty, none that is no longer said (`make texts` collects them)."""
    known = {message.id: message for message in texts.catalogue(tag) if message.id}
    said = set(texts.texts())
    assert len(said) > 500
    assert {each for each in said if each not in known} == set()
    assert {each for each in known if each not in said} == set()
    for message in known.values():
        strings = message.string if message.pluralizable else [message.string]
        assert all(strings), message.id
        assert not message.fuzzy, message.id


@pytest.mark.parametrize("tag", OTHERS)
def test_translations_keep_the_values(tag: str) -> None:
    """A translation names the same values as the English text, so that none is lost and none breaks the page."""
    for message in texts.catalogue(tag):
        singular = message.id[0] if message.pluralizable else message.id
        wanted = set(re.findall(r"%\((\w+)\)s|%\((\w+)\)d", singular))
        for string in message.string if message.pluralizable else [message.string]:
            if message.id:
                assert set(re.findall(r"%\((\w+)\)s|%\((\w+)\)d", string)) == wanted, message.id


def test_catalogues_are_compiled() -> None:
    """What the build compiled is what the gateway speaks."""
    assets.build()
    spanish = Languages().choose("es", [])
    assert spanish.texts.gettext("Sign in") == "Iniciar sesión"
    with (FOLDER / "es" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        assert len(read_po(file)) == len(list(texts.texts()))


def test_language_is_chosen_then_accepted_then_english() -> None:
    """The person's own choice wins over the browser's, and an unknown language is English."""
    languages = Languages()
    assert languages.choose("es", ["en"]).tag == "es"
    assert languages.choose("", ["fr", "es-MX"]).tag == "es"
    assert languages.choose("", ["fr"]).tag == "en"
