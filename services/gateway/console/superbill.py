"""The superbill of one visit: what is at hand (the kind of visit's own codes, favourites, earlier codes), entry, signature."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response
from polyclinic.billing.v1 import code_sets_pb2, encounters_pb2

from gateway import errors as problems
from gateway.console import words
from gateway.console.booking import parts_of
from gateway.console.patients import banner_asks, banner_of
from gateway.web.calls import Refused
from gateway.web.dates import read_date
from gateway.web.i18n import N_
from gateway.web.page import Page

DIAGNOSIS, PROCEDURE = code_sets_pb2.CODE_KIND_DIAGNOSIS, code_sets_pb2.CODE_KIND_PROCEDURE
KINDS = {DIAGNOSIS: "CODE_KIND_DIAGNOSIS", PROCEDURE: "CODE_KIND_PROCEDURE"}
LINES, DIAGNOSES = 6, 8
# A digit picks one of the first nine.
WITH_KEY = 9
# Codes are looked for from so many letters on, so many are offered; parameters of the page itself, the other one is the input's.
FEWEST_LETTERS, CODES_OFFERED = 2, 15
CODES_OWN = frozenset({"kind", "on"})
POSTED = N_("Signed; the charges are posted.")
HELD = N_("Signed; somebody looks at the charges before they are posted.")


@dataclass(frozen=True)
class Pick:
    """A code that one keystroke puts onto the form."""

    # CODE_KIND_DIAGNOSIS or CODE_KIND_PROCEDURE, by number.
    kind: int
    code: str
    words: str
    modifiers: Sequence[str] = ()
    units: int = 1
    # Of the kind of visit; else the clinician's own.
    of_template: bool = False
    # The favourite's id; "": not chosen by anybody, known by use alone.
    favourite_id: str = ""
    uses: int = 0


def of_visit(page: Page) -> Response:
    """Leads from a visit to its superbill."""
    found = page.call("Billing.ListEncounters", appointment_ids=[page.values["appointment_id"]], page_size=1).encounters
    if not found:
        return page.go("/console/my-day", page.gettext("Billing does not know this visit yet; try again in a moment."))
    return page.go(f"/console/encounters/{found[0].encounter_id}")


def show(page: Page, problem: problems.Problem | None = None) -> Response:
    """Diagnoses, services, and the signature; beside them everything that may be picked."""
    encounter = page.call("Billing.GetEncounter", encounter_id=page.values["encounter_id"])
    patient_id, practitioner_id = encounter.patient_id, encounter.practitioner_id
    parts = page.together(
        **banner_asks(page, patient_id),
        at_hand=page.ask("ChargeCapture.GetSuperbill", encounter_id=encounter.encounter_id),
        together=page.ask(
            "ChargeCapture.GetLastCodes",
            patient_id=patient_id,
            practitioner_id=practitioner_id,
            before=encounter.start_time,
        ),
        own=page.ask("ChargeCapture.GetLastCodes", practitioner_id=practitioner_id, before=encounter.start_time),
    )
    at_hand = parts["at_hand"].value
    earlier = last_codes(
        patient=at_hand.last if at_hand is not None and at_hand.HasField("last") else None,
        together=parts["together"].value,
        own=parts["own"].value,
    )
    copied = next((codes for name, _key, codes in earlier if name == page.arg("copy")), None)
    template = at_hand.template if at_hand is not None and at_hand.HasField("template") else None
    picks = picks_of(template, at_hand.favourites if at_hand is not None else ())
    return page.show(
        "clinician/superbill.html",
        status=problem.status if problem else 200,
        problem=problem,
        encounter=encounter,
        banner=banner_of(page, parts),
        tab="",
        words=words,
        at_hand=parts["at_hand"],
        picks=picks,
        kinds=KINDS,
        with_key=WITH_KEY,
        earlier=earlier,
        copied=copied,
        shown=begun(encounter, copied, template),
        line_count=LINES,
        diagnosis_count=DIAGNOSES,
    )


def last_codes(**found: Any) -> list[tuple[str, str, Any]]:
    """(name, key, codes) of the earlier visits that can be copied: the patient's last, theirs with this clinician, the clinician's.

    A visit that is more than one of these stands once; the codes of nobody (None) are left out.
    """
    keys, seen = {"patient": "c", "together": "o", "own": "l"}, set()
    told = []
    for name, codes in found.items():
        if codes is not None and codes.encounter_id not in seen:
            seen.add(codes.encounter_id)
            told.append((name, keys[name], codes))
    return told


def begun(encounter: Any, copied: Any, template: Any) -> Any:
    """What stands on the form: what is copied, else what is saved, else what the kind of visit's superbill chooses beforehand."""
    if copied is not None:
        return copied
    if encounter.diagnoses or encounter.lines or template is None:
        return encounter
    chosen = [each for each in template.services if each.chosen]
    return encounters_pb2.Encounter(
        lines=[
            encounters_pb2.CodedLine(procedure=each.procedure, modifiers=each.modifiers, units=each.units)
            for each in chosen
        ]
    )


