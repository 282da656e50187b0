"""Starts the service: `python -m notifications`."""

from __future__ import annotations

from polyclinic.identity.v1 import identity_pb2, patient_access_pb2
from polyclinic.notifications.v1 import conversations_pb2, notifications_pb2
from polyclinic.patient_registry.v1 import patient_registry_pb2

from chassis.service import Service
from notifications import events
from notifications.adapters.accounts import Accounts
from notifications.adapters.guard import Guarded
from notifications.adapters.registry import Registry
from notifications.adapters.sms import SmsCarrier
from notifications.adapters.smtp import SmtpCarrier
from notifications.domain.vocabulary import Channel
from notifications.rpc import NotificationsRpc
from notifications.rpc.conversations import ConversationsRpc
from notifications.settings import Settings
from notifications.usecases.outside import Outside


def build(settings: Settings) -> Service:
    """The service, wired and not yet started."""
    service = Service("notifications", settings)
    registry = service.peer("patient_registry", patient_registry_pb2.DESCRIPTOR.services_by_name["PatientRegistry"])
    access = service.peer("identity", patient_access_pb2.DESCRIPTOR.services_by_name["PatientAccess"])
    people = service.peer("identity", identity_pb2.DESCRIPTOR.services_by_name["Identity"])
    outside = Outside(
        registry=Registry(registry),
        accounts=Accounts(access, people),
        carriers={
            Channel.EMAIL: Guarded(
                SmtpCarrier(
                    settings.smtp_host,
                    settings.smtp_port,
                    settings.smtp_user,
                    settings.smtp_password,
                    settings.smtp_tls,
                    settings.delivery_timeout_seconds,
                )
            ),
            Channel.SMS: Guarded(
                SmsCarrier(
                    settings.sms_url, settings.sms_account, settings.sms_token, settings.delivery_timeout_seconds
                )
            ),
        },
        public_url=settings.public_url,
        email_from=settings.email_from,
        sms_from=settings.sms_from,
        sms_auth_token=settings.sms_token,
        provider_answers_keywords=settings.sms_provider_answers_keywords,
    )
    service.serve(notifications_pb2.DESCRIPTOR.services_by_name["Notifications"], NotificationsRpc(outside))
    service.serve(conversations_pb2.DESCRIPTOR.services_by_name["Conversations"], ConversationsRpc(outside))
    service.consume(events.subscriptions(outside))
    service.due(events.due(outside))
    return service


def main() -> None:
    build(Settings.from_environment()).run()


if __name__ == "__main__":
    main()
