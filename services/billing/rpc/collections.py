"""Servicer of `Collections`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from collections.abc import Sequence

from google.api import httpbody_pb2
from polyclinic.billing.v1 import collections_pb2 as pb

from billing.domain.collections import Policy
from billing.tables_collections import CollectionFile, CollectionPayment
from billing.usecases import collection_policy, collections, hand_offs
from billing.usecases.collections import Candidate
from billing.usecases.hand_offs import CaseView
from billing.usecases.patient_names import patient_names
from billing.usecases.statements import AddressBook
from chassis.call import Call
from chassis.protos import date_message, identifier, money, optional_identifier, timestamp, to_date


class CollectionsRpc:
    """The policy, small balances, agencies. `address_book` knows how guarantors are written to."""

    def __init__(self, address_book: AddressBook) -> None:
        self._address_book = address_book

    def GetCollectionPolicy(self, _request: pb.GetCollectionPolicyRequest, call: Call) -> pb.CollectionPolicy:
        return _policy(*collection_policy.get_policy(call))

    def PutCollectionPolicy(self, request: pb.PutCollectionPolicyRequest, call: Call) -> pb.CollectionPolicy:
        said = [(text.level, text.language) for text in request.texts]
        return _policy(*collection_policy.put_policy(call, _policy_of(request), said, request.version))

    def PreviewSmallBalances(self, request: pb.PreviewSmallBalancesRequest, call: Call) -> pb.CollectionPreview:
        return _preview(*collections.preview_small_balances(call, request.page_size, request.page_token))

    def WriteOffSmallBalances(
        self, request: pb.WriteOffSmallBalancesRequest, call: Call
    ) -> pb.WriteOffSmallBalancesResponse:
        patient_ids = [identifier(text) for text in request.patient_ids]
        journals, left_alone = collections.write_off_small_balances(
            call, patient_ids, request.total.minor_units, request.reason
        )
        return pb.WriteOffSmallBalancesResponse(
            journal_ids=[str(journal.id) for journal in journals],
            total=money(request.total.minor_units),
            left_alone=[_candidate(one) for one in left_alone],
        )

    def PreviewHandOff(self, request: pb.PreviewHandOffRequest, call: Call) -> pb.CollectionPreview:
        return _preview(*collections.preview_hand_off(call, request.page_size, request.page_token))

    def HandOff(self, request: pb.HandOffRequest, call: Call) -> pb.CollectionFile:
        patient_ids = [identifier(text) for text in request.patient_ids]
        total = request.total.minor_units
        return _file(hand_offs.hand_off(call, patient_ids, total, request.reason, self._address_book))

    def ListCollectionFiles(self, request: pb.ListCollectionFilesRequest, call: Call) -> pb.ListCollectionFilesResponse:
        rows, token = hand_offs.list_files(call, request.page_size, request.page_token)
        return pb.ListCollectionFilesResponse(files=[_file(row) for row in rows], next_page_token=token)

    def GetCollectionFile(self, request: pb.GetCollectionFileRequest, call: Call) -> httpbody_pb2.HttpBody:
        file = hand_offs.file_content(call, identifier(request.collection_file_id))
        return httpbody_pb2.HttpBody(content_type=file.content_type, data=file.read())

    def GetCollectionCase(self, request: pb.GetCollectionCaseRequest, call: Call) -> pb.CollectionCase:
        return _cases(call, [hand_offs.get_case(call, identifier(request.collection_case_id))])[0]

    def ListCollectionCases(self, request: pb.ListCollectionCasesRequest, call: Call) -> pb.ListCollectionCasesResponse:
        patient_id = optional_identifier(request.patient_id)
        rows, token = hand_offs.list_cases(call, patient_id, request.state, request.page_size, request.page_token)
        return pb.ListCollectionCasesResponse(cases=_cases(call, rows), next_page_token=token)

    def RecallCollectionCase(self, request: pb.RecallCollectionCaseRequest, call: Call) -> pb.CollectionCase:
        case_id = identifier(request.collection_case_id)
        view = hand_offs.recall(call, case_id, request.reason, request.version, self._address_book)
        return _cases(call, [view])[0]

    def RecordAgencyPayment(self, request: pb.RecordAgencyPaymentRequest, call: Call) -> pb.CollectionCase:
        view = hand_offs.record_payment(
            call,
            identifier(request.collection_case_id),
            collected_minor=request.collected.minor_units,
            fee_minor=request.fee.minor_units,
            reference=request.reference,
            received_on=to_date(request.received_on, "received_on"),
        )
        return _cases(call, [view])[0]


def _policy_of(request: pb.PutCollectionPolicyRequest) -> Policy:
    return Policy(
        cycle_days=request.cycle_days,
        last_cycle=request.last_cycle,
        minimum_minor=request.minimum.minor_units,
        portal_first_days=request.portal_first_days,
        small_balance_minor=request.small_balance.minor_units,
        small_balance_days=request.small_balance_days,
        hand_off_days=request.hand_off_days,
        hand_off_minimum_minor=request.hand_off_minimum.minor_units,
        agency=request.agency,
        agency_client=request.agency_client,
        texts={(text.level, text.language): text.text for text in request.texts},
    )


def _policy(policy: Policy, version: int) -> pb.CollectionPolicy:
    return pb.CollectionPolicy(
        cycle_days=policy.cycle_days,
        last_cycle=policy.last_cycle,
        minimum=money(policy.minimum_minor),
        portal_first_days=policy.portal_first_days,
        small_balance=money(policy.small_balance_minor),
        small_balance_days=policy.small_balance_days,
        hand_off_days=policy.hand_off_days,
        hand_off_minimum=money(policy.hand_off_minimum_minor),
        agency=policy.agency,
        agency_client=policy.agency_client,
        texts=[
            pb.NoticeText(level=level, language=language, text=text)
            for (level, language), text in sorted(policy.texts.items())
        ],
        version=version,
    )


def _preview(found: Sequence[Candidate], token: str) -> pb.CollectionPreview:
    total = sum(one.standing.balance_minor for one in found if one.bar is None)
    return pb.CollectionPreview(
        candidates=[_candidate(one) for one in found], total=money(total), next_page_token=token
    )


def _candidate(one: Candidate) -> pb.CollectionCandidate:
    standing = one.standing
    return pb.CollectionCandidate(
        patient_id=str(one.guarantor_id),
        name=one.name,
        balance=money(standing.balance_minor),
        youngest_since=date_message(standing.youngest),
        statements_sent=standing.statements_sent,
        last_statement_on=date_message(standing.last_statement_on),
        applies=one.bar is None,
        reason=one.bar.value if one.bar else "",
    )


def _file(row: CollectionFile) -> pb.CollectionFile:
    return pb.CollectionFile(
        collection_file_id=str(row.id),
        kind=row.kind,
        agency=row.agency,
        made_on=date_message(row.made_on),
        made_at=timestamp(row.made_at),
        made_by=row.made_by,
        cases=row.cases,
        amount=money(row.amount_minor),
    )


def _cases(call: Call, views: Sequence[CaseView]) -> list[pb.CollectionCase]:
    names = patient_names(call, [view.case.patient_id for view in views])
    return [_case(view, names.get(view.case.patient_id, "")) for view in views]


def _case(view: CaseView, name: str) -> pb.CollectionCase:
    row = view.case
    return pb.CollectionCase(
        collection_case_id=str(row.id),
        patient_id=str(row.patient_id),
        patient_name=name,
        state=row.state,
        agency=row.agency,
        amount=money(row.amount_minor),
        collected=money(view.collected_minor),
        fees=money(view.fees_minor),
        left=money(view.left_minor),
        handed_on=date_message(row.handed_on),
        handed_by=row.handed_by,
        reason=row.reason,
        ended_on=date_message(row.ended_on),
        end_reason=row.end_reason,
        payments=[_payment(one) for one in view.payments],
        collection_file_id=str(row.file_id or ""),
        version=row.version,
    )


def _payment(row: CollectionPayment) -> pb.AgencyPayment:
    return pb.AgencyPayment(
        payment_id=str(row.payment_id),
        reference=row.reference,
        collected=money(row.gross_minor),
        fee=money(row.fee_minor),
        received_on=date_message(row.received_on),
    )
