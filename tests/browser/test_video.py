"""The video visit in Chromium: two, three people with fake cameras, directly and through coturn, with everything that goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from infra.assets import packages
from playwright.sync_api import Browser, Page, Playwright, expect

from gateway.web.assets import Assets
from tests.browser.calls import (
    ALLOWED,
    ARRIVED,
    CAMERAS,
    DENIED,
    People,
    Visit,
    book,
    come_as_clinician,
    come_by_link,
    hears_and_sees,
    let_in,
    link_for,
    people_of,
    sees,
    until,
)
from tests.browser.clinic import Clinic
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.relay import Relay
from tests.browser.test_console import look_over

pytestmark = pytest.mark.browser
Keep = Callable[[Page, str], None]
SILENCE_MS = 45_000


@pytest.fixture(scope="module")
def cameras(playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """Launches Chromium with a fake camera and microphone (a green picture with a clock, a beep a second), allowed or refused."""
    made: dict[tuple[str, ...], Browser] = {}

    def launch(*permission: str) -> Browser:
        if permission not in made:
            flags = [*FLAGS, *CAMERAS, *permission]
            made[permission] = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        return made[permission]

    yield launch
    for browser in made.values():
        browser.close()


@pytest.fixture
def people(cameras: Callable[..., Browser], clinic: Clinic) -> Iterator[People]:
    """People whose browsers allow camera and microphone."""
    with people_of(cameras(*ALLOWED), clinic) as found:
        yield found


@pytest.fixture
def relay(clinic: Clinic) -> Iterator[Relay]:
    """coturn at the address that telehealth names."""
    if Relay.missing():
        pytest.skip("coturn is not installed (apt-get install coturn): the relayed call is not tried")
    assert clinic.turn_secret, "which secret the running system's telehealth signs with is not known"
    found = Relay(clinic.turn_port, clinic.turn_secret)
    found.start()
    yield found
    found.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core, from the locked packages."""
    return Path(packages() / "axe-core" / "axe.min.js").read_text()


def who(page: Page) -> str:
    """The tile of the one other person in the room."""
    return str(
        page.locator("video-tile:not([data-who='me']):not([data-who$='screen'])").first.get_attribute("data-who")
    )


def ends(visit: Visit, role: str) -> list[str]:
    """How each interval of a role ended."""
    return [end for _, end in visit.presence(role)]


