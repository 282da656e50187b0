"""Every value of a contract that a page tells has a word, in every language."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import EnumDescriptor

from gateway.console import words, words_billing
from gateway.transcoding.contracts import find_services
from gateway.web.i18n import DEFAULT, LANGUAGES, Languages
from infra import assets

SERVICES = Path(__file__).resolve().parents[2] / "services"
MODULES = sorted(path.stem for path in (SERVICES / "gateway" / "console").glob("*words*.py"))
# Table → the enums whose values it tells.
TOLD = {
    "words.STATUS": ("scheduling.v1.AppointmentStatus",),
    "words.ENCOUNTER": ("billing.v1.EncounterState",),
    "words.PAYMENT": ("billing.v1.PaymentState",),
    "words.DRAWER": ("billing.v1.DrawerState",),
    "words.MESSAGE": ("notifications.v1.MessageStatus",),
    "words.REPLY": ("notifications.v1.ReplyMeaning",),
    "words.VIDEO": ("telehealth.v1.SessionStatus",),
    "words.MODALITY": ("types.v1.Modality",),
    "words.SEX": ("types.v1.Sex",),
    "words.CONTACT": ("patient_registry.v1.ContactKind",),
    "words.CHANNEL": ("patient_registry.v1.ContactChannel",),
    "words.PURPOSE": ("patient_registry.v1.ContactPurpose",),
    "words.RELATION": ("patient_registry.v1.Relationship",),
    "words.SUBSCRIBER": ("patient_registry.v1.SubscriberRelation",),
    "words.COVERAGE_KIND": ("patient_registry.v1.CoverageKind",),
    "words.GRADE": ("patient_registry.v1.MatchGrade",),
    "words.CANCELLATION": ("scheduling.v1.CancellationReason",),
    "words.EXCEPTION": ("scheduling.v1.ScheduleExceptionKind",),
    "words.METHOD": ("billing.v1.PaymentMethod", "billing.v1.TenderKind"),
    "words.NOTE_CHANNEL": ("billing.v1.ClaimNoteChannel",),
    "words.ROLE": ("identity.v1.Role",),
    "words.PAYER_KIND": ("billing.v1.PayerKind",),
    "words.FEES": ("billing.v1.FeeScheduleKind",),
    "words.PLACE": ("billing.v1.PatientPlace",),
    "words.WAITLIST": ("scheduling.v1.WaitlistStatus",),
    "words_billing.STEP": ("billing.v1.PreparationStep",),
    "words_billing.STEP_STATE": ("billing.v1.PreparationState",),
    "words_billing.REVIEW": ("billing.v1.ChargeReviewState",),
    "words_billing.FEE_KIND": ("billing.v1.VisitFeeKind",),
    "words_billing.CUT_OVER": ("billing.v1.CutOverKind",),
    "words_billing.COVER": ("billing.v1.BenefitCover",),
    "words_intake.ASK": ("patient_registry.v1.FormAsk",),
    "words_intake.KIND": ("patient_registry.v1.FieldKind",),
    "words_intake.RECORD": ("patient_registry.v1.RecordField",),
    "words_talk.KINDS": ("notifications.v1.ThreadKind",),
    "words_talk.STATES": ("notifications.v1.ThreadState",),
    "words_talk.PASSED": ("notifications.v1.CommunicationKind",),
    "words_talk.PASSED_WORDS": ("notifications.v1.CommunicationKind",),
    "words_talk.STEPS": ("patient_registry.v1.IntakeStepKind",),
    "words_talk.STEP_STATES": ("patient_registry.v1.IntakeStepState",),
    "words_talk.RESPONSES": ("patient_registry.v1.FormResponseState",),
    "words_talk.CONSENTS": ("patient_registry.v1.ConsentState",),
    "words_talk.CHANGES": ("patient_registry.v1.ChangeState",),
    "words_talk.DOCUMENTS": ("patient_registry.v1.DocumentKind",),
    "claim_rule_words.RULE_SET": ("billing.v1.ClaimRuleSetState",),
    "claim_rule_words.RULE_OPERATOR": ("billing.v1.RuleOperator",),
    "claim_rule_words.RULE_OPERATOR_NAME": ("billing.v1.RuleOperator",),
    "claim_rule_words.RULE_ACTION": ("billing.v1.RuleActionKind",),
    "claim_rule_words.RULE_ACTION_NAME": ("billing.v1.RuleActionKind",),
}
# Tables by number that tell no enum.
NO_ENUM = {"words.PRIORITY", "words.WEEKDAY"}
# Values that no page meets, each with the reason.
LEFT_OUT = {
    "MATCH_GRADE_UNLIKELY": "the registry does not list pairs that are unlikely",
    "CLAIM_NOTE_CHANNEL_NOTE": "a plain note has no channel to tell",
    "INTAKE_STEP_KIND_CONSENT": "named by the consent's own title",
    "INTAKE_STEP_KIND_FORM": "named by the form's own title",
}
# Enums of answers that no page of the console tells; one that is new stands here or in a table.
NOT_TOLD = {
    "asked for, or told by the page it stands on": {
        "billing.v1.AgingBasis", "billing.v1.ClaimAction", "billing.v1.ClaimProvider", "billing.v1.CodeKind",
        "billing.v1.ReceivablesGroup", "billing.v1.RevenueGroup", "billing.v1.WriteOffKind",
        "scheduling.v1.PatientKind", "scheduling.v1.ResourceKind", "scheduling.v1.SeriesScope",
        "scheduling.v1.SlotOrder", "notifications.v1.Channel", "patient_registry.v1.AddressUse",
    },
    "of the portal's and the video room's own tables": {
        "scheduling.v1.Wish", "telehealth.v1.Media", "telehealth.v1.ParticipantState", "telehealth.v1.PresenceEnd",
        "telehealth.v1.Role",
    },
    "not on a page of the console": {
        "billing.v1.AuthorisationKind", "billing.v1.AuthorisationMeasure", "billing.v1.AuthorisationState",
        "billing.v1.CodingTableKind", "billing.v1.EnrolmentState", "billing.v1.EnrolmentTransaction",
        "billing.v1.EstimateDeliveryMethod", "billing.v1.EstimateKind", "billing.v1.PlanEvery",
        "billing.v1.PovertyRegion", "notifications.v1.ReminderStatus", "notifications.v1.ReplyIntent",
        "notifications.v1.SuppressionReason", "notifications.v1.Trigger", "patient_registry.v1.FhirOutcomeStatus",
        "scheduling.v1.ClearanceKind", "scheduling.v1.ConflictReason", "scheduling.v1.RebookingOutcome",
        "scheduling.v1.RebookingStatus", "scheduling.v1.RecallOutcome", "scheduling.v1.WaitlistOfferOutcome",
        "scheduling.v1.WalkInStatus",
    },
}  # fmt: skip


def tables() -> dict[str, dict[int, Any]]:
    """The tables of words that go by number: ``module.NAME`` → table."""
    found: dict[str, dict[int, Any]] = {}
    for name in MODULES:
        module = importlib.import_module(f"gateway.console.{name}")
        for table, held in vars(module).items():
            if table.isupper() and isinstance(held, dict) and held and all(isinstance(key, int) for key in held):
                found[f"{name}.{table}"] = held
    return found


def answered() -> dict[str, EnumDescriptor]:
    """Every enum that stands in some RPC's answer, by its name behind ``polyclinic.``."""
    found: dict[str, EnumDescriptor] = {}
    seen: set[str] = set()

    def walk(message: Any) -> None:
        if message.full_name in seen:
            return
        seen.add(message.full_name)
        for each in message.fields:
            if each.enum_type is not None and each.enum_type.full_name.startswith("polyclinic."):
                found[each.enum_type.full_name.removeprefix("polyclinic.")] = each.enum_type
            if each.message_type is not None:
                walk(each.message_type)

    for service in find_services():
        for method in service.methods:
            walk(method.output_type)
    return found


