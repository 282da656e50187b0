"""The rules and texts a tenant begins with; it can change every one of them."""

from __future__ import annotations

from dataclasses import dataclass

from notifications.domain.templates import INVITATION, Text
from notifications.domain.vocabulary import Channel, Trigger

HOUR = 60
DAY = 24 * HOUR
EMAIL, SMS = Channel.EMAIL, Channel.SMS


@dataclass(frozen=True)
class BuiltInRule:
    """A rule for all visit types."""

    name: str
    trigger: Trigger
    offset_minutes: int
    channels: tuple[Channel, ...]
    template_code: str
    any_hour: bool = False
    active: bool = True


@dataclass(frozen=True)
class BuiltInTemplate:
    """A text in one language for one channel."""

    code: str
    channel: Channel
    language: str
    source: Text


RULES = (
    BuiltInRule("Booking confirmation", Trigger.BOOKED, 0, (EMAIL, SMS), "appointment.booked", any_hour=True),
    BuiltInRule("Visit moved", Trigger.MOVED, 0, (EMAIL, SMS), "appointment.moved", any_hour=True),
    BuiltInRule("Visit cancelled", Trigger.CANCELLED, 0, (EMAIL, SMS), "appointment.cancelled", any_hour=True),
    BuiltInRule("Seven days before, by e-mail", Trigger.BEFORE_VISIT, 7 * DAY, (EMAIL,), "appointment.reminder"),
    BuiltInRule("Two days before, by e-mail", Trigger.BEFORE_VISIT, 2 * DAY, (EMAIL,), "appointment.reminder"),
    BuiltInRule("One day before, by text", Trigger.BEFORE_VISIT, DAY, (SMS, EMAIL), "appointment.reminder"),
    BuiltInRule("Two hours before, by text", Trigger.BEFORE_VISIT, 2 * HOUR, (SMS,), "appointment.reminder"),
    BuiltInRule("Waitlist offer", Trigger.WAITLIST_OFFERED, 0, (SMS, EMAIL), "waitlist.offer"),
    BuiltInRule("New statement", Trigger.STATEMENT_ISSUED, 0, (EMAIL,), "statement.issued"),
    BuiltInRule("Visit delayed", Trigger.VISIT_DELAYED, 0, (SMS, EMAIL), "visit.delayed", any_hour=True),
    BuiltInRule("New message in the portal", Trigger.THREAD_MESSAGE, 0, (EMAIL, SMS), "thread.message"),
    # A clinic switches it on once it wants its patients there.
    BuiltInRule(
        "Invitation to the portal, with the first visit",
        Trigger.FIRST_BOOKED,
        0,
        (EMAIL, SMS),
        INVITATION,
        active=False,
    ),
)

WHEN_EN = "{{ weekday }}, {{ date }} at {{ time }}"
# The time first: "p.m." at the end of a sentence would have two full stops.
WHEN_ES = "a las {{ time }} del {{ weekday }} {{ date }}"
PLACE_EN = (
    "{% if is_video %}It is a video visit: join from the portal. Questions? Call {{ location_phone }}.{% else %}Where: "
    "{{ location_name }}{% if location_address %}, {{ location_address }}{% endif %}. Phone: {{ location_phone }}.{% endif %}"
)
PLACE_ES = (
    "{% if is_video %}Es una visita por video: entre desde el portal. ¿Preguntas? Llame al {{ location_phone }}.{% else %}Lugar: "
    "{{ location_name }}{% if location_address %}, {{ location_address }}{% endif %}. Teléfono: {{ location_phone }}.{% endif %}"
)
LINK_EN = "See, confirm or change it here: {{ portal_link }}"
LINK_ES = "Véala, confírmela o cámbiela aquí: {{ portal_link }}"
CALL_EN = "Questions? Call {{ location_phone }}."
CALL_ES = "¿Preguntas? Llame al {{ location_phone }}."