def test_a_visit_from_the_link_to_the_record(people: People, clinic: Clinic, axe: str, keep: Keep) -> None:
    """Desk sends a link, patient waits, clinician lets in; both see and hear each other, write, show a screen, invite an interpreter
    by a link that works once; a reload goes on, a silence counts as a drop, the end is for all, and the record says just that."""
    visit = book(clinic, "Linkova")
    clinician = people.staff(visit.login)
    patient = people.somebody(narrow=True)
    wrong: list[str] = []

    def shown(page: Page, name: str) -> None:
        keep(page, f"video-{name}")
        wrong.extend(f"{name} {each}" for each in look_over(page, axe))
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wrong.append(f"{name} is wider than the window")

    # The patient has no account: the clinic's link is all they have.
    link = link_for(clinician, visit)
    shown(clinician, "link")
    patient.goto(link)
    assert "#" not in patient.url
    expect(patient.locator("#state-camera")).to_have_attribute("data-state", "good")
    expect(patient.locator("#state-microphone")).to_have_attribute("data-state", "good")
    until(lambda: patient.locator("#level").evaluate("meter => meter.value > 0.05"))
    shown(patient, "check")
    patient.locator("#join").click()
    assert patient.locator("#state:invalid").count() == 1
    patient.select_option("#state", "HI" if visit.state != "HI" else "AK")
    patient.check("#consent")
    patient.locator("#join").click()
    expect(patient.locator("#join-problem-words")).to_contain_text("may not treat people who are in that state")
    shown(patient, "not-licensed")
    patient.select_option("#state", visit.state)
    patient.locator("#join").click()
    expect(patient.locator("#waiting-for")).to_be_visible()
    expect(patient.locator("#host-in")).to_contain_text("is not there yet")
    expect(patient.locator("#position")).to_contain_text("You are next.")

    come_as_clinician(clinician, visit)
    expect(patient.locator("#host-in")).to_contain_text("will let you in")
    clinician.fill("#tell-text", "Two more minutes, please.")
    clinician.locator("#tell").click()
    expect(patient.locator("#note-words")).to_have_text("Two more minutes, please.")
    shown(patient, "waiting")
    shown(clinician, "somebody-waits")
    # Who waits is neither seen nor heard.
    assert clinician.locator("video-tile").count() == 1
    let_in(clinician, "Patient")

    for page in (patient, clinician):
        hears_and_sees(page)
        assert sees(page, who(page))["width"] > 0
    shown(patient, "room")
    shown(clinician, "room")

    # Words, in both directions; nothing of them passes the clinic.
    asked: list[str] = []
    patient.on("request", lambda request: asked.append(request.post_data or ""))
    for writer, reader, words in (
        (clinician, patient, "Can you <b>read</b> this?"),
        (patient, clinician, "Yes, I can."),
    ):
        if not writer.locator("#panel-chat").is_visible():
            writer.locator("#open-chat").click()
        writer.fill("#chat-text", words)
        writer.locator("#chat-text").press("Enter")
        expect(reader.locator("#chat-lines li").last).to_contain_text(words)
    assert not any("Yes, I can." in each for each in asked)
    shown(clinician, "chat")
    shown(patient, "chat")
    patient.locator("#close-chat").click()

    # The camera off and on again is part of the record.
    patient.locator("#toggle-camera").click()
    expect(clinician.locator("video-tile.dark:not(.own)")).to_be_visible()
    until(lambda: ("AUDIO", "OPEN") in visit.presence("PATIENT"))
    patient.locator("#toggle-camera").click()
    sees(clinician, who(clinician))
    until(lambda: ("VIDEO", "OPEN") in visit.presence("PATIENT"))
    patient.locator("#toggle-microphone").click()
    expect(clinician.locator("video-tile:not(.own) .name")).to_contain_text("Microphone off")
    patient.locator("#toggle-microphone").click()

    # A shared screen.
    clinician.locator("#toggle-screen").click()
    patient.locator("video-tile.screen").wait_for()
    sees(patient, f"{who(patient)}-screen")
    shown(patient, "screen")
    shown(clinician, "screen")
    clinician.locator("#toggle-screen").click()
    expect(patient.locator("video-tile.screen")).to_have_count(0)

    # An interpreter, by a link that works in one browser.
    clinician.locator("#open-people").click()
    clinician.fill("#invite-name", "Interpreter")
    clinician.locator("#invite").click()
    invited = "/video#" + until(lambda: clinician.locator("#invite-link").input_value()).partition("#")[2]
    interpreter, stranger = people.somebody(language="es-US"), people.somebody()
    come_by_link(interpreter, invited)
    expect(interpreter.locator("html")).to_have_attribute("lang", "es")
    shown(interpreter, "waiting-es")
    stranger.goto(invited)
    expect(stranger.locator("#state-camera")).to_have_attribute("data-state", "good")
    stranger.check("#consent")
    stranger.locator("#join").click()
    expect(stranger.locator("#over-title")).to_have_text("This link was used in another browser")
    shown(stranger, "used")
    let_in(clinician, "Interpreter")
    for page in (patient, clinician, interpreter):
        expect(page.locator("video-tile:not([data-who='me'])")).to_have_count(2)
        for tile in page.locator("video-tile:not([data-who='me'])").all():
            sees(page, str(tile.get_attribute("data-who")))
    shown(clinician, "three")
    shown(patient, "three")
    interpreter.locator("#leave").click()
    interpreter.locator("#leave-now").click()
    expect(interpreter.locator("#over-title")).to_be_visible()
    expect(clinician.locator("video-tile:not([data-who='me'])")).to_have_count(1)

    # The page loaded again goes on without anybody's help.
    patient.reload()
    expect(patient.locator("#stage")).to_be_visible()
    hears_and_sees(patient)
    sees(clinician, who(clinician))
    assert ends(visit, "PATIENT").count("LEFT") == 1

    # A silence that is too long is a drop; the way back is the page's own.
    patient.context.set_offline(True)
    expect(patient.locator("#line-words")).to_contain_text("does not answer", timeout=SILENCE_MS)
    until(lambda: "DROPPED" in ends(visit, "PATIENT"), 60)
    shown(patient, "cut")
    patient.context.set_offline(False)
    until(lambda: ends(visit, "PATIENT")[-1] == "OPEN", 60)
    hears_and_sees(patient, 60)

    clinician.locator("#leave").click()
    shown(clinician, "leaving")
    clinician.locator("#end-now").click()
    for page in (clinician, patient):
        expect(page.locator("#over-title")).to_have_text("The visit is over")
    shown(patient, "over")

    ledger = visit.ledger()
    assert [media for media, _ in visit.presence("PATIENT")] == ["VIDEO", "AUDIO", "VIDEO", "VIDEO", "VIDEO"]
    assert ends(visit, "PATIENT") == ["MEDIA_CHANGED", "MEDIA_CHANGED", "LEFT", "DROPPED", "SESSION_ENDED"]
    assert ends(visit, "CLINICIAN") == ["SESSION_ENDED"]
    assert ends(visit, "GUEST") == ["LEFT"]
    assert (ledger["drops"], ledger["rejoins"]) == (1, 2)
    session = visit.session()
    assert (session["status"], session["patient_state"]) == ("SESSION_STATUS_ENDED", visit.state)
    assert session["patient_at_home"]
    assert not session.get("audio_only", False)
    consented = {each["role"] for each in session["participants"] if each.get("consented_at")}
    assert consented == {"ROLE_PATIENT", "ROLE_GUEST"}
    clinician.locator("#record").click()
    expect(clinician.locator("main")).to_contain_text("connection lost")
    shown(clinician, "record")
    stranger.goto(link)
    expect(stranger.locator("#over-title")).to_have_text("The visit is over")
    assert wrong == [], "\n".join(wrong)


