"""Servicer of `ChargeCapture`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from typing import Any

from polyclinic.billing.v1 import charge_capture_pb2 as pb
from polyclinic.billing.v1 import code_sets_pb2

from billing.adapters.code_book import CodeBook
from billing.domain.charges import plain_diagnosis
from billing.rpc.code_sets import KINDS, code_message
from billing.rpc.encounters import line_message
from billing.tables_money import Encounter
from billing.usecases import charge_capture
from billing.usecases.charge_capture import Favourite, PutTemplate, Service, TemplateView, Words
from billing.usecases.code_sets import CodeKind
from billing.usecases.encounters import line_from_json
from chassis.call import Call
from chassis.protos import date_message, identifier, instant, optional_identifier, to_date


class ChargeCaptureRpc:
    """Superbills, favourites, last codes."""

    def __init__(self, book: CodeBook) -> None:
        self._book = book

    def GetSuperbill(self, request: pb.GetSuperbillRequest, call: Call) -> pb.Superbill:
        found = charge_capture.get_superbill(call, identifier(request.encounter_id))
        words = charge_capture.words_on(call, self._book, found.encounter.service_date)
        return pb.Superbill(
            encounter_id=str(found.encounter.id),
            template=_template(found.template, words) if found.template else None,
            favourites=[_favourite(one, words, self._book) for one in found.favourites],
            last=_last(found.last, words, self._book) if found.last else None,
        )

    def GetLastCodes(self, request: pb.GetLastCodesRequest, call: Call) -> pb.LastCodes:
        before = instant(request.before) if request.HasField("before") else None
        patient, practitioner = optional_identifier(request.patient_id), optional_identifier(request.practitioner_id)
        found = charge_capture.get_last_codes(call, patient, practitioner, before)
        return _last(found, charge_capture.words_on(call, self._book), self._book)

    def PutSuperbillTemplate(self, request: pb.PutSuperbillTemplateRequest, call: Call) -> pb.SuperbillTemplate:
        command = PutTemplate(
            appointment_type_code=request.appointment_type_code,
            practitioner_id=optional_identifier(request.practitioner_id),
            start=to_date(request.effective_from, "effective_from"),
            services=tuple(
                Service(one.procedure, tuple(one.modifiers), one.units, one.chosen) for one in request.services
            ),
            diagnoses=tuple(plain_diagnosis(code) for code in request.diagnoses),
        )
        view = charge_capture.put_template(call, command, self._book)
        return _template(view, charge_capture.words_on(call, self._book))

    def ListSuperbillTemplates(
        self, request: pb.ListSuperbillTemplatesRequest, call: Call
    ) -> pb.ListSuperbillTemplatesResponse:
        views, token = charge_capture.list_templates(
            call, request.appointment_type_code, request.page_size, request.page_token
        )
        words = charge_capture.words_on(call, self._book)
        return pb.ListSuperbillTemplatesResponse(
            templates=[_template(view, words) for view in views], next_page_token=token
        )

    def ListFavouriteCodes(self, request: pb.ListFavouriteCodesRequest, call: Call) -> pb.ListFavouriteCodesResponse:
        found = charge_capture.list_favourites(call, identifier(request.practitioner_id), KINDS.get(request.kind))
        words = charge_capture.words_on(call, self._book)
        return pb.ListFavouriteCodesResponse(favourites=[_favourite(one, words, self._book) for one in found])

    def AddFavouriteCode(self, request: pb.AddFavouriteCodeRequest, call: Call) -> pb.FavouriteCode:
        added = charge_capture.add_favourite(
            call,
            identifier(request.practitioner_id),
            KINDS[request.kind],
            request.code,
            tuple(request.modifiers),
            request.units,
            request.position,
            self._book,
        )
        return _favourite(added, charge_capture.words_on(call, self._book), self._book)

    def RemoveFavouriteCode(self, request: pb.RemoveFavouriteCodeRequest, call: Call) -> pb.RemoveFavouriteCodeResponse:
        charge_capture.remove_favourite(call, identifier(request.favourite_code_id))
        return pb.RemoveFavouriteCodeResponse()


def _diagnosis(code: str, words: Words, book: CodeBook) -> code_sets_pb2.Code:
    return code_message(CodeKind.DIAGNOSIS, words.diagnosis(code), billable=book.diagnoses.is_billable(code))


def _template(view: TemplateView, words: Words) -> pb.SuperbillTemplate:
    row = view.row
    return pb.SuperbillTemplate(
        superbill_template_id=str(row.id),
        appointment_type_code=row.appointment_type_code,
        practitioner_id=str(row.practitioner_id or ""),
        effective_from=date_message(row.start_date),
        effective_to=date_message(view.end),
        services=[_service(one, words) for one in row.services],
        diagnoses=[_diagnosis(code, words, words.book) for code in row.diagnoses],
        version=row.version,
    )


def _service(kept: dict[str, Any], words: Words) -> pb.SuperbillService:
    return pb.SuperbillService(
        procedure=kept["procedure"],
        modifiers=kept["modifiers"],
        units=kept["units"],
        chosen=kept["chosen"],
        words=words.procedure(kept["procedure"]).words,
    )


def _favourite(one: Favourite, words: Words, book: CodeBook) -> pb.FavouriteCode:
    is_diagnosis = one.kind is CodeKind.DIAGNOSIS
    return pb.FavouriteCode(
        favourite_code_id=str(one.row.id) if one.row else "",
        code=_diagnosis(one.code, words, book) if is_diagnosis else code_message(one.kind, words.procedure(one.code)),
        uses=one.uses,
        modifiers=one.modifiers,
        units=one.units,
        position=one.row.position if one.row else 0,
    )


def _last(row: Encounter, words: Words, book: CodeBook) -> pb.LastCodes:
    lines = [line_from_json(line) for line in row.lines]
    return pb.LastCodes(
        encounter_id=str(row.id),
        patient_id=str(row.patient_id),
        practitioner_id=str(row.practitioner_id),
        service_date=date_message(row.service_date),
        diagnoses=[_diagnosis(code, words, book) for code in row.diagnoses],
        lines=[line_message(line) for line in lines],
        words={line.procedure: words.procedure(line.procedure).words for line in lines},
        outdated=[code for code in row.diagnoses if not book.diagnoses.is_billable(code)],
    )