def picks_of(template: Any, favourites: Iterable[Any]) -> dict[int, list[Pick]]:
    """By kind: first what the kind of visit's superbill offers, then the clinician's favourites that are not among it."""
    found: dict[int, list[Pick]] = {DIAGNOSIS: [], PROCEDURE: []}
    if template is not None:
        found[DIAGNOSIS] = [Pick(DIAGNOSIS, each.code, each.words, of_template=True) for each in template.diagnoses]
        found[PROCEDURE] = [
            Pick(PROCEDURE, each.procedure, each.words, tuple(each.modifiers), each.units, of_template=True)
            for each in template.services
        ]
    for each in favourites:
        kind = each.code.kind
        if kind in found and each.code.code not in {pick.code for pick in found[kind]}:
            found[kind].append(
                Pick(
                    kind,
                    each.code.code,
                    each.code.words,
                    tuple(each.modifiers),
                    each.units or 1,
                    favourite_id=each.favourite_code_id,
                    uses=each.uses,
                )
            )
    return found


def codes(page: Page) -> Response:
    """Codes for what is typed into an input, as the choices of its list: by their beginning or by words, the nearest first."""
    kind = PROCEDURE if page.arg("kind") == "procedure" else DIAGNOSIS
    typed = next((value for name, value in page.exchange.request.args.items() if name not in CODES_OWN), "").strip()
    found: Sequence[Any] = ()
    if len(typed) >= FEWEST_LETTERS:
        on = read_date(page.arg("on"), page.today)
        fields = {"on": parts_of(on)} if on is not None else {}
        found = page.call("CodeSets.SearchCodes", text=typed[:100], kind=kind, limit=CODES_OFFERED, **fields).codes
    return page.show("clinician/codes.html", found=found)


def save(page: Page) -> Response:
    """Saves the codes; with the signing button, signs what was saved."""
    encounter_id = page.values["encounter_id"]
    try:
        encounter = page.submit("Billing.SaveCodes", encounter_id=encounter_id)
        if page.sent("then") == "sign":
            signed = page.do("Billing.SignEncounter", encounter_id=encounter_id, version=encounter.version)
            held = signed.state == encounters_pb2.ENCOUNTER_STATE_IN_REVIEW
            return page.go("/console/my-day", page.gettext(HELD if held else POSTED))
    except Refused as refused:
        return show(page, refused.problem)
    return page.go(f"/console/encounters/{encounter_id}", page.gettext("Saved; not signed yet."))


def no_charge(page: Page) -> Response:
    """Says that nothing is charged, and why."""
    try:
        page.submit("Billing.NoCharge", encounter_id=page.values["encounter_id"])
    except Refused as refused:
        return show(page, refused.problem)
    return page.go("/console/my-day", page.gettext("Noted: no charge."))


def keep_favourite(page: Page) -> Response:
    """Makes a code a favourite of the visit's clinician. Says nothing on the page: what is typed there stays as it is."""
    page.submit("ChargeCapture.AddFavouriteCode")
    return page.go(f"/console/encounters/{page.values['encounter_id']}")


def drop_favourite(page: Page) -> Response:
    """Takes a chosen code off the clinician's list."""
    page.do("ChargeCapture.RemoveFavouriteCode", favourite_code_id=page.values["favourite_code_id"])
    return page.go(f"/console/encounters/{page.values['encounter_id']}")