def test_a_call_through_the_relay_survives_its_loss(people: People, clinic: Clinic, relay: Relay, keep: Keep) -> None:
    """With the relay alone nothing goes directly; when it is killed both are told, and once it is back the call goes on by itself."""
    visit = book(clinic, "Relayova")
    clinician, patient = people.staff(visit.login), people.somebody(narrow=True)
    come_by_link(patient, link_for(clinician, visit), visit.state, relayed=True)
    come_as_clinician(clinician, visit, relayed=True)
    let_in(clinician, "Patient")
    for page in (patient, clinician):
        assert set(hears_and_sees(page)["kinds"]) == {"relay"}
        sees(page, who(page))
        expect(page.locator("#relayed")).to_be_visible()
    relay.stop()
    for page in (patient, clinician):
        expect(page.locator("video-tile .trouble:visible").first).to_contain_text(
            "Connecting again", timeout=SILENCE_MS
        )
        expect(page.locator("#line-words")).to_contain_text("Connection lost")
    # Restarting again and again, each gives up the picture for the sound; it comes back when they ask for it.
    for page in (patient, clinician):
        expect(page.locator("#saved")).to_be_visible(timeout=SILENCE_MS)
    keep(patient, "video-lost")
    keep(clinician, "video-lost")
    relay.start()
    for page in (patient, clinician):
        until(lambda page=page: page.evaluate(ARRIVED)["kinds"], 90)
        expect(page.locator("video-tile .trouble:visible")).to_have_count(0)
        page.locator("#picture-again").click()
    for page in (patient, clinician):
        hears_and_sees(page, 60)
        sees(page, who(page))
    clinician.locator("#leave").click()
    clinician.locator("#end-now").click()
    expect(patient.locator("#over-title")).to_have_text("The visit is over")
    # The clinic was reached all the time: the record knows of no drop, only of the picture that was given up.
    assert [media for media, _ in visit.presence("PATIENT")] == ["VIDEO", "AUDIO", "VIDEO"]
    ledger = visit.ledger()
    assert (ledger.get("drops", 0), ledger.get("rejoins", 0)) == (0, 0)
    assert ledger["seconds_together"] > 0


