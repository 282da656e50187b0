"""The forms and consents a tenant begins with, in English and Spanish; it can publish its own versions of each.

The words are plain and general. A clinic has them read by its counsel before it uses them.
"""

from __future__ import annotations

from dataclasses import dataclass

from patient_registry.domain.intake_forms import Ask, Field, Kind, Section, ShowIf, Words
from patient_registry.domain.record_fields import RecordField


@dataclass(frozen=True, slots=True)
class StandardForm:
    code: str
    title: Words
    text: Words
    ask: Ask
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class StandardConsent:
    code: str
    title: Words
    text: Words
    valid_days: int


def _yes_no(name: str, en: str, es: str) -> Field:
    return Field(name, Words(en, es), Kind.YES_NO, required=True)


def _follow(name: str, en: str, es: str, asked: str) -> Field:
    return Field(name, Words(en, es), Kind.LONG_TEXT, required=True, show_if=ShowIf(asked, ("yes",)))


HEALTH_HISTORY = StandardForm(
    "health-history",
    Words("Your health history", "Su historia clínica"),
    Words(
        "So that we know you before we see you. It takes about four minutes.",
        "Para conocerle antes de verle. Toma unos cuatro minutos.",
    ),
    Ask.YEARLY,
    (
        Section(
            Words("Allergies and medicines", "Alergias y medicamentos"),
            (
                _yes_no("has_allergies", "Are you allergic to anything?", "¿Es alérgico a algo?"),
                _follow("allergies", "To what, and what happens?", "¿A qué, y qué le ocurre?", "has_allergies"),
                _yes_no("takes_medicines", "Do you take any medicines?", "¿Toma medicamentos?"),
                _follow("medicines", "Which ones, and how much?", "¿Cuáles y cuánto?", "takes_medicines"),
            ),
        ),
        Section(
            Words("What you have had", "Lo que ha tenido"),
            (
                Field(
                    "conditions",
                    Words("Have you ever had any of these?", "¿Ha tenido alguna vez algo de esto?"),
                    Kind.CHOICES,
                    hint=Words("Choose all that apply; none is an answer too.", "Elija todo lo que corresponda."),
                    options=(
                        ("asthma", Words("Asthma", "Asma")),
                        ("diabetes", Words("Diabetes", "Diabetes")),
                        ("heart", Words("Heart disease", "Enfermedad del corazón")),
                        ("blood-pressure", Words("High blood pressure", "Presión alta")),
                        ("stroke", Words("Stroke", "Derrame cerebral")),
                        ("cancer", Words("Cancer", "Cáncer")),
                        ("depression", Words("Depression or anxiety", "Depresión o ansiedad")),
                    ),
                ),
                _yes_no("had_surgery", "Have you ever been operated on?", "¿Le han operado alguna vez?"),
                _follow("surgeries", "What was done, and when?", "¿Qué le hicieron y cuándo?", "had_surgery"),
            ),
        ),
        Section(
            Words("How you live", "Cómo vive"),
            (
                Field(
                    "tobacco",
                    Words("Do you smoke or vape?", "¿Fuma o vapea?"),
                    Kind.CHOICE,
                    required=True,
                    options=(
                        ("never", Words("Never", "Nunca")),
                        ("former", Words("I used to", "Antes sí")),
                        ("current", Words("Yes", "Sí")),
                    ),
                ),
                Field(
                    "cigarettes",
                    Words("How many cigarettes a day?", "¿Cuántos cigarrillos al día?"),
                    Kind.NUMBER,
                    show_if=ShowIf("tobacco", ("current",)),
                ),
                Field(
                    "anything_else",
                    Words("Is there anything else we should know?", "¿Hay algo más que debamos saber?"),
                    Kind.LONG_TEXT,
                ),
            ),
        ),
    ),
)