# code → (subject, paragraphs)
EMAILS_EN: dict[str, tuple[str, tuple[str, ...]]] = {
    "appointment.reminder": (
        "Your visit on {{ weekday }} at {{ clinic_name }}",
        (f"This is a reminder of your visit at {{{{ clinic_name }}}} on {WHEN_EN}.", PLACE_EN, LINK_EN),
    ),
    "appointment.booked": (
        "Your visit at {{ clinic_name }} is booked",
        (f"Your visit at {{{{ clinic_name }}}} is booked for {WHEN_EN}.", PLACE_EN, LINK_EN),
    ),
    "appointment.moved": (
        "Your visit at {{ clinic_name }} has a new time",
        (f"Your visit at {{{{ clinic_name }}}} is now on {WHEN_EN}.", PLACE_EN, LINK_EN),
    ),
    "appointment.cancelled": (
        "Your visit at {{ clinic_name }} is cancelled",
        (
            f"Your visit at {{{{ clinic_name }}}} on {WHEN_EN} is cancelled.",
            "To book another time: {{ portal_link }}",
            CALL_EN,
        ),
    ),
    "waitlist.offer": (
        "An earlier time at {{ clinic_name }}",
        (
            f"A time has become free at {{{{ clinic_name }}}}: {WHEN_EN}.",
            "It is kept for you until {{ answer_by }}. Take it or decline it here: {{ portal_link }}",
        ),
    ),
    "statement.issued": (
        "A new statement from {{ clinic_name }}",
        ("You have a new statement. See and pay it in the portal: {{ portal_link }}", CALL_EN),
    ),
    "visit.delayed": (
        "Your visit today at {{ clinic_name }}",
        ("Your visit at {{ location_name }} is now expected to begin at {{ time }} today.", CALL_EN),
    ),
    "thread.message": (
        "A message from {{ clinic_name }}",
        ("{{ clinic_name }} has written to you. Read and answer it in the portal: {{ portal_link }}", CALL_EN),
    ),
    INVITATION: (
        "The patient portal of {{ clinic_name }}",
        (
            "In the patient portal of {{ clinic_name }} you see, book and change visits, fill in forms ahead, write to us, and see and "
            "pay bills.",
            "Sign in with this e-mail address and your birth date; we send you a code, there is no password to remember: "
            "{{ portal_link }}",
            CALL_EN,
        ),
    ),
}
EMAILS_ES: dict[str, tuple[str, tuple[str, ...]]] = {
    "appointment.reminder": (
        "Su cita del {{ weekday }} en {{ clinic_name }}",
        (f"Le recordamos su cita en {{{{ clinic_name }}}}: {WHEN_ES}.", PLACE_ES, LINK_ES),
    ),
    "appointment.booked": (
        "Su cita en {{ clinic_name }} está reservada",
        (f"Su cita en {{{{ clinic_name }}}} está reservada: {WHEN_ES}.", PLACE_ES, LINK_ES),
    ),
    "appointment.moved": (
        "Su cita en {{ clinic_name }} tiene una nueva hora",
        (f"Su cita en {{{{ clinic_name }}}} es ahora: {WHEN_ES}.", PLACE_ES, LINK_ES),
    ),
    "appointment.cancelled": (
        "Su cita en {{ clinic_name }} fue cancelada",
        (
            f"Su cita en {{{{ clinic_name }}}} ({WHEN_ES}) fue cancelada.",
            "Para reservar otra hora: {{ portal_link }}",
            CALL_ES,
        ),
    ),
    "waitlist.offer": (
        "Una hora más temprana en {{ clinic_name }}",
        (
            f"Quedó libre una hora en {{{{ clinic_name }}}}: {WHEN_ES}.",
            "La guardamos para usted hasta {{ answer_by }}. Acéptela o rechácela aquí: {{ portal_link }}",
        ),
    ),
    "statement.issued": (
        "Un nuevo estado de cuenta de {{ clinic_name }}",
        ("Tiene un nuevo estado de cuenta. Véalo y páguelo en el portal: {{ portal_link }}", CALL_ES),
    ),
    "visit.delayed": (
        "Su cita de hoy en {{ clinic_name }}",
        ("Esperamos comenzar su cita en {{ location_name }} hoy a las {{ time }}.", CALL_ES),
    ),
    "thread.message": (
        "Un mensaje de {{ clinic_name }}",
        ("{{ clinic_name }} le ha escrito. Léalo y respóndalo en el portal: {{ portal_link }}", CALL_ES),
    ),
    INVITATION: (
        "El portal de pacientes de {{ clinic_name }}",
        (
            "En el portal de pacientes de {{ clinic_name }} puede ver, reservar y cambiar citas, llenar formularios antes de venir, "
            "escribirnos, y ver y pagar sus cuentas.",
            "Entre con este correo electrónico y su fecha de nacimiento; le enviamos un código, no hay contraseña que recordar: "
            "{{ portal_link }}",
            CALL_ES,
        ),
    ),
}
# Texts keep to the GSM alphabet where they can (no á, í, ó, ú), so that they stay within few segments; those
# about a visit begin with the place too, because people must find the right door.
TEXTS_EN: dict[str, str] = {
    "appointment.reminder": f"{{{{ place_name }}}}: you have a visit on {WHEN_EN}. "
    "Reply C to confirm, R to reschedule, X to cancel the visit. STOP to opt out.",
    "appointment.booked": f"{{{{ place_name }}}}: your visit is booked for {WHEN_EN}. Reply STOP to opt out.",
    "appointment.moved": f"{{{{ place_name }}}}: your visit is now on {WHEN_EN}. "
    "Reply C to confirm, R to reschedule, X to cancel the visit. STOP to opt out.",
    "appointment.cancelled": f"{{{{ place_name }}}}: your visit on {WHEN_EN} is cancelled. "
    "To book again: {{ portal_link }} or {{ location_phone }}",
    "waitlist.offer": f"{{{{ place_name }}}}: a time is free on {WHEN_EN}, kept for you until "
    f"{{{{ answer_by }}}}. Take it: {{{{ portal_link }}}}",
    "visit.delayed": "{{ place_name }}: your visit today is now expected to begin at {{ time }}. Questions? Call {{ location_phone }}",
    "thread.message": "{{ clinic_name }} has written to you. Read it in the portal: {{ portal_link }}",
    INVITATION: "{{ clinic_name }}: see, book and change your visits in our patient portal. Sign in with this phone number and your birth "
    "date: {{ portal_link }} Reply STOP to opt out.",
    "reply.confirmed": "{{ clinic_name }}: thank you, confirmed.",
    "reply.reschedule": "{{ clinic_name }}: thank you. We will contact you to find another time, or choose one: {{ portal_link }}",
    "reply.cancelled": "{{ clinic_name }}: your visit is cancelled. To book again: {{ portal_link }}",
    "reply.which": "{{ clinic_name }}: which visit do you mean? {{ choices }}. Reply with the number (for example 1), or ALL.",
    "reply.no_visit": "{{ clinic_name }}: we find no coming visit for this number. Please call {{ location_phone }}.",
    "reply.opted_out": "{{ clinic_name }}: you will get no more texts from us. To change a visit, please call {{ location_phone }}. "
    "Reply START to get texts again.",
    "reply.opted_in": "{{ clinic_name }}: you will get texts about your visits again. Reply STOP to opt out.",
    "reply.help": "{{ clinic_name }}: reply C to confirm, R to reschedule, X to cancel a visit, STOP to "
    "opt out. Call {{ location_phone }} for help.",
    "reply.not_understood": "{{ clinic_name }}: sorry, we did not understand. Reply C to confirm, R to reschedule, X to cancel the visit, "
    "or call {{ location_phone }}.",
}
TEXTS_ES: dict[str, str] = {
    "appointment.reminder": f"{{{{ place_name }}}}: tiene una cita {WHEN_ES}. "
    "Responda C para confirmar, R para cambiar, X para cancelar la cita. STOP para no recibir mensajes.",
    "appointment.booked": f"{{{{ place_name }}}}: su cita es {WHEN_ES}. STOP para no recibir mensajes.",
    "appointment.moved": f"{{{{ place_name }}}}: su cita es ahora {WHEN_ES}. "
    "Responda C para confirmar, R para cambiar, X para cancelar la cita. STOP para no recibir mensajes.",
    "appointment.cancelled": f"{{{{ place_name }}}}: su cita {WHEN_ES} fue cancelada. "
    "Para reservar otra: {{ portal_link }} o {{ location_phone }}",
    "waitlist.offer": f"{{{{ place_name }}}}: hay una hora libre {WHEN_ES}, guardada para usted hasta "
    f"{{{{ answer_by }}}}: {{{{ portal_link }}}}",
    "visit.delayed": "{{ place_name }}: esperamos comenzar su cita de hoy a las {{ time }}. Llame al {{ location_phone }}",
    "thread.message": "{{ clinic_name }} le ha escrito. Léalo en el portal: {{ portal_link }}",
    INVITATION: "{{ clinic_name }}: vea, reserve y cambie sus citas en nuestro portal. Entre con este teléfono y su fecha de nacimiento: "
    "{{ portal_link }} STOP para no recibir mensajes.",
    "reply.confirmed": "{{ clinic_name }}: gracias, confirmado.",
    "reply.reschedule": "{{ clinic_name }}: gracias. Le llamaremos para buscar otra hora, o elija una: {{ portal_link }}",
    "reply.cancelled": "{{ clinic_name }}: su cita fue cancelada. Para reservar otra: {{ portal_link }}",
    "reply.which": "{{ clinic_name }}: ¿a qué cita se refiere? {{ choices }}. Responda con el número (por ejemplo 1), o TODAS.",
    "reply.no_visit": "{{ clinic_name }}: no hay una cita pendiente para este número. Llame al {{ location_phone }}.",
    "reply.opted_out": "{{ clinic_name }}: no recibirá más mensajes. Para cambiar una cita llame al {{ location_phone }}. "
    "Responda START para recibirlos de nuevo.",
    "reply.opted_in": "{{ clinic_name }}: recibirá de nuevo mensajes sobre sus citas. STOP para no recibirlos.",
    "reply.help": "{{ clinic_name }}: responda C para confirmar, R para cambiar, X para cancelar una cita, STOP para no recibir mensajes. "
    "Ayuda: {{ location_phone }}.",
    "reply.not_understood": "{{ clinic_name }}: no entendimos su respuesta. Responda C para confirmar, R para "
    "cambiar, X para cancelar la cita, "
    "o llame al {{ location_phone }}.",
}


