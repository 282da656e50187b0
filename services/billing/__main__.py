"""Billing: settings → outside parties → servicers, events, due work → serve."""

from __future__ import annotations

from polyclinic.billing.v1 import (
    authorisations_pb2,
    billing_pb2,
    books_pb2,
    charge_capture_pb2,
    charge_reviews_pb2,
    claim_rules_pb2,
    claim_work_pb2,
    claims_pb2,
    code_sets_pb2,
    coding_edits_pb2,
    collections_pb2,
    cut_over_pb2,
    denials_pb2,
    discounts_pb2,
    eligibility_pb2,
    enrolments_pb2,
    estimates_pb2,
    invoices_pb2,
    keyed_remittances_pb2,
    payment_plans_pb2,
    preparation_pb2,
    revenue_figures_pb2,
    statement_runs_pb2,
    visit_fees_pb2,
)
from polyclinic.patient_registry.v1 import patient_registry_pb2

from billing import events, events_claims, events_money
from billing.adapters.address_book import RegistryAddressBook
from billing.adapters.cards import CardProcessor
from billing.adapters.clearinghouse import clearinghouse_at
from billing.adapters.code_book import CodeBook
from billing.adapters.diagnoses import billable_diagnoses
from billing.adapters.diagnosis_catalogue import DiagnosisCatalogue
from billing.adapters.registry import Registry
from billing.rpc.authorisations import AuthorisationsRpc
from billing.rpc.billing import BillingRpc
from billing.rpc.books import BooksRpc
from billing.rpc.charge_capture import ChargeCaptureRpc
from billing.rpc.charge_reviews import ChargeReviewsRpc
from billing.rpc.claim_rules import ClaimRulesRpc
from billing.rpc.claim_work import ClaimWorkRpc
from billing.rpc.claims import ClaimsRpc
from billing.rpc.code_sets import CodeSetsRpc
from billing.rpc.coding_edits import CodingEditsRpc
from billing.rpc.collections import CollectionsRpc
from billing.rpc.cut_over import CutOverRpc
from billing.rpc.denials import DenialsRpc
from billing.rpc.discounts import DiscountsRpc
from billing.rpc.eligibility import EligibilityRpc
from billing.rpc.enrolments import EnrolmentsRpc
from billing.rpc.estimates import EstimatesRpc
from billing.rpc.invoices import InvoicesRpc
from billing.rpc.keyed_remittances import KeyedRemittancesRpc
from billing.rpc.payment_plans import PaymentPlansRpc
from billing.rpc.preparation import PreparationRpc
from billing.rpc.revenue_figures import RevenueFiguresRpc
from billing.rpc.statement_runs import StatementRunsRpc
from billing.rpc.visit_fees import VisitFeesRpc
from billing.settings import Settings
from chassis.service import Service


def build(settings: Settings) -> Service:
    """The service, wired; nothing connects yet."""
    service = Service("billing", settings)
    registry = service.peer("patient_registry", patient_registry_pb2.DESCRIPTOR.services_by_name["PatientRegistry"])
    address_book = RegistryAddressBook(registry, settings.statement_pay_url)
    clearinghouse = clearinghouse_at(
        settings.clearinghouse_url, settings.clearinghouse_submitter, settings.clearinghouse_secret
    )
    billable = billable_diagnoses()
    book = CodeBook(DiagnosisCatalogue(billable))
    cards = CardProcessor(settings.card_url, settings.card_secret_key, settings.card_webhook_secret)

    service.serve(billing_pb2.DESCRIPTOR.services_by_name["Billing"], BillingRpc(billable, cards, address_book))
    service.serve(
        claims_pb2.DESCRIPTOR.services_by_name["Claims"], ClaimsRpc(events_claims.batch_settings_of(settings))
    )
    service.serve(eligibility_pb2.DESCRIPTOR.services_by_name["Eligibility"], EligibilityRpc())
    service.serve(coding_edits_pb2.DESCRIPTOR.services_by_name["CodingEdits"], CodingEditsRpc())
    service.serve(charge_capture_pb2.DESCRIPTOR.services_by_name["ChargeCapture"], ChargeCaptureRpc(book))
    service.serve(charge_reviews_pb2.DESCRIPTOR.services_by_name["ChargeReviews"], ChargeReviewsRpc())
    service.serve(preparation_pb2.DESCRIPTOR.services_by_name["Preparation"], PreparationRpc(Registry(registry)))
    service.serve(code_sets_pb2.DESCRIPTOR.services_by_name["CodeSets"], CodeSetsRpc(book))
    service.serve(denials_pb2.DESCRIPTOR.services_by_name["Denials"], DenialsRpc())
    service.serve(keyed_remittances_pb2.DESCRIPTOR.services_by_name["KeyedRemittances"], KeyedRemittancesRpc())
    service.serve(payment_plans_pb2.DESCRIPTOR.services_by_name["PaymentPlans"], PaymentPlansRpc())
    service.serve(books_pb2.DESCRIPTOR.services_by_name["Books"], BooksRpc())
    service.serve(revenue_figures_pb2.DESCRIPTOR.services_by_name["RevenueFigures"], RevenueFiguresRpc())
    service.serve(authorisations_pb2.DESCRIPTOR.services_by_name["Authorisations"], AuthorisationsRpc())
    service.serve(enrolments_pb2.DESCRIPTOR.services_by_name["Enrolments"], EnrolmentsRpc())
    service.serve(claim_rules_pb2.DESCRIPTOR.services_by_name["ClaimRules"], ClaimRulesRpc())
    service.serve(claim_work_pb2.DESCRIPTOR.services_by_name["ClaimWork"], ClaimWorkRpc())
    service.serve(estimates_pb2.DESCRIPTOR.services_by_name["Estimates"], EstimatesRpc(Registry(registry)))
    service.serve(discounts_pb2.DESCRIPTOR.services_by_name["Discounts"], DiscountsRpc())
    service.serve(visit_fees_pb2.DESCRIPTOR.services_by_name["VisitFees"], VisitFeesRpc())
    service.serve(collections_pb2.DESCRIPTOR.services_by_name["Collections"], CollectionsRpc(address_book))
    service.serve(invoices_pb2.DESCRIPTOR.services_by_name["Invoices"], InvoicesRpc(address_book))
    service.serve(statement_runs_pb2.DESCRIPTOR.services_by_name["StatementRuns"], StatementRunsRpc())
    service.serve(cut_over_pb2.DESCRIPTOR.services_by_name["CutOver"], CutOverRpc())
    service.consume(events.SUBSCRIPTIONS)
    service.due(events_money.due(cards, address_book))
    service.due(events_claims.due(settings, Registry(registry), clearinghouse, billable, book.diagnoses))
    return service


def main() -> None:
    """Runs billing until it is told to stop."""
    build(Settings.from_environment()).run()


if __name__ == "__main__":
    main()
