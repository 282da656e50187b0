"""Servicer of `Preparation`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from polyclinic.billing.v1 import preparation_pb2 as pb

from billing.adapters.registry import Registry
from billing.domain.preparation import Item, State, Step, is_ready
from billing.usecases import preparation
from chassis.call import Call
from chassis.protos import date_message, identifier, money, timestamp

STEPS = {
    Step.DEMOGRAPHICS: pb.PREPARATION_STEP_DEMOGRAPHICS,
    Step.COVERAGE: pb.PREPARATION_STEP_COVERAGE,
    Step.BENEFITS: pb.PREPARATION_STEP_BENEFITS,
    Step.REFERRAL: pb.PREPARATION_STEP_REFERRAL,
    Step.AUTHORISATION: pb.PREPARATION_STEP_AUTHORISATION,
    Step.ESTIMATE: pb.PREPARATION_STEP_ESTIMATE,
    Step.FORMS: pb.PREPARATION_STEP_FORMS,
    Step.COPAY: pb.PREPARATION_STEP_COPAY,
}
STATES = {
    State.DONE: pb.PREPARATION_STATE_DONE,
    State.OPEN: pb.PREPARATION_STATE_OPEN,
    State.NOT_NEEDED: pb.PREPARATION_STATE_NOT_NEEDED,
    State.UNKNOWN: pb.PREPARATION_STATE_UNKNOWN,
}


class PreparationRpc:
    """The checklist of a visit."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def GetPreparation(self, request: pb.GetPreparationRequest, call: Call) -> pb.VisitPreparation:
        found = preparation.get_preparation(call, identifier(request.appointment_id), self._registry)
        visit = found.encounter
        return pb.VisitPreparation(
            encounter_id=str(visit.id),
            appointment_id=str(visit.appointment_id),
            patient_id=str(visit.patient_id),
            service_date=date_message(visit.service_date),
            ready=is_ready(found.items),
            items=[_item(one) for one in found.items],
        )


def _item(item: Item) -> pb.PreparationItem:
    return pb.PreparationItem(
        step=STEPS[item.step],
        state=STATES[item.state],
        words=item.words,
        due_on=date_message(item.due_on),
        reference_id=item.reference_id,
        amount=money(item.amount_minor),
        as_of=timestamp(item.as_of),
    )