def test_every_enum_of_an_answer_has_its_words() -> None:
    """A table for each enum that services answer with, or the reason why no page tells it; and no enum in both."""
    told = {each for enums in TOLD.values() for each in enums}
    not_told = {each for enums in NOT_TOLD.values() for each in enums}
    assert set(answered()) - told - not_told == set()
    assert told & not_told == set()


def test_every_table_by_number_is_known() -> None:
    """A new table of words says which enum it tells; none that is gone is still named."""
    assert set(tables()) - NO_ENUM == set(TOLD)


@pytest.mark.parametrize("table", TOLD)
def test_a_table_has_every_value(table: str) -> None:
    """Each value of its enums stands in the table, the unspecified one where it means something."""
    held, known = tables()[table], answered()
    for name in TOLD[table]:
        values = {each.number for each in known[name].values if each.number and each.name not in LEFT_OUT}
        assert values - set(held) == set(), name
    numbers = {each.number for name in TOLD[table] for each in known[name].values}
    assert set(held) - numbers == set(), "a value that the contract does not have"


@pytest.mark.parametrize("tag", [tag for tag in LANGUAGES if tag != DEFAULT])
def test_every_word_is_said_in_every_language(tag: str) -> None:
    """What a table tells is in the other languages' catalogues, so that no English word stands on their pages."""
    assets.build()
    texts = Languages().choose(tag, []).texts
    own = {"Medicare Part B", "Medicaid"}
    for name, held in tables().items():
        if name.endswith("_NAME"):
            continue
        for told in held.values():
            word = told[2] if isinstance(told, tuple) else told
            assert word in own or word in texts._catalog, (name, word)  # type: ignore[attr-defined]


