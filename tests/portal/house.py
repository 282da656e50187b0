"""The clinic of the console's tests, seen by its patients: `reader(house, …)` is a patient's browser at the portal."""

from __future__ import annotations

from typing import Any

from polyclinic.identity.v1 import identity_pb2

from tests.console.house import PASSWORD, Browser, House, patient

__all__ = ["PASSWORD", "Reader", "account", "patient", "reader"]


class Reader(Browser):
    """A patient's browser at one clinic's portal. Paths are those behind ``/portal/<slug>``; full ones are taken as they are."""

    CSRF_COOKIE, COOKIE_PATH = "polyclinic_portal_csrf", "/portal"

    @property
    def here(self) -> str:
        return f"/portal/{self.slug}"

    def sign_in(self, login: str, password: str = PASSWORD) -> Browser:
        """Signs in on the portal's sign-in page by password."""
        self.open("/sign-in")
        return self.send("/sign-in", login=login, password=password)

    def open(self, path: str = "", **headers: str) -> Browser:
        """Opens a page of the portal, following redirects."""
        return self.get(self.here + path, **headers)

    def send(self, path: str, follow: bool = True, **fields: Any) -> Browser:
        """Sends this page's form that leads to `path` as a browser would (``__`` in names is a dot)."""
        return self.post(self.here + path, follow, **fields)

    def send_values(self, path: str, values: dict[str, Any]) -> Browser:
        """The same for inputs whose names are no names of Python's (``lines[0].value``)."""
        action = self.here + path
        return self._keep(self.client.post(action, data=self.fields(action) | values, follow_redirects=True))


def online(house: House) -> None:
    """A kind of visit that patients book by themselves, in person and by video."""
    for code, name, modality in (
        ("checkup", "Check-up", "MODALITY_IN_PERSON"),
        ("video", "Video visit", "MODALITY_VIDEO"),
    ):
        kind = house.api()(
            "POST",
            "/v1/appointment-types",
            code=code,
            name=name,
            duration_minutes=20,
            modality=modality,
            start_every_minutes=20,
            online_bookable=True,
        )
        house.ids[code] = kind["appointment_type_id"]


def account(house: House, login: str, *patient_ids: str) -> None:
    """An account with a password that reaches these patients, the first of them its own."""
    house.api()(
        "POST",
        "/v1/users",
        login=login,
        name=login.title(),
        password=PASSWORD,
        roles=[identity_pb2.Role.Name(identity_pb2.ROLE_PATIENT)],
        patient_ids=list(patient_ids),
    )


def reader(house: House, login: str | None = None, language: str = "en") -> Reader:
    """A browser at the portal; signed in when a login is given."""
    made = Reader(house.gateway.test_client(), house.slug, language)
    if login is not None:
        made.sign_in(login)
    return made