def test_a_refused_camera_is_explained_and_the_visit_goes_on_by_sound(
    cameras: Callable[..., Browser], clinic: Clinic, axe: str, keep: Keep
) -> None:
    """Without permission the page says what to press; the patient may come in all the same, and the record says: without a picture."""
    visit = book(clinic, "Deniedova")
    with people_of(cameras(*DENIED), clinic) as refused, people_of(cameras(*ALLOWED), clinic) as allowed:
        clinician, patient = allowed.staff(visit.login), refused.somebody(narrow=True)
        patient.goto(link_for(clinician, visit))
        for device in ("camera", "microphone"):
            expect(patient.locator(f"#state-{device}")).to_have_attribute("data-state", "denied")
            expect(patient.locator(f"#help-{device}")).to_contain_text("allow camera and microphone")
        keep(patient, "video-denied")
        assert look_over(patient, axe) == []
        patient.select_option("#state", visit.state)
        patient.check("#consent")
        patient.locator("#join").click()
        expect(patient.locator("#waiting-for")).to_be_visible()
        come_as_clinician(clinician, visit)
        let_in(clinician, "Patient")
        sees(patient, who(patient))
        expect(clinician.locator("video-tile.dark:not(.own)")).to_be_visible()
        assert visit.presence("PATIENT") == [("AUDIO", "OPEN")]
        clinician.get_by_role("button", name="Send out: Patient").click()
        expect(patient.locator("#over-title")).to_have_text("You were not let in")
        until(lambda: visit.presence("PATIENT") == [("AUDIO", "SENT_OUT")])


def test_the_same_person_on_two_devices_is_one(people: People, clinic: Clinic) -> None:
    """The link opened on a second device takes over and waits to be let in; the first says where the visit goes on."""
    visit = book(clinic, "Twicova")
    clinician, phone, laptop = people.staff(visit.login), people.somebody(narrow=True), people.somebody()
    link = link_for(clinician, visit)
    come_by_link(phone, link, visit.state)
    come_as_clinician(clinician, visit)
    let_in(clinician, "Patient")
    sees(phone, who(phone))
    come_by_link(laptop, link, visit.state)
    expect(phone.locator("#over-title")).to_have_text("You have joined from another window or device")
    let_in(clinician, "Patient")
    sees(laptop, who(laptop))
    hears_and_sees(clinician)
    assert clinician.locator("video-tile:not([data-who='me'])").count() == 1


def test_a_bad_line_gives_up_the_picture_for_the_sound(people: People) -> None:
    """Three bad looks in a row, or two restarts within a minute, are enough; one bad look is not."""
    page = people.somebody()
    page.goto("/video")
    told = page.evaluate(
        """async (url) => {
          const { compare, verdict, shouldSaveSound } = await import(url);
          const look = (packets, lost, delay = 0) => ({ bytes: packets * 100, packets, lost, theirLoss: 0, delay, relayed: false });
          return {
            good: verdict(compare(look(100, 0), look(200, 1))),
            weak: verdict(compare(look(100, 0), look(200, 6))),
            bad: verdict(compare(look(100, 0), look(200, 30))),
            slow: verdict(compare(look(100, 0), look(200, 0, 1.2))),
            once: shouldSaveSound(["good", "bad"], [], 0),
            thrice: shouldSaveSound(["bad", "bad", "bad"], [], 0),
            restarts: shouldSaveSound([], [1000, 30000], 40000),
            old: shouldSaveSound([], [1000, 30000], 80000),
          };
        }""",
        Assets().url("video-quality.js"),
    )
    assert told == {
        "good": "good",
        "weak": "weak",
        "bad": "bad",
        "slow": "bad",
        "once": False,
        "thrice": True,
        "restarts": True,
        "old": False,
    }


def test_a_link_that_is_none_is_told_kindly(people: People, axe: str, keep: Keep) -> None:
    """No link, and one that was cut short: the page says what to do, in words."""
    page = people.somebody(narrow=True)
    page.goto("/video")
    expect(page.locator("#over-title")).to_have_text("This page needs a link")
    page.goto("/video#" + "x" * 40)
    expect(page.locator("#over-title")).to_have_text("This link does not work any more")
    keep(page, "video-expired")
    assert look_over(page, axe) == []