REASON_FOR_VISIT = StandardForm(
    "reason-for-visit",
    Words("About this visit", "Sobre esta visita"),
    Words("What brings you, in your own words.", "Qué le trae, en sus propias palabras."),
    Ask.EACH_VISIT,
    (
        Section(
            Words("What brings you", "Qué le trae"),
            (
                Field(
                    "reason",
                    Words("What would you like help with?", "¿En qué quiere que le ayudemos?"),
                    Kind.LONG_TEXT,
                    required=True,
                ),
                _yes_no(
                    "since_accident", "Is it because of an accident or your work?", "¿Es por un accidente o su trabajo?"
                ),
                Field(
                    "accident_date",
                    Words("When did it happen?", "¿Cuándo ocurrió?"),
                    Kind.DATE,
                    show_if=ShowIf("since_accident", ("yes",)),
                ),
            ),
        ),
    ),
)

INSURANCE_CHANGE = StandardForm(
    "insurance-change",
    Words("Your new insurance", "Su nuevo seguro"),
    Words(
        "As it stands on the card. We check it with the insurer before we use it.",
        "Como está en la tarjeta. Lo comprobamos con la aseguradora antes de usarlo.",
    ),
    Ask.BY_HAND,
    (
        Section(
            Words("What the card says", "Lo que dice la tarjeta"),
            (
                Field(
                    "payer_name",
                    Words("Insurance company", "Aseguradora"),
                    Kind.TEXT,
                    True,
                    record=RecordField.PAYER_NAME,
                ),
                Field(
                    "member_id",
                    Words("Member number", "Número de afiliado"),
                    Kind.TEXT,
                    True,
                    record=RecordField.MEMBER_ID,
                ),
                Field(
                    "group_number", Words("Group number", "Número de grupo"), Kind.TEXT, record=RecordField.GROUP_NUMBER
                ),
                _yes_no("own_policy", "Is it your own policy?", "¿Es su propia póliza?"),
                Field(
                    "policy_holder",
                    Words("Whose is it, and when was that person born?", "¿De quién es y cuándo nació esa persona?"),
                    Kind.TEXT,
                    required=True,
                    show_if=ShowIf("own_policy", ("no",)),
                ),
            ),
        ),
    ),
)

TREATMENT = StandardConsent(
    "treatment",
    Words("Consent to treatment", "Consentimiento para el tratamiento"),
    Words(
        "I agree to be examined and treated by the clinicians of this practice. I can ask questions at any time, refuse any "
        "examination or treatment, and take this consent back.\n\n"
        "I understand that no result can be promised.",
        "Acepto ser examinado y tratado por los profesionales de esta clínica. Puedo hacer preguntas en cualquier momento, "
        "rechazar cualquier examen o tratamiento y retirar este consentimiento.\n\n"
        "Entiendo que no se puede prometer ningún resultado.",
    ),
    365,
)
PRIVACY = StandardConsent(
    "privacy-practices",
    Words("Notice of privacy practices", "Aviso de prácticas de privacidad"),
    Words(
        "I was offered the notice that says how this practice uses and protects what it knows about me, and what my rights are "
        "(45 CFR 164.520). I can have a copy on paper at any time.",
        "Se me ofreció el aviso que dice cómo esta clínica usa y protege lo que sabe de mí, y cuáles son mis derechos "
        "(45 CFR 164.520). Puedo pedir una copia en papel en cualquier momento.",
    ),
    0,
)
FINANCIAL = StandardConsent(
    "financial-responsibility",
    Words("Who pays, and for what", "Quién paga, y qué"),
    Words(
        "I ask that my insurance pay the practice directly. I understand that I owe what my insurance does not cover: copayments, "
        "deductibles, and services that it does not pay for.\n\n"
        "The practice may send my insurance what it needs to decide about payment.",
        "Pido que mi seguro pague directamente a la clínica. Entiendo que debo lo que mi seguro no cubra: copagos, deducibles y "
        "servicios que no pague.\n\n"
        "La clínica puede enviar a mi seguro lo que necesite para decidir sobre el pago.",
    ),
    365,
)

FORMS = (HEALTH_HISTORY, REASON_FOR_VISIT, INSURANCE_CHANGE)
CONSENTS = (TREATMENT, PRIVACY, FINANCIAL)
