"""What the tour decides by itself: which pages are of one kind, and which text stayed English."""

from __future__ import annotations

import pytest
from infra.tour.texts import Untranslated
from infra.tour.walk import kind_of

PATIENT = "/console/patients/01a203fe-4fe1-75c1-8554-711ecae0bb92"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (PATIENT, "/console/patients/{}"),
        (f"{PATIENT}/account?view=week&page_token=abc", "/console/patients/{}/account?page_token&view"),
        ("/console/settings/payers/COMM1#rules", "/console/settings/payers/COMM1"),
        ("/portal/lanternfield/prepare/12/step", "/portal/lanternfield/prepare/{}/step"),
    ],
)
def test_pages_that_differ_by_their_data_are_of_one_kind(path: str, kind: str) -> None:
    """Ids and values of a query are data; what is asked for, and about what kind of thing, is the page."""
    assert kind_of(path) == kind


def test_an_english_text_on_a_spanish_page_is_found() -> None:
    """A text of the catalogue that was not looked up, with its values filled in too; Spanish and people's names are not."""
    found = Untranslated("es").among(
        ["Nobody has been in yet.", "Vera is there and will let you in.", "Aún no ha entrado nadie.", "Vera Linkova"]
    )
    assert found == ["Nobody has been in yet.", "Vera is there and will let you in."]
