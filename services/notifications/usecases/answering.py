"""What people write back: C, R, X, numbers, STOP and START, and our answer to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from chassis import telemetry
from chassis.call import Call
from notifications import published
from notifications.domain import families, replies, wording
from notifications.domain.families import Apply, Ask, NotClear, NothingPending, PendingVisit, Question
from notifications.domain.phones import normalised
from notifications.domain.references import answer_key, wire_reference
from notifications.domain.vocabulary import Channel, Meaning
from notifications.store import NO_APPOINTMENT, Store
from notifications.tables import Appointment, Reply
from notifications.usecases import composing
from notifications.usecases.composing import Draft, Occasion
from notifications.usecases.contacts import Reached
from notifications.usecases.outside import Outside
from notifications.usecases.suppressing import opt_in, opt_out
from notifications.usecases.tenants import ensure_installed

log = telemetry.logger(__name__)
# How long a number can be the answer to our question which visit is meant.
QUESTION_LASTS = timedelta(hours=48)
# "We did not understand" is said to a number at most once in this time: two machines would talk for ever.
NOT_UNDERSTOOD_PAUSE = timedelta(hours=24)
DONE = {
    Meaning.CONFIRM: "reply.confirmed",
    Meaning.RESCHEDULE: "reply.reschedule",
    Meaning.CANCEL_VISIT: "reply.cancelled",
}
LETTERS = {Meaning.CONFIRM: "C", Meaning.RESCHEDULE: "R", Meaning.CANCEL_VISIT: "X"}
KEYWORDS = frozenset({Meaning.OPT_OUT, Meaning.OPT_IN, Meaning.HELP})


@dataclass(frozen=True)
class Incoming:
    """A text that came in: the provider's id, the two numbers, the words."""

    provider_reference: str
    sender: str
    recipient: str
    text: str


@dataclass(frozen=True)
class Turn:
    """Our side of the exchange, worked out: what is on record and what we answer (no template: nothing)."""

    template_code: str = ""
    visits: tuple[PendingVisit, ...] = ()
    patients: frozenset[UUID] = frozenset()
    needs_attention: bool = False
    asked_which: bool = False
    extra: dict[str, object] | None = None


def take_reply(call: Call, outside: Outside, incoming: Incoming) -> None:
    """Takes over one incoming text, once per the provider's id, with all its effects and our answer."""
    store = Store(call.session)
    sender = normalised(Channel.SMS, incoming.sender)
    if sender is None:
        log.warning("reply without a number")
        return
    answer = replies.parse(incoming.text)
    reply = _on_record(call, incoming, sender, answer)
    if not store.claim_reply(reply):
        return
    store.serialise_address(Channel.SMS, sender)
    asked = store.asked_about(sender, call.now)
    turn = _turn(call, outside, store, reply, answer, [_pending(row) for row in asked])
    row = store.need(Reply, reply.id, "reply")
    row.needs_attention, row.asked_which = turn.needs_attention, turn.asked_which
    concerned = [(visit.patient_id, visit.appointment_id) for visit in turn.visits]
    about_nothing = turn.patients - {patient_id for patient_id, _ in concerned}
    store.add_reply_visits(reply.id, concerned + [(patient_id, NO_APPOINTMENT) for patient_id in sorted(about_nothing)])
    if turn.template_code and not (answer.meaning in KEYWORDS and outside.provider_answers_keywords):
        _answer(call, outside, store, incoming, sender, turn)


def _turn(
    call: Call, outside: Outside, store: Store, reply: Reply, answer: replies.Answer, visits: list[PendingVisit]
) -> Turn:
    sender = reply.sender
    if answer.meaning is Meaning.OPT_OUT:
        patients = opt_out(call, outside, store, Channel.SMS, sender, reply.id)
        store.close_question(sender)
        about = tuple(visits) if answer.ambiguous else ()
        return Turn("reply.opted_out", about, frozenset(patients), needs_attention=answer.ambiguous and bool(visits))
    if answer.meaning is Meaning.OPT_IN:
        return Turn("reply.opted_in", patients=frozenset(opt_in(call, outside, store, Channel.SMS, sender, reply.id)))
    if answer.meaning is Meaning.HELP:
        return Turn("reply.help")
    if answer.meaning is Meaning.NOT_UNDERSTOOD:
        return _not_understood(call, store, sender, visits)
    return _about_visits(call, store, reply, answer, visits)


