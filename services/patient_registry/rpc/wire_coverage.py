"""Between protobuf and domain values of coverage."""

from __future__ import annotations

from uuid import UUID

from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.protos import date_message, money, optional_date, optional_identifier, timestamp
from patient_registry import rows
from patient_registry.domain import coverage as rules
from patient_registry.domain.coverage import Case, Coverage, CoverageKind, Subscriber, SubscriberRelation
from patient_registry.published import COVERAGE_KINDS
from patient_registry.rpc import wire
from patient_registry.tables import Coverage as CoverageRow

RELATIONS = {
    SubscriberRelation.SELF: pb.SUBSCRIBER_RELATION_SELF,
    SubscriberRelation.SPOUSE: pb.SUBSCRIBER_RELATION_SPOUSE,
    SubscriberRelation.CHILD: pb.SUBSCRIBER_RELATION_CHILD,
    SubscriberRelation.OTHER: pb.SUBSCRIBER_RELATION_OTHER,
}
_RELATIONS = {number: relation for relation, number in RELATIONS.items()}
_KINDS = {number: CoverageKind(kind) for kind, number in COVERAGE_KINDS.items()}


def entered(message: pb.CoverageInput, coverage_id: UUID, *, active: bool = True) -> Coverage:
    """A coverage as entered. Raises InvalidInput for a day that does not exist."""
    return Coverage(
        coverage_id=coverage_id,
        kind=_KINDS.get(message.kind, CoverageKind.HEALTH),
        priority=message.priority,
        payer_code=message.payer_code,
        payer_name=message.payer_name,
        plan_name=message.plan_name,
        member_id=message.member_id,
        group_number=message.group_number,
        subscriber_relation=_RELATIONS.get(message.subscriber_relation, SubscriberRelation.SELF),
        subscriber=_subscriber(message.subscriber) if message.HasField("subscriber") else None,
        start=optional_date(message.period.start, "coverage.period.start"),
        end=optional_date(message.period.end, "coverage.period.end"),
        case=_case(message.case) if message.HasField("case") else None,
        insurance_type_code=message.insurance_type_code,
        active=active,
    )


def input_message(held: Coverage) -> pb.CoverageInput:
    """What a coverage says now, in the form in which it is changed."""
    return pb.CoverageInput(
        kind=COVERAGE_KINDS[held.kind.value],
        priority=held.priority,
        payer_code=held.payer_code,
        payer_name=held.payer_name,
        plan_name=held.plan_name,
        member_id=held.member_id,
        group_number=held.group_number,
        subscriber_relation=RELATIONS[held.subscriber_relation],
        subscriber=_subscriber_message(held.subscriber),
        period=types_pb2.DateRange(start=date_message(held.start), end=date_message(held.end)),
        case=_case_message(held.case),
        insurance_type_code=held.insurance_type_code,
    )


def coverage(row: CoverageRow) -> pb.Coverage:
    """A coverage with its benefits."""
    held = rows.coverage(row)
    return pb.Coverage(
        coverage_id=str(row.id),
        patient_id=str(row.patient_id),
        kind=COVERAGE_KINDS[row.kind],
        priority=row.priority,
        payer_code=row.payer_code,
        payer_name=row.payer_name,
        plan_name=row.plan_name,
        member_id=row.member_id,
        group_number=row.group_number,
        subscriber_relation=RELATIONS[held.subscriber_relation],
        subscriber=_subscriber_message(held.subscriber),
        period=types_pb2.DateRange(start=date_message(held.start), end=date_message(held.end)),
        case=_case_message(held.case),
        active=row.active,
        benefits=_benefits(row),
        lacking=rules.lacking(held),
        version=row.version,
        insurance_type_code=row.insurance_type_code,
    )


def _benefits(row: CoverageRow) -> pb.Benefits | None:
    if row.last_checked_at is None:
        return None
    return pb.Benefits(
        last_outcome=row.last_outcome,
        last_checked_at=timestamp(row.last_checked_at),
        active=bool(row.benefit_active),
        verified_at=timestamp(row.verified_at),
        copay=money(row.copay_minor, row.currency),
        deductible_remaining=money(row.deductible_remaining_minor, row.currency),
        coinsurance_basis_points=row.coinsurance_basis_points or 0,
    )


def _subscriber(message: pb.Subscriber) -> Subscriber:
    return Subscriber(
        name=wire.name(message.name),
        birth_date=optional_date(message.birth_date, "coverage.subscriber.birth_date"),
        sex=wire.sex(message.sex),
        address=wire.address(message.address) if message.HasField("address") else None,
        patient_id=optional_identifier(message.patient_id, "coverage.subscriber.patient_id"),
    )


def _subscriber_message(held: Subscriber | None) -> pb.Subscriber | None:
    if held is None:
        return None
    return pb.Subscriber(
        name=wire.name_message(held.name),
        birth_date=date_message(held.birth_date),
        sex=wire.SEXES[held.sex],
        address=wire.address_message(held.address),
        patient_id=str(held.patient_id or ""),
    )


def _case(message: pb.CoverageCase) -> Case:
    return Case(
        number=message.number,
        accident_date=optional_date(message.accident_date, "coverage.case.accident_date"),
        accident_state=message.accident_state,
        employer_name=message.employer_name,
    )


def _case_message(held: Case | None) -> pb.CoverageCase | None:
    if held is None:
        return None
    return pb.CoverageCase(
        number=held.number,
        accident_date=date_message(held.accident_date),
        accident_state=held.accident_state,
        employer_name=held.employer_name,
    )
