"""The words of a statement in the languages it is written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date

from billing.domain.statements import LAST_CYCLE


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Texts in which something is filled in have its name in braces."""

    language: str
    date_format: str
    statement: str
    number: str
    page: str
    notice_number: str
    tax_id: str
    charges: str
    insurance_paid: str
    adjusted: str
    you_paid: str
    with_insurance: str
    unused: str
    amount_due: str
    pay_by: str
    # Service, charge, insurance paid, adjusted, you paid, still with insurance, you owe; broken into lines as they fit.
    headings: tuple[str, ...]
    total: str
    owed_for: str
    days: str
    over_days: str
    # By cycle; the last one is for all later ones.
    notices: Mapping[int, str]
    your_plan: str
    shares: Mapping[str, str]
    your_part: str
    how_to_pay: str
    online: str
    by_mail: str
    at_the_clinic: str
    questions: str
    call: str
    write: str
    either: str
    legend: str
    detach: str
    payable: str
    whose: str
    enclosed: str

    def day(self, day: date) -> str:
        """A day as people read it: March 2, 2026; 2 de marzo de 2026."""
        return format_date(day, self.date_format, locale=f"{self.language}_US")


ENGLISH = Words(
    language="en",
    date_format="MMMM d, y",
    statement="Statement",
    number="Number {number}",
    page="Page {page} of {pages}",
    notice_number="Notice {cycle} about this balance",
    tax_id="Tax ID",
    charges="Charges",
    insurance_paid="Insurance paid",
    adjusted="Adjusted",
    you_paid="You paid",
    with_insurance="Still with insurance",
    unused="Payments not used yet",
    amount_due="Amount due",
    pay_by="Please pay by",
    headings=("Service", "Charge", "Insurance\npaid", "Adjusted", "You paid", "Still with\ninsurance", "You owe"),
    total="Total",
    owed_for="Owed for",
    days="{first}–{last} days",
    over_days="over {days} days",
    notices={
        2: "This balance was due before; please pay it now, or call us if something is not right.",
        3: "Third notice: this balance is overdue. Please pay it now, or call us to agree how.",
        LAST_CYCLE: "Last notice about this balance. Please pay it now, or call us to agree how, before we decide what to do next.",
    },
    your_plan="Your plan: {shares}",
    shares={"deductible": "deductible", "coinsurance": "coinsurance", "copay": "copay", "non_covered": "not covered"},
    your_part="your part",
    how_to_pay="How to pay",
    online="<b>Online</b>: {url}, or scan the code.",
    by_mail="<b>By mail</b>: send your check with the slip at the foot of the first page.",
    at_the_clinic="<b>At the clinic</b>: cash, check or card at any front desk.",
    questions="<b>Questions, or you cannot pay it at once?</b> Please {ways}.",
    call="call {phone}",
    write="write to {email}",
    either=" or ",
    legend="“Adjusted” is what your plan's contract or we took off the charge. “Still with insurance” has not been answered by your"
    " plan yet: you do not owe it now. Services on which nothing is owed are left out.",
    detach="Detach here and send this slip with your check. Write the statement's number on the check.",
    payable="Payable to, and send to:",
    whose="For",
    enclosed="Amount enclosed",
)
SPANISH = Words(
    language="es",
    date_format="d 'de' MMMM 'de' y",
    statement="Estado de cuenta",
    number="Número {number}",
    page="Página {page} de {pages}",
    notice_number="Aviso {cycle} sobre este saldo",
    tax_id="Tax ID",
    charges="Cargos",
    insurance_paid="Pagó su seguro",
    adjusted="Ajustes",
    you_paid="Pagó usted",
    with_insurance="Pendiente con su seguro",
    unused="Pagos aún sin aplicar",
    amount_due="Total a pagar",
    pay_by="Pague a más tardar el",
    headings=("Servicio", "Cargo", "Pagó su\nseguro", "Ajustes", "Pagó usted", "Pendiente\ncon seguro", "Usted debe"),
    total="Total",
    owed_for="Se debe desde hace",
    days="{first}–{last} días",
    over_days="más de {days} días",
    notices={
        2: "Este saldo ya había vencido; páguelo ahora o llámenos si algo no está bien.",
        3: "Tercer aviso: este saldo está vencido. Páguelo ahora o llámenos para acordar cómo.",
        LAST_CYCLE: "Último aviso sobre este saldo. Páguelo ahora o llámenos para acordar cómo, antes de que decidamos qué hacer.",
    },
    your_plan="Su plan: {shares}",
    shares={"deductible": "deducible", "coinsurance": "coseguro", "copay": "copago", "non_covered": "no cubierto"},
    your_part="su parte",
    how_to_pay="Cómo pagar",
    online="<b>En línea</b>: {url}, o escanee el código.",
    by_mail="<b>Por correo</b>: envíe su cheque con el talón al pie de la primera página.",
    at_the_clinic="<b>En la clínica</b>: efectivo, cheque o tarjeta en cualquier recepción.",
    questions="<b>¿Preguntas, o no puede pagarlo de una vez?</b> Por favor {ways}.",
    call="llame al {phone}",
    write="escriba a {email}",
    either=" o ",
    legend="“Ajustes” es lo que el contrato de su plan o nosotros descontamos del cargo. A “Pendiente con seguro” su plan aún no ha"
    " respondido: todavía no lo debe. Los servicios sin saldo no aparecen.",
    detach="Corte aquí y envíe este talón con su cheque. Escriba en el cheque el número del estado de cuenta.",
    payable="A nombre de, y enviar a:",
    whose="Para",
    enclosed="Cantidad que envía",
)
_BY_LANGUAGE = {words.language: words for words in (ENGLISH, SPANISH)}


def words_in(language: str) -> Words:
    """The words of a BCP 47 language; English where there are none."""
    return _BY_LANGUAGE.get(language.split("-")[0].lower(), ENGLISH)