def _about_visits(call: Call, store: Store, reply: Reply, answer: replies.Answer, visits: list[PendingVisit]) -> Turn:
    asked = store.open_question(reply.sender, call.now)
    question = Question(Meaning(asked.intent), tuple(map(UUID, asked.appointment_ids))) if asked else None
    match families.settle(answer, visits, question):
        case Apply(intent, chosen):
            for visit in chosen:
                # One event per visit: its id follows from the reply and the visit.
                event_id = uuid5(reply.id, str(visit.appointment_id))
                call.emit(published.reply_received(event_id, visit.appointment_id, visit.patient_id, intent, call.now))
            store.close_question(reply.sender)
            return Turn(DONE[intent], chosen)
        case Ask(intent, options):
            store.ask(reply.sender, intent.value, [visit.appointment_id for visit in options], call.now, QUESTION_LASTS)
            return Turn("reply.which", options, asked_which=True, extra={"letter": LETTERS[intent]})
        case NothingPending():
            return Turn("reply.no_visit", needs_attention=True)
        case NotClear():
            return _not_understood(call, store, reply.sender, visits)


def _not_understood(call: Call, store: Store, sender: str, visits: list[PendingVisit]) -> Turn:
    told = store.answered_not_understood_since(sender, call.now - NOT_UNDERSTOOD_PAUSE)
    return Turn("" if told else "reply.not_understood", tuple(visits), needs_attention=True)


def _answer(call: Call, outside: Outside, store: Store, incoming: Incoming, sender: str, turn: Turn) -> None:
    """Writes our answer down. A number that we never wrote to gets none: nobody is known there."""
    last = store.last_message_to(sender)
    patients = [visit.patient_id for visit in turn.visits] or ([last.patient_id] if last else sorted(turn.patients))
    if not patients:
        return
    clinic = store.clinic()
    language = last.language if last else (clinic.default_language if clinic else "en")
    policy = ensure_installed(call, store)
    found = composing.find_text(store, turn.template_code, Channel.SMS, language)
    if found is None:
        return
    extra = dict(turn.extra or {})
    if turn.asked_which:
        extra["choices"] = wording.choices([(visit.start_time, visit.zone) for visit in turn.visits], found[0].language)
    key = answer_key(call.tenant_id, incoming.provider_reference)
    draft = Draft(
        patient_id=patients[0],
        template_code=turn.template_code,
        reference=wire_reference(key, Channel.SMS, outside.email_domain),
        message_id=call.new_id(),
        send_at=call.now,
        is_answer=True,
    )
    reached = Reached(Channel.SMS, sender, language, None)
    composing.write(call, outside, store, policy, found, reached, _place(store, turn, last), draft, extra)


def _place(store: Store, turn: Turn, last: object) -> Occasion:
    """The place whose phone number the answer names: the visits', or the one last written about."""
    if turn.visits:
        return Occasion(location_id=turn.visits[0].location_id)
    appointment_id = getattr(last, "appointment_id", None)
    appointment = store.get(Appointment, appointment_id) if appointment_id else None
    return Occasion(location_id=appointment.location_id) if appointment else Occasion()


def _on_record(call: Call, incoming: Incoming, sender: str, answer: replies.Answer) -> Reply:
    return Reply(
        id=call.new_id(),
        provider_reference=incoming.provider_reference,
        sender=sender,
        recipient=incoming.recipient,
        text=incoming.text,
        meaning=answer.meaning.value,
        ambiguous=answer.ambiguous,
        needs_attention=False,
        asked_which=False,
        received_at=call.now,
    )


def _pending(row: Appointment) -> PendingVisit:
    return PendingVisit(
        row.id, row.patient_id, row.location_id, row.start_time, ZoneInfo(row.time_zone), row.status == "confirmed"
    )
