"""What an answer by text message means.

47 CFR 64.1200(a)(10) (in force since April 2025) names words that must be taken as revoking consent: stop, quit, end, revoke, opt out,
cancel, unsubscribe. "Cancel" is therefore an opt-out, and a question about the visit as well: our texts ask for C, R
or X, and who writes "cancel" is opted out and listed for a call. Spanish words are taken alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from notifications.domain.vocabulary import Meaning

# Whole answers that opt out, by rule, and their Spanish counterparts.
OPT_OUT = frozenset(
    [
        "stop",
        "stopall",
        "stop all",
        "quit",
        "end",
        "revoke",
        "opt out",
        "optout",
        "cancel",
        "unsubscribe",
        "alto",
        "parar",
        "pare",
        "baja",
        "darme de baja",
        "cancelar",
        "no mas mensajes",
    ]
)
# Of those, the ones that may be meant for the visit.
ALSO_ABOUT_VISIT = frozenset({"cancel", "cancelar"})
# A longer answer with one of these opts out too ("please stop texting me"): any reasonable way of saying it counts.
OPT_OUT_ANYWHERE = frozenset({"stop", "unsubscribe", "revoke"})
OPT_OUT_PHRASES = ("opt out", "take me off", "remove me", "no mas mensajes", "darme de baja", "dejen de")
OPT_IN = frozenset(["start", "unstop", "opt in", "optin", "iniciar", "empezar", "alta"])
HELP = frozenset(["help", "info", "ayuda", "informacion"])
WORDS: Mapping[Meaning, frozenset[str]] = {
    Meaning.CONFIRM: frozenset(
        [
            "c",
            "confirm",
            "confirmed",
            "confirmo",
            "confirmar",
            "confirmado",
            "yes",
            "y",
            "yep",
            "yeah",
            "ok",
            "okay",
            "si",
            "s",
        ]
    ),
    Meaning.RESCHEDULE: frozenset(
        ["r", "reschedule", "move", "change", "reprogramar", "reagendar", "cambiar", "cambio"]
    ),
    Meaning.CANCEL_VISIT: frozenset(["x"]),
}
# Whole answers of more than one word about the visit.
PHRASES: Mapping[str, Meaning] = {
    "cancel visit": Meaning.CANCEL_VISIT,
    "cancel my visit": Meaning.CANCEL_VISIT,
    "cancel appointment": Meaning.CANCEL_VISIT,
    "cancel my appointment": Meaning.CANCEL_VISIT,
    "cancel the appointment": Meaning.CANCEL_VISIT,
    "cancelar cita": Meaning.CANCEL_VISIT,
    "cancelar la cita": Meaning.CANCEL_VISIT,
    "cancelar mi cita": Meaning.CANCEL_VISIT,
}
# Words that make a friendly answer doubtful: "yes but can we move it" is for a person to read.
DOUBTFUL = frozenset(
    [
        "not",
        "no",
        "but",
        "cancel",
        "cant",
        "cannot",
        "dont",
        "wont",
        "late",
        "pero",
        "tarde",
        "cancelar",
        "question",
        "when",
        "where",
        "cuando",
        "donde",
    ]
)
ALL_WORDS = frozenset(["all", "both", "todas", "todos", "ambas", "ambos"])
JOINING = frozenset(["and", "y", "e", "the", "visit", "visits", "la", "las"])
MAX_CHOICE = 9


@dataclass(frozen=True)
class Answer:
    """An understood text. ``choices`` are numbers of our question; ``all_of_them`` was said instead of numbers."""

    meaning: Meaning
    choices: tuple[int, ...] = ()
    all_of_them: bool = False
    # It opted out with a word that may mean the visit.
    ambiguous: bool = False


def parse(text: str) -> Answer:
    """Reads an answer; what is not clear is NOT_UNDERSTOOD (a person reads it), never guessed."""
    words = _words(text)
    whole = " ".join(words)
    if opted_out := _opt_out(whole, words):
        return opted_out
    if whole in HELP:
        return Answer(Meaning.HELP)
    if whole in OPT_IN:
        return Answer(Meaning.OPT_IN)
    if whole in PHRASES:
        return Answer(PHRASES[whole])
    choices, rest = _choices(words)
    if not rest:
        if choices.choices or choices.all_of_them:
            return choices
        return Answer(Meaning.NOT_UNDERSTOOD)
    return _about_visit(rest, choices)


def _opt_out(whole: str, words: list[str]) -> Answer | None:
    if whole in OPT_OUT:
        return Answer(Meaning.OPT_OUT, ambiguous=whole in ALSO_ABOUT_VISIT)
    if OPT_OUT_ANYWHERE & set(words) or any(f" {phrase} " in f" {whole} " for phrase in OPT_OUT_PHRASES):
        return Answer(Meaning.OPT_OUT)
    return None


def _about_visit(words: list[str], choices: Answer) -> Answer:
    meant = {meaning for meaning, known in WORDS.items() for word in words if word in known}
    first_is_known = any(words[0] in known for known in WORDS.values())
    if len(meant) != 1 or not first_is_known or DOUBTFUL & set(words) or len(words) > 8:
        return Answer(Meaning.NOT_UNDERSTOOD)
    return Answer(meant.pop(), choices.choices, choices.all_of_them)


def _choices(words: list[str]) -> tuple[Answer, list[str]]:
    """The numbers (or "all") among the words, and the words that are neither."""
    numbers = tuple(dict.fromkeys(int(word) for word in words if word.isdigit() and 1 <= int(word) <= MAX_CHOICE))
    everything = any(word in ALL_WORDS for word in words)
    rest = [word for word in words if not word.isdigit() and word not in ALL_WORDS]
    if numbers or everything:
        # "1 y 2": here y joins, it does not say yes.
        rest = [word for word in rest if word not in JOINING]
    too_large = any(word.isdigit() and not 1 <= int(word) <= MAX_CHOICE for word in words)
    if too_large:
        return Answer(Meaning.NOT_UNDERSTOOD), words
    return Answer(Meaning.CHOICE, () if everything else numbers, everything), rest


def _words(text: str) -> list[str]:
    """Lower case, without accents and punctuation; a letter stuck to a number ("C1") is parted."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = (
        "".join(character for character in plain if not unicodedata.combining(character))
        .replace("'", "")
        .replace("’", "")
    )
    plain = re.sub(r"[^a-z0-9]+", " ", plain)
    plain = re.sub(r"\b([crxsy])(\d+)\b", r"\1 \2", plain)
    return plain.split()
