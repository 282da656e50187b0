"""Jinja for the pages: templates of console and portal, texts in the reader's language, values in the house's forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
from flask import g

from gateway.web import charts, formats
from gateway.web.assets import Assets
from gateway.web.i18n import LANGUAGES, N_
from gateway.web.icons import icon

# The forms that contracts ask for by pattern, in words.
FORMS = {
    r"^\+[1-9][0-9]{7,14}$": N_("must be a phone number, like +12125550100"),
    r"^[0-9]{10}$": N_("must be ten digits"),
    r"^[0-9]{9}$": N_("must be nine digits"),
    r"^[0-9]{4}$": N_("must be four digits"),
    r"^[0-9]{2}$": N_("must be two digits"),
    r"^[A-Z]{2}$": N_("must be two capital letters, like NY"),
    r"^[0-9]{5}([0-9]{4})?$": N_("must be five or nine digits"),
    r"^[0-9A-Z]{10}$": N_("must be ten letters and digits"),
    r"^[A-Z0-9][0-9]{3}[A-Z0-9]$": N_("must be a CPT or HCPCS code, like 99213"),
    r"^[A-Z0-9]{2}$": N_("must be two letters or digits, like 25"),
    r"^[a-z0-9][a-z0-9-]{0,39}$": N_("must be small letters, digits and dashes"),
    r"^[a-z][a-z0-9-]{0,39}$": N_("must be small letters, digits and dashes"),
    r"^pm_[A-Za-z0-9_]{1,100}$": N_("must be the terminal's token, like pm_…"),
}
# What services answer in English and pages say in the reader's language.
SAID = (N_("is required"), N_("must not be empty"), N_("The request is not valid."))
HERE = Path(__file__).resolve().parent


def environment(folders: Sequence[Path], assets: Assets) -> jinja2.Environment:
    """The environment. The reader of the moment is ``flask.g.reader`` (`gateway.web.page.Page`)."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, HERE / "templates"]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: g.reader.language.texts.gettext(text),
        lambda one, many, count: g.reader.language.texts.ngettext(one, many, count),
        newstyle=True,
    )
    made.filters.update(_filters())
    made.globals.update(
        asset=assets.url,
        icon=icon,
        languages=LANGUAGES,
        line_chart=charts.lines,
        bar_chart=charts.bars,
        reader=_Reader(),
        full_name=formats.full_name,
    )
    # Components are macros every template may use without importing them, also when only a block of it is rendered.
    made.globals["ui"] = made.get_template("ui.html").module
    return made


class _Reader:
    """``reader.…`` in templates: the page that is being rendered."""

    def __getattr__(self, name: str) -> Any:
        return getattr(g.reader, name)


def _filters() -> dict[str, Callable[..., Any]]:
    """Values → text, in the reader's language and, where none is given, in the zone of the reader's location."""

    def zone(given: str | None) -> str:
        return given or g.reader.zone

    def locale() -> Any:
        return g.reader.language.locale

    def minutes_long(value: int) -> str:
        hours, minutes = divmod(value, 60)
        text = g.reader.language.texts.gettext
        if not hours:
            return str(text(N_("%(count)s min"))) % {"count": minutes}
        return str(text(N_("%(hours)s h %(minutes)s min"))) % {"hours": hours, "minutes": f"{minutes:02d}"}

    def stamp(value: Any, pattern: str, given: str | None = None) -> str:
        found = formats.local(value, zone(given))
        return formats.stamp(found, pattern, locale()) if isinstance(found, datetime) else ""

    def since(value: Any) -> str:
        """How long ago, in words."""
        found = formats.local(value, "UTC")
        if found is None:
            return ""
        days, texts = (g.reader.now - found).days, g.reader.language.texts
        if days < 1:
            return str(texts.gettext("today"))
        return str(texts.ngettext("%(count)s day ago", "%(count)s days ago", days)) % {"count": days}

    def said(text: str) -> str:
        """A text of a table or of a service, in the reader's language; a pattern in words."""
        known = FORMS.get(text.removeprefix("must have the form "), text)
        return str(g.reader.language.texts.gettext(known)) if known else ""

    return {
        "clock": lambda value, given=None: formats.time_of_day(value, zone(given), locale()),
        "day": lambda value, style="medium": formats.day(value, locale(), style),
        "moment": lambda value, given=None, style="medium": formats.moment(value, zone(given), locale(), style),
        "weekday": lambda value, given=None: formats.weekday(value, zone(given), locale()),
        "stamp": stamp,
        "since": since,
        "money": lambda value: formats.money(value, locale()),
        "money_input": formats.money_input,
        "number": lambda value: formats.number(value, locale()),
        "percent": lambda part, whole: formats.percent(part, whole, locale()),
        "name": formats.full_name,
        "phone": formats.phone,
        "age": lambda birth: formats.age(birth, g.reader.today),
        "wall": lambda value: formats.minutes(value, locale()),
        "iso": formats.iso,
        "typed": lambda value: formats.typed(value, locale()),
        "long": minutes_long,
        "label": lambda value, table: g.reader.label(table, value),
        "said": said,
        "zip_self": lambda values: [(each, each) for each in values],
        "said_items": lambda items: [(value, g.reader.gettext(text)) for value, text in items],
        "merged": lambda one, other: {**one, **other},
    }