def kinds() -> Iterator[tuple[str, str]]:
    """(file, kind) of every work item that billing opens."""
    constants = {}
    calls = []
    for path in sorted((SERVICES / "billing" / "usecases").glob("*.py")):
        tree = ast.parse(path.read_text())
        constants |= {
            (path.name, target.id): each.value.value
            for each in tree.body
            if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant)
            for target in each.targets
            if isinstance(target, ast.Name)
        }
        for each in ast.walk(tree):
            called = getattr(getattr(each, "func", None), "attr", getattr(getattr(each, "func", None), "id", ""))
            if isinstance(each, ast.Call) and called in ("open_item", "_open_item", "_open_work"):
                calls.append((path.name, each))
    for file, call in calls:
        given = [each.value for each in call.keywords if each.arg == "kind"] or call.args[3:4]
        for value in given:
            for part in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
                if isinstance(part, ast.Constant) and re.fullmatch("[a-z_]+", str(part.value)):
                    yield file, str(part.value)
                elif isinstance(part, ast.Name) and (file, part.id) in constants:
                    yield file, str(constants[file, part.id])


def test_every_kind_of_work_has_a_queue() -> None:
    """Each kind of work item that billing opens has the name of its queue, and the payers' words that open one have theirs."""
    from billing.domain.acknowledgements import CATEGORIES

    opened = set(kinds()) | {("acknowledgements.py", each.work) for each in CATEGORIES.values() if each.work}
    found = {kind for _, kind in opened}
    assert {"eligibility", "scrub", "charge_returned", "overpaid", "withdraw_claim", "unmatched_reversal"} <= found
    assert {each for each in opened if each[1] not in words.WORK} == set()


def test_what_billing_says_of_a_step_is_told_in_the_reader_s_language() -> None:
    """Each sentence of the preparation's steps, with names in it or without, has its words here."""
    from billing.domain import preparation

    texts = Languages().choose("es", []).texts
    payer = "Harbor Mutual"
    profile_less = preparation.demographics(None, answers=True)
    items = [
        profile_less,
        preparation.demographics(None, answers=False),
        preparation.coverage("", None, answers=True),
        preparation.coverage(payer, None, answers=True),
        *[
            preparation.benefits(payer, preparation.PayersWord(*word))
            for word in ((False,), (True,), (True, "inactive"), (True, "active", True), (True, "active"))
        ],
        preparation.permission(preparation.Step.REFERRAL, [], [], ""),
        preparation.permission(preparation.Step.REFERRAL, ["a referral"], ["a referral"], ""),
        preparation.permission(preparation.Step.REFERRAL, ["a referral"], [], ""),
        preparation.FORMS,
        *[preparation.copay(0, reason) for reason in ("benefits", "paid", "protected", "no_coverage", "no_benefits")],
    ]

    class Reader:
        """A page that only speaks."""

        @staticmethod
        def gettext(text: str, **values: Any) -> str:
            found = texts.gettext(text)
            assert found != text, text
            return found % values if values else found

        @staticmethod
        def label(table: dict[str, str], value: str) -> str:
            return texts.gettext(table[value]) if value in table else value

    reader: Any = Reader()
    for item in items:
        told = words_billing.step_words(reader, item.words)
        assert told != item.words
        assert (payer in told) == (payer in item.words)