# Why somebody gets this e-mail, and how to get no more: whoever did not ask for it must be able to end it.
FOOTERS = {
    "en": "You get this e-mail because of a visit at {{ clinic_name }}. To get no more of them, "
    "{% if location_phone %}call {{ location_phone }}{% else %}tell the clinic{% endif %}.",
    "es": "Recibe este correo por una cita en {{ clinic_name }}. Para no recibir más, "
    "{% if location_phone %}llame al {{ location_phone }}{% else %}avise a la clínica{% endif %}.",
}


def _emails(language: str, texts: dict[str, tuple[str, tuple[str, ...]]]) -> list[BuiltInTemplate]:
    footer = FOOTERS[language]
    return [
        BuiltInTemplate(
            code,
            EMAIL,
            language,
            Text(subject, "\n\n".join((*paragraphs, "--\n" + footer)), _html(language, subject, paragraphs, footer)),
        )
        for code, (subject, paragraphs) in texts.items()
    ]


def _html(language: str, subject: str, paragraphs: tuple[str, ...], footer: str) -> str:
    """A whole document for mail readers of every kind: no style sheet, no image, nothing loaded; readable from 320 pixels on.

    The address of the link is shown as it is, so that people see where it leads.
    """
    link = '<a href="{{ portal_link }}" style="color:#0f5c74">{{ portal_link }}</a>'
    body = "\n".join(
        f'<p style="margin:0 0 14px">{paragraph.replace("{{ portal_link }}", link)}</p>' for paragraph in paragraphs
    )
    return f"""<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{subject}</title></head>
<body style="margin:0;background:#f4f7f8;color:#16242d;font:16px/1.5 Arial,Helvetica,sans-serif">
<div style="max-width:560px;margin:0 auto;padding:24px 16px">
<p style="margin:0 0 12px;font-size:18px;font-weight:bold">{{{{ clinic_name }}}}</p>
<div style="background:#ffffff;border:1px solid #cfd8dd;border-radius:8px;padding:20px 20px 6px">
{body}
</div>
<p style="margin:16px 0 0;color:#4a5b66;font-size:13px">{footer}</p>
</div>
</body>
</html>"""


def _texts(language: str, texts: dict[str, str]) -> list[BuiltInTemplate]:
    return [BuiltInTemplate(code, SMS, language, Text("", text, "")) for code, text in texts.items()]


TEMPLATES: tuple[BuiltInTemplate, ...] = (
    *_emails("en", EMAILS_EN),
    *_emails("es", EMAILS_ES),
    *_texts("en", TEXTS_EN),
    *_texts("es", TEXTS_ES),
)
