"""Billing: settings → outside parties → servicers, events, due work → serve."""

from __future__ import annotations

from polyclinic.billing.v1 import billing_pb2
from polyclinic.patient_registry.v1 import patient_registry_pb2

from billing import events, events_money
from billing.adapters.address_book import RegistryAddressBook
from billing.adapters.cards import CardProcessor
from billing.adapters.diagnoses import billable_diagnoses
from billing.rpc.billing import BillingRpc
from billing.settings import Settings
from chassis.service import Service


def build(settings: Settings) -> Service:
    """The service, wired; nothing connects yet."""
    service = Service("billing", settings)
    registry = service.peer("patient_registry", patient_registry_pb2.DESCRIPTOR.services_by_name["PatientRegistry"])
    address_book = RegistryAddressBook(registry)
    cards = CardProcessor(settings.card_url, settings.card_secret_key, settings.card_webhook_secret)

    service.serve(
        billing_pb2.DESCRIPTOR.services_by_name["Billing"], BillingRpc(billable_diagnoses(), cards, address_book)
    )
    service.consume(events.SUBSCRIPTIONS)
    service.due(events_money.due(cards, address_book))
    return service


def main() -> None:
    """Runs billing until it is told to stop."""
    build(Settings.from_environment()).run()


if __name__ == "__main__":
    main()
