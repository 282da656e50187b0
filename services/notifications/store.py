"""All queries of messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, exists, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis.errors import NotFound
from chassis.store import among, remembered
from notifications.domain.vocabulary import Channel, MessageStatus, ReminderStatus, SuppressionReason, Trigger
from notifications.store_texts import TextQueries
from notifications.tables import (
    Appointment,
    Clinic,
    Location,
    Message,
    Policy,
    Reminder,
    Reply,
    ReplyQuestion,
    ReplyVisit,
    Rule,
    Suppression,
)

NO_APPOINTMENT = UUID(int=0)

# Built once: every visit is planned, every message decided, sent and receipted by these.
_RULES = select(Rule).where(Rule.active).order_by(Rule.trigger, Rule.offset_minutes.desc(), Rule.id)
_RULES_ABOUT = _RULES.where(among(Rule.trigger, bindparam("triggers")))
_REMINDERS = (
    select(Reminder).where(Reminder.subject_id == bindparam("subject_id")).order_by(Reminder.due_at, Reminder.id)
)
_BY_REFERENCE = (
    select(Message)
    .where(Message.reference == bindparam("reference"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_MESSAGES_SINCE = select(func.count()).where(
    Message.channel == bindparam("channel"),
    Message.recipient == bindparam("address"),
    Message.created_at > bindparam("since"),
    Message.is_answer.is_(False),
    Message.status != MessageStatus.WITHDRAWN.value,
)
_SUPPRESSION = select(Suppression).where(
    Suppression.channel == bindparam("channel"),
    Suppression.address == bindparam("address"),
    Suppression.lifted_at.is_(None),
)


class Store(TextQueries):
    """Queries of one transaction."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        # Rules with their tenant's setting, as they were read in this transaction.
        self._at_hand: dict[UUID, Row[tuple[Rule, Policy, Clinic]]] = {}

    # ---- the tenant

    def clinic(self) -> Clinic | None:
        return self.session.get(Clinic, self.tenant_id)

    def policy(self) -> Policy | None:
        return self.session.get(Policy, self.tenant_id)

    def serialise_tenant(self) -> None:
        """One at a time per tenant, for the moment in which its defaults are installed."""
        self._advisory_lock(f"install|{self.tenant_id}")

    def serialise_address(self, channel: Channel, address: str) -> None:
        """One at a time per address, so that counting against its limit is exact."""
        self._advisory_lock(f"address|{self.tenant_id}|{channel}|{address}")

    def _advisory_lock(self, key: str) -> None:
        self.session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})

    # ---- rules

    def rules(self, triggers: Sequence[Trigger] = ()) -> list[Rule]:
        """All active rules (of these triggers)."""
        if not triggers:
            return list(self.session.scalars(_RULES))
        return list(self.session.scalars(_RULES_ABOUT, {"triggers": [trigger.value for trigger in triggers]}))

    @remembered
    def rule_with_setting(self, rule_id: UUID) -> Rule:
        """A rule; the tenant's policy and clinic are read in the same statement and are at hand from then on."""
        query = (
            select(Rule, Policy, Clinic)
            .outerjoin(Policy, Policy.tenant_id == Rule.tenant_id)
            .outerjoin(Clinic, Clinic.tenant_id == Rule.tenant_id)
            .where(Rule.id == rule_id)
        )
        # Held by the session, and so at hand for whoever gets them by key, as long as this store's caller holds them.
        if rule_id not in self._at_hand:
            row = self.session.execute(query).one_or_none()
            if row is None:
                raise NotFound("message rule")
            self._at_hand[rule_id] = row
        rule: Rule = self._at_hand[rule_id][0]
        return rule

    def rule_names(self, rule_ids: Sequence[UUID]) -> dict[UUID, str]:
        rows = self.session.execute(select(Rule.id, Rule.name).where(among(Rule.id, set(rule_ids))))
        return {row.id: row.name for row in rows}

    def list_rules(
        self, appointment_type_code: str, include_inactive: bool, page_size: int, page_token: str
    ) -> tuple[list[Rule], str]:
        query = select(Rule)
        if appointment_type_code:
            query = query.where(Rule.appointment_type_code == appointment_type_code)
        if not include_inactive:
            query = query.where(Rule.active)
        return self.page(query, [Rule.trigger, Rule.offset_minutes, Rule.id], page_size, page_token)

    # ---- appointments and reminders

    def coming_appointments(self, now: datetime, after: tuple[datetime, UUID] | None, limit: int) -> list[Appointment]:
        """Appointments that have not begun, by start, after a place in that order."""
        query = select(Appointment).where(Appointment.start_time > now)
        if after is not None:
            query = query.where(
                (Appointment.start_time > after[0])
                | ((Appointment.start_time == after[0]) & (Appointment.id > after[1]))
            )
        return list(self.session.scalars(query.order_by(Appointment.start_time, Appointment.id).limit(limit)))

    def reminders_of(self, subject_id: UUID) -> list[Reminder]:
        """Every planned sending about a subject, in the order they were due."""
        return list(self.session.scalars(_REMINDERS, {"subject_id": subject_id}))

    def lock_subjects(self, reminder_ids: Sequence[UUID]) -> dict[UUID, Appointment]:
        """The appointments that reminders are about, fresh and locked, by id; what is about something else has none."""
        about = select(Reminder.subject_id).where(among(Reminder.id, reminder_ids)).scalar_subquery()
        query = select(Appointment).where(Appointment.id.in_(about)).order_by(Appointment.id).with_for_update()
        rows = self.session.scalars(query.execution_options(populate_existing=True))
        return {row.id: row for row in rows}

    def later_reminder_is_due(self, reminder: Reminder, now: datetime) -> bool:
        """Whether another reminder of the same visit, meant for later, waits and is due already."""
        query = select(
            exists().where(
                Reminder.subject_id == reminder.subject_id,
                Reminder.occurrence == reminder.occurrence,
                Reminder.trigger == Trigger.BEFORE_VISIT.value,
                Reminder.status == ReminderStatus.PLANNED.value,
                Reminder.intended_at > reminder.intended_at,
                Reminder.due_at <= now,
            )
        )
        return bool(self.session.scalar(query))

    # ---- messages

    def message_by_reference(self, reference: str) -> Message | None:
        """The message of a reference, locked until the transaction ends."""
        return self.session.scalars(_BY_REFERENCE, {"reference": reference}).one_or_none()

    def message_by_provider(self, provider_reference: str) -> Message | None:
        """The message that the provider knows by this name, locked until the transaction ends."""
        query = select(Message).where(Message.provider_reference == provider_reference).with_for_update()
        return self.session.scalars(query.execution_options(populate_existing=True)).first()

    def messages_since(self, channel: Channel, address: str, since: datetime) -> int:
        """How many messages went (or are about to go) to an address, without our answers and what was withdrawn."""
        about = {"channel": channel.value, "address": address, "since": since}
        return int(self.session.scalar(_MESSAGES_SINCE, about) or 0)

    def list_messages(
        self,
        patient_id: UUID | None,
        appointment_id: UUID | None,
        status: MessageStatus | None,
        page_size: int,
        page_token: str,
    ) -> tuple[list[Message], str]:
        query = select(Message)
        if patient_id:
            query = query.where(Message.patient_id == patient_id)
        if appointment_id:
            query = query.where(Message.appointment_id == appointment_id)
        if status:
            query = query.where(Message.status == status.value)
        return self.page(query, [Message.created_at, Message.id], page_size, page_token, descending=True)

    def last_message_to(self, address: str) -> Message | None:
        """The last text to a number that was not an answer of ours: it tells language and place."""
        query = (
            select(Message)
            .where(Message.channel == Channel.SMS.value, Message.recipient == address, Message.is_answer.is_(False))
            .order_by(Message.created_at.desc(), Message.id.desc())
            .limit(1)
        )
        return self.session.scalars(query).one_or_none()

    def patients_written_to(self, channel: Channel, address: str) -> set[UUID]:
        """Whose messages went to this address."""
        query = select(Message.patient_id).where(Message.channel == channel.value, Message.recipient == address)
        return set(self.session.scalars(query.distinct()))

    def asked_about(self, address: str, now: datetime) -> list[Appointment]:
        """Coming appointments, at the time they now have, that this number was asked about by text."""
        asked = exists().where(
            Message.tenant_id == Appointment.tenant_id,
            Message.appointment_id == Appointment.id,
            Message.occurrence == Appointment.reschedule_count,
            Message.channel == Channel.SMS.value,
            Message.recipient == address,
            Message.asks.is_(True),
            # Also one that was reported as not delivered: who answers it has read it.
            or_(Message.sent_at.is_not(None), Message.status == MessageStatus.INTENDED.value),
        )
        query = select(Appointment).where(
            Appointment.start_time > now, Appointment.status.in_(["booked", "confirmed"]), asked
        )
        return list(self.session.scalars(query.order_by(Appointment.start_time, Appointment.id)))

    def answered_not_understood_since(self, address: str, since: datetime) -> bool:
        """Whether we told this number since then that we did not understand."""
        query = select(
            exists().where(
                Message.channel == Channel.SMS.value,
                Message.recipient == address,
                Message.template_code == "reply.not_understood",
                Message.created_at > since,
            )
        )
        return bool(self.session.scalar(query))

    # ---- suppressions

    def suppression(self, channel: Channel, address: str) -> Suppression | None:
        """The live suppression of an address."""
        return self.session.scalars(_SUPPRESSION, {"channel": channel.value, "address": address}).one_or_none()

    def need_suppression(self, channel: Channel, address: str) -> Suppression:
        """The live suppression of an address. Raises NotFound."""
        found = self.suppression(channel, address)
        if found is None:
            raise NotFound("suppression")
        return found

    def add_suppression(
        self, suppression_id: UUID, channel: Channel, address: str, reason: SuppressionReason, now: datetime
    ) -> bool:
        """Suppresses an address; False when it is suppressed already (that entry stays)."""
        statement = insert(Suppression).values(
            tenant_id=self.tenant_id,
            id=suppression_id,
            channel=channel.value,
            address=address,
            reason=reason.value,
            created_at=now,
        )
        return bool(self.session.execute(statement.on_conflict_do_nothing().returning(Suppression.id)).scalar())

    def list_suppressions(
        self, channel: Channel | None, address: str, include_lifted: bool, page_size: int, page_token: str
    ) -> tuple[list[Suppression], str]:
        query = select(Suppression)
        if channel:
            query = query.where(Suppression.channel == channel.value)
        if address:
            query = query.where(Suppression.address == address)
        if not include_lifted:
            query = query.where(Suppression.lifted_at.is_(None))
        return self.page(query, [Suppression.created_at, Suppression.id], page_size, page_token, descending=True)

    # ---- replies

    def claim_reply(self, reply: Reply) -> bool:
        """Writes a reply down unless the provider handed it over before."""
        values = {column.name: getattr(reply, column.name) for column in Reply.__table__.columns}
        statement = insert(Reply).values(**values | {"tenant_id": self.tenant_id}).on_conflict_do_nothing()
        return bool(self.session.execute(statement.returning(Reply.id)).scalar())

    def add_reply_visits(self, reply_id: UUID, visits: Sequence[tuple[UUID, UUID]]) -> None:
        """Notes (patient, appointment) of a reply; NO_APPOINTMENT where it was about none."""
        for patient_id, appointment_id in visits:
            self.session.add(ReplyVisit(reply_id=reply_id, patient_id=patient_id, appointment_id=appointment_id))

    def reply_visits(self, replies: Sequence[Reply]) -> dict[UUID, list[ReplyVisit]]:
        found: dict[UUID, list[ReplyVisit]] = {}
        query = select(ReplyVisit).where(ReplyVisit.reply_id.in_([row.id for row in replies]))
        for row in self.session.scalars(query.order_by(ReplyVisit.appointment_id, ReplyVisit.patient_id)):
            found.setdefault(row.reply_id, []).append(row)
        return found

    def list_replies(
        self, patient_id: UUID | None, needs_attention: bool, page_size: int, page_token: str
    ) -> tuple[list[Reply], str]:
        query = select(Reply)
        if patient_id:
            query = query.where(
                exists().where(
                    ReplyVisit.tenant_id == Reply.tenant_id,
                    ReplyVisit.reply_id == Reply.id,
                    ReplyVisit.patient_id == patient_id,
                )
            )
        if needs_attention:
            query = query.where(Reply.needs_attention)
        return self.page(query, [Reply.received_at, Reply.id], page_size, page_token, descending=True)

    def open_question(self, sender: str, now: datetime) -> ReplyQuestion | None:
        found = self.session.get(ReplyQuestion, (self.tenant_id, sender))
        return found if found is not None and found.expires_at > now else None

    def ask(self, sender: str, intent: str, appointment_ids: Sequence[UUID], now: datetime, lasts: timedelta) -> None:
        """Opens our question to a number; an earlier one is replaced."""
        values = {
            "intent": intent,
            "appointment_ids": [str(appointment_id) for appointment_id in appointment_ids],
            "asked_at": now,
            "expires_at": now + lasts,
        }
        statement = insert(ReplyQuestion).values(tenant_id=self.tenant_id, sender=sender, **values)
        self.session.execute(statement.on_conflict_do_update(index_elements=["tenant_id", "sender"], set_=values))

    def close_question(self, sender: str) -> None:
        self.session.execute(delete(ReplyQuestion).where(ReplyQuestion.sender == sender))

    # ---- copies

    def location(self, location_id: UUID) -> Location | None:
        return self.get(Location, location_id)

    def first_location(self) -> Location | None:
        """The location heard of first: it stands for the clinic where no other is meant."""
        return self.session.scalars(select(Location).order_by(Location.id).limit(1)).one_or_none()
