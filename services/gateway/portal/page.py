"""One page of the portal: which clinic, which person, whose zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

from chassis import errors
from gateway.web.calls import Refused
from gateway.web.i18n import LANGUAGES, N_
from gateway.web.page import Page

# Whom a page is about, when a person looks after others too: chosen in this browser, within the reach of the token.
PERSON_COOKIE = "polyclinic_portal_person"
PREFIX = "/portal"
# What the menu at the top holds: (path behind /portal/<clinic>, icon, text, the RPC it cannot be without).
MENU: Sequence[tuple[str, str, str, str]] = (
    ("/family", "people", N_("Whom I look after"), "PatientRegistry.GetPatient"),
    ("/details", "person", N_("My details"), "PatientRegistry.UpdatePatient"),
    ("/papers", "file", N_("Forms and papers"), "Intake.ListFormResponses"),
    ("/waitlist", "clock", N_("Waitlist"), "Scheduling.JoinWaitlist"),
    ("/preferences", "settings", N_("Messages I want"), "PatientRegistry.SetContactConsent"),
    ("/password", "shield", N_("Password"), "Identity.SetPassword"),
)


class PortalPage(Page):
    """A page for a patient. ``here`` begins every address of this clinic's portal: ``/portal/<slug>``."""

    @cached_property
    def slug(self) -> str:
        """The clinic's slug, from the address."""
        parts = self.path.split("/")
        return parts[2] if len(parts) > 2 else ""

    @cached_property
    def here(self) -> str:
        """``/portal/<slug>``: put before every path of the portal."""
        return f"{PREFIX}/{self.slug}"

    @cached_property
    def clinic(self) -> Any:
        """The clinic of the address: its name, and what it publishes. Raises NotFound (as Refused) for a slug nobody has."""
        return self.call("Clinics.GetClinic", slug=self.slug)

    @cached_property
    def known(self) -> Any:
        """The clinic for a page that must be shown in any case; None when there is none or it cannot be asked for."""
        if self.exchange.backends is None:
            return None
        try:
            return self.clinic
        except (Refused, errors.Error):
            return None

    @property
    def is_patient(self) -> bool:
        """Whether a patient of this very clinic is signed in."""
        return (
            self.signed_in
            and self.user.kind == "patient"
            and self.known is not None
            and str(self.user.tenant_id) == self.known.tenant_id
        )

    @property
    def patient_ids(self) -> list[str]:
        """Whom the person may act for: first themselves, then those they are proxy for."""
        return [str(each) for each in self.user.patient_ids]

    @cached_property
    def patient_id(self) -> str:
        """Whom this page is about: the person chosen in this browser, else the account's own. Raises Unauthenticated."""
        wished = self.exchange.request.cookies.get(PERSON_COOKIE, "")
        if not self.patient_ids:
            raise errors.Unauthenticated
        return wished if wished in self.patient_ids else self.patient_ids[0]

    @cached_property
    def patient(self) -> Any:
        """The person this page is about."""
        return self.call("PatientRegistry.GetPatient", patient_id=self.patient_id)

    @cached_property
    def zone(self) -> str:
        """The zone of what has no place of its own: the clinic's first location's."""
        found = next(iter(self.known.locations), None) if self.known is not None else None
        if found is None and self.signed_in:
            found = self.location
        return str(found.time_zone) if found is not None else "UTC"

    @cached_property
    def menu(self) -> Sequence[tuple[str, str, str]]:
        """What stands in the person's menu: (address, icon, marked text)."""
        return [(self.here + path, icon, text) for path, icon, text, rpc in MENU if self.may(rpc)]

    def speak(self, tag: str) -> None:
        """Shows this page in a language that its address asks for, whatever the browser prefers; others are ignored."""
        if tag in LANGUAGES:
            self.language = self._speaks.choose(tag, [])

    @property
    def filters(self) -> Mapping[str, Callable[..., Any]]:
        """The templates' filters, for texts that handlers put together."""
        return self._templates.filters

    @staticmethod
    def person(listed: str) -> str:
        """``Okafor, Ada, MD`` as one says it: ``Ada Okafor, MD``."""
        family, _comma, rest = listed.partition(", ")
        given, comma, credential = rest.partition(", ")
        return f"{given} {family}".strip() + comma + credential

    def own(self, name: str) -> str:
        """An id of the address, e.g. ``own("appointment_id")``; what is no id is not there. Raises NotFound."""
        try:
            return str(UUID(self.values[name]))
        except ValueError:
            raise errors.NotFound(name.removesuffix("_id")) from None


def patients_only(page: PortalPage) -> None:
    """Lets in who is signed in as a patient of this clinic. Raises Unauthenticated: whoever else must sign in here first."""
    if not page.is_patient:
        raise errors.Unauthenticated
