"""What must be ready before a patient comes: gathered from what billing knows, and from the registry if it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from billing.adapters.registry import Registry
from billing.domain import preparation as steps
from billing.domain.authorisations import AuthorisationKind, Use
from billing.domain.payers import PayerProfile
from billing.domain.preparation import Item, PayersWord, Step
from billing.domain.profiles import Profile
from billing.store import Store
from billing.tables_claims import Coverage
from billing.tables_money import Encounter
from billing.usecases import authorisations, drawers, estimates, payments
from billing.usecases.eligibility import is_stale
from billing.usecases.payment_order import PaymentOrder
from chassis.call import Call
from chassis.errors import DeadlineExceeded, NotFound, Remote, Unavailable

# Authorisations of one patient that are looked at.
MOST_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class VisitPreparation:
    """A visit with its checklist."""

    encounter: Encounter
    items: Sequence[Item]


def get_preparation(call: Call, appointment_id: UUID, registry: Registry) -> VisitPreparation:
    """A booked visit's checklist; without the registry what it would tell is unknown. Raises NotFound."""
    store = Store(call.session)
    encounter = store.encounter_of_appointment(appointment_id)
    if encounter is None or not drawers.may_see(call, encounter.location_id):
        raise NotFound("appointment")
    call.touch(encounter.patient_id)
    profile, answers = _profile(call, encounter, registry)
    order = PaymentOrder(store).of(encounter.patient_id, encounter.service_date)
    coverage, payer = order[0] if order else (None, None)
    details = profile.coverage(coverage.id) if profile is not None and coverage is not None else None
    name = payer.name if payer is not None else ""
    asked = payments.ask_amounts(call, appointment_id)
    items = [
        steps.demographics(profile, answers=answers),
        steps.coverage(name, details, answers=answers),
        steps.benefits(name, _word(call, store, encounter, coverage, payer)),
        *_agreed(call, store, encounter, payer),
        _estimate(call, store, encounter, insured=payer is not None),
        steps.FORMS,
        steps.copay(asked.copay_minor, asked.copay_reason),
    ]
    return VisitPreparation(encounter, items)


def _profile(call: Call, encounter: Encounter, registry: Registry) -> tuple[Profile | None, bool]:
    """(what the registry knows of the patient, whether it answered)."""
    try:
        return registry.profiles(call, [encounter.patient_id]).get(encounter.patient_id), True
    except (Unavailable, DeadlineExceeded, Remote):
        return None, False


def _word(
    call: Call, store: Store, encounter: Encounter, coverage: Coverage | None, payer: PayerProfile | None
) -> PayersWord:
    takes = payer is not None and payer.eligibility
    answer = store.last_answer(coverage.id) if coverage is not None and takes else None
    if answer is None:
        return PayersWord(takes)
    stale = is_stale(store, answer, encounter.service_date, call.now)
    return PayersWord(takes, answer.outcome, stale, str(answer.id), answer.answered_at)


def _agreed(call: Call, store: Store, encounter: Encounter, payer: PayerProfile | None) -> list[Item]:
    """Referral and authorisations as the payer's rules of the day want them for the superbill's usual services."""
    demands = payer.demands if payer is not None else None
    services = _usual_services(store, encounter)
    codes = [code for code in services if demands is not None and demands.authorises(code)]
    referral = ["a referral"] if demands is not None and demands.requires_referral else []
    found: list[authorisations.AuthorisationView] = []
    if codes or referral:
        found, _ = authorisations.list_authorisations(call, encounter.patient_id, "approved", MOST_LOOKED_AT, "")
    referred = _fitting(found, encounter, AuthorisationKind.REFERRAL, "")
    allowed = {code: _fitting(found, encounter, AuthorisationKind.AUTHORISATION, code) for code in codes}
    authorised_by = next((one for one in allowed.values() if one), "")
    return [
        steps.permission(Step.REFERRAL, referral, [] if referred else referral, referred),
        steps.permission(Step.AUTHORISATION, codes, [code for code, by in allowed.items() if not by], authorised_by),
    ]


def _usual_services(store: Store, encounter: Encounter) -> list[str]:
    """What such a visit usually has: its codes where it has some, else the services that its superbill chooses beforehand."""
    if encounter.lines:
        return [str(line["procedure"]) for line in encounter.lines]
    on_the_day = store.superbills_on(encounter.appointment_type_code, encounter.practitioner_id, encounter.service_date)
    template = next((row for row in on_the_day if row.services), None)
    return [str(one["procedure"]) for one in template.services if one["chosen"]] if template is not None else []


def _fitting(
    found: Sequence[authorisations.AuthorisationView], encounter: Encounter, kind: AuthorisationKind, procedure: str
) -> str:
    """The id of one that is about the service and has something left; '' when there is none."""
    use = Use(
        line_id=encounter.id,
        visit_id=encounter.id,
        service_date=encounter.service_date,
        procedure=procedure,
        units=1,
        practitioner_id=encounter.practitioner_id,
        location_id=encounter.location_id,
    )
    for view in found:
        agreed = authorisations.agreed(view.row)
        left = agreed.limit is None or view.used < agreed.limit
        about_all = not procedure or agreed.fits(use)
        in_time = agreed.start <= use.service_date and (agreed.end is None or use.service_date <= agreed.end)
        if agreed.kind is kind and left and in_time and about_all:
            return str(view.row.id)
    return ""


def _estimate(call: Call, store: Store, encounter: Encounter, *, insured: bool) -> Item:
    kept = None if insured else store.estimate_of_visit(encounter.id)
    booked = (
        not insured and encounter.state == "expected" and encounter.service_date > call.now.date() - timedelta(days=1)
    )
    due_on = estimates.scene_of(call, encounter, requested=False).due_on if booked else None
    if kept is not None:
        due_on = kept.due_on or due_on
    return steps.estimate(
        due_on,
        str(kept.id) if kept is not None else "",
        delivered=kept is not None and kept.delivered_at is not None,
        insured=insured,
    )
