"""E-mail by SMTP (RFC 5321): one connection per message, STARTTLS or implicit TLS where the server has it.

SMTP has no way to say "the same message again": between the server's 250 and our commit a crash makes a second copy, with
the same Message-ID, by which mail readers and servers fold it. Nothing else can make one.
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from chassis import telemetry
from notifications.adapters.outcome import Parcel
from notifications.domain.delivery import UNREACHABLE, Accepted, HandOver, Refusal, Refused, smtp_refusal

log = telemetry.logger(__name__)


@dataclass(frozen=True)
class SmtpCarrier:
    """A mail server. ``tls`` is "none", "starttls" or "implicit"; ``timeout`` in real seconds."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: str = "none"
    timeout: float = 10.0

    def hand_over(self, parcel: Parcel) -> HandOver:
        """Hands the e-mail to the server; what cannot be reached or passes by itself is TEMPORARY."""
        try:
            message = compose(parcel)
        except (HeaderParseError, ValueError, IndexError):
            return Refused("ADDRESS", Refusal.BAD_ADDRESS)
        with telemetry.outside("mail", "send") as failed:
            outcome = self._send(message, parcel)
            if isinstance(outcome, Refused):
                failed(outcome.refusal.name)
        return outcome

    def _send(self, message: EmailMessage, parcel: Parcel) -> HandOver:
        try:
            with self._connect() as server:
                server.send_message(message, from_addr=parcel.sender, to_addrs=[parcel.recipient])
            return Accepted()
        except smtplib.SMTPRecipientsRefused as error:
            status, text = next(iter(error.recipients.values()))
            return Refused(str(status), smtp_refusal(status, _text(text), of_recipient=True))
        except smtplib.SMTPResponseException as error:
            return Refused(
                str(error.smtp_code), smtp_refusal(error.smtp_code, _text(error.smtp_error), of_recipient=False)
            )
        except (smtplib.SMTPException, OSError) as error:
            log.warning("mail server not reached", error=type(error).__name__)
            return Refused(UNREACHABLE, Refusal.TEMPORARY)

    def _connect(self) -> smtplib.SMTP:
        if self.tls == "implicit":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            if self.tls == "starttls":
                server.starttls(context=ssl.create_default_context())
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


def compose(parcel: Parcel) -> EmailMessage:
    """The RFC 5322 message: plain text, with the HTML as an alternative and the calendar entry attached; marked as sent by a machine
    (RFC 3834); its Date is the instant of sending (section 3.6 asks for one).

    Raises ValueError (or a header error of `email`) for an address that is none.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=parcel.sender_name, addr_spec=parcel.sender)
    message["To"] = Address(addr_spec=parcel.recipient)
    message["Subject"] = parcel.subject
    if parcel.at is not None:
        message["Date"] = format_datetime(parcel.at)
    message["Message-ID"] = parcel.reference
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = parcel.language
    message.set_content(parcel.text)
    if parcel.html:
        message.add_alternative(parcel.html, subtype="html")
    if parcel.calendar is not None:
        message.add_attachment(
            parcel.calendar.content,
            maintype="text",
            subtype="calendar",
            filename="appointment.ics",
            params={"method": parcel.calendar.method, "charset": "utf-8"},
        )
    return message


def _text(reply: bytes | str) -> str:
    return reply.decode(errors="replace") if isinstance(reply, bytes) else reply
