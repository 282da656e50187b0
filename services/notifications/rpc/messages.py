"""Reminders, messages and replies over RPC."""

from __future__ import annotations

from polyclinic.notifications.v1 import events_pb2
from polyclinic.notifications.v1 import notifications_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier, optional_identifier, timestamp
from notifications.domain.vocabulary import Channel, MessageStatus, Subject
from notifications.rpc.words import to_enum, to_optional_word, to_word
from notifications.store import NO_APPOINTMENT
from notifications.tables import Message, Reply, ReplyVisit
from notifications.usecases import messages, reminders
from notifications.usecases.messages import ManualMessage
from notifications.usecases.outside import Outside
from notifications.usecases.reminders import Accounted, Listed


class MessagesRpc:
    """RPCs about reminders, messages and replies."""

    outside: Outside

    def ListReminders(self, request: pb.ListRemindersRequest, call: Call) -> pb.ListRemindersResponse:
        rows = reminders.list_reminders(call, identifier(request.appointment_id))
        call.touch(*{row.reminder.patient_id for row in rows})
        return pb.ListRemindersResponse(reminders=map(_reminder, rows))

    def ListExpectedReminders(
        self, request: pb.ListExpectedRemindersRequest, call: Call
    ) -> pb.ListExpectedRemindersResponse:
        account = reminders.expected_reminders(call, identifier(request.appointment_id))
        call.touch(*{row.reminder.patient_id for item in account.asked for row in item.rows})
        return pb.ListExpectedRemindersResponse(
            expected=map(_accounted, account.asked),
            complete=account.complete,
            unexpected=map(_reminder, account.unexpected),
        )

    def SendMessage(self, request: pb.SendMessageRequest, call: Call) -> pb.Message:
        wanted = ManualMessage(
            patient_id=identifier(request.patient_id),
            appointment_id=optional_identifier(request.appointment_id),
            template_code=request.template_code,
            channels=tuple(to_word(Channel, events_pb2.Channel, "CHANNEL", channel) for channel in request.channels),
        )
        return _message(messages.send_message(call, self.outside, wanted))

    def GetMessage(self, request: pb.GetMessageRequest, call: Call) -> pb.Message:
        return _message(messages.get_message(call, identifier(request.message_id)))

    def ListMessages(self, request: pb.ListMessagesRequest, call: Call) -> pb.ListMessagesResponse:
        rows, token = messages.list_messages(
            call,
            optional_identifier(request.patient_id),
            optional_identifier(request.appointment_id),
            to_optional_word(MessageStatus, pb.MessageStatus, "MESSAGE_STATUS", request.status),
            request.page_size,
            request.page_token,
        )
        return pb.ListMessagesResponse(messages=map(_message, rows), next_page_token=token)

    def ListReplies(self, request: pb.ListRepliesRequest, call: Call) -> pb.ListRepliesResponse:
        rows, visits, token = messages.list_replies(
            call,
            optional_identifier(request.patient_id),
            request.needs_attention,
            request.page_size,
            request.page_token,
        )
        answer = pb.ListRepliesResponse(
            replies=[_reply(row, visits.get(row.id, [])) for row in rows], next_page_token=token
        )
        call.touch(*{patient_id for reply in answer.replies for patient_id in reply.patient_ids})
        return answer


def _reminder(listed: Listed) -> pb.Reminder:
    row = listed.reminder
    return pb.Reminder(
        reminder_id=str(row.id),
        appointment_id=str(row.subject_id) if row.subject_kind == Subject.APPOINTMENT.value else "",
        rule_id=str(row.rule_id),
        rule_name=listed.rule_name,
        trigger=to_enum(pb.Trigger, "TRIGGER", row.trigger),
        channel=to_enum(events_pb2.Channel, "CHANNEL", row.channel),
        reschedule_count=row.occurrence,
        intended_at=timestamp(row.intended_at),
        due_at=timestamp(row.due_at),
        status=to_enum(pb.ReminderStatus, "REMINDER_STATUS", row.status),
        reason=row.reason,
        message_id=str(row.message_id) if row.message_id else "",
        reference=row.reference,
    )


def _accounted(item: Accounted) -> pb.ExpectedReminder:
    return pb.ExpectedReminder(
        rule_id=str(item.asked.rule.id),
        rule_name=item.rule_name,
        trigger=to_enum(pb.Trigger, "TRIGGER", item.asked.rule.trigger),
        intended_at=timestamp(item.asked.intended_at),
        due_at=timestamp(item.asked.due_at),
        reminders=map(_reminder, item.rows),
        satisfied=item.satisfied,
        explanation=item.explanation,
    )


def _message(row: Message) -> pb.Message:
    return pb.Message(
        message_id=str(row.id),
        patient_id=str(row.patient_id),
        appointment_id=str(row.appointment_id) if row.appointment_id else "",
        channel=to_enum(events_pb2.Channel, "CHANNEL", row.channel),
        recipient=row.recipient,
        template_code=row.template_code,
        template_version=row.template_version,
        language=row.language,
        subject=row.subject,
        text=row.text,
        body_hash=row.body_hash,
        reference=row.reference,
        status=to_enum(pb.MessageStatus, "MESSAGE_STATUS", row.status),
        attempts=row.attempts,
        error_code=row.error_code,
        created_at=timestamp(row.created_at),
        sent_at=timestamp(row.sent_at),
        settled_at=timestamp(row.settled_at),
        provider_reference=row.provider_reference,
        reminder_id=str(row.reminder_id) if row.reminder_id else "",
    )


def _reply(row: Reply, visits: list[ReplyVisit]) -> pb.Reply:
    return pb.Reply(
        reply_id=str(row.id),
        sender=row.sender,
        text=row.text,
        meaning=to_enum(pb.ReplyMeaning, "REPLY_MEANING", row.meaning),
        appointment_ids=[str(visit.appointment_id) for visit in visits if visit.appointment_id != NO_APPOINTMENT],
        patient_ids=sorted({str(visit.patient_id) for visit in visits}),
        asked_which=row.asked_which,
        received_at=timestamp(row.received_at),
        ambiguous=row.ambiguous,
    )
