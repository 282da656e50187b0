"""Templates, wording, addresses, references, signatures and what answers of the other side mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from notifications.domain import builtin, delivery, phones, references, signatures, templates, wording
from notifications.domain.delivery import Refusal
from notifications.domain.templates import Text
from notifications.domain.vocabulary import Channel, MessageStatus

ZONE = ZoneInfo("America/New_York")


@pytest.mark.parametrize("template", builtin.TEMPLATES, ids=lambda one: f"{one.code}-{one.channel}-{one.language}")
def test_every_built_in_text_is_one_that_could_be_published(template):
    """No unknown variable, no forbidden construct, at most two SMS segments with ordinary values."""
    assert templates.check(template.code, template.channel, template.source) == []
    values = {name: templates.SAMPLE[name] for name in templates.variables_of(template.code)}
    if template.channel is Channel.SMS:
        assert templates.sms_segments(templates.render(template.source, values).text) <= 2


@pytest.mark.parametrize(
    "template",
    [one for one in builtin.TEMPLATES if one.channel is Channel.EMAIL],
    ids=lambda one: f"{one.code}-{one.language}",
)
def test_every_built_in_email_says_how_to_get_no_more(template):
    """Text and page end with why it came and whom to tell, with a phone number or without one."""
    values = {name: templates.SAMPLE[name] for name in templates.variables_of(template.code)}
    for phone in ("(212) 555-0100", ""):
        done = templates.render(template.source, values | {"location_phone": phone})
        for part in (done.text.rsplit("--", 1)[1], done.html):
            assert ("no more of them" if template.language == "en" else "Para no recibir más") in part
            assert (phone or ("tell the clinic" if template.language == "en" else "avise a la clínica")) in part
        assert done.html.count("<html") == done.html.count("</html>") == 1
        assert "src=" not in done.html


@pytest.mark.parametrize(
    ("clinic", "location", "told"),
    [
        ("Lanternfield Medical Group", "Lanternfield Harbor", "Lanternfield Harbor"),
        ("Riverside Clinic", "Main Street", "Riverside Clinic, Main Street"),
        ("Riverside Clinic", "Riverside Clinic", "Riverside Clinic"),
        ("Riverside Clinic", "", "Riverside Clinic"),
        ("", "Main Street", "Main Street"),
    ],
)
def test_a_place_is_told_in_as_few_words_as_tell_it(clinic, location, told):
    """A location whose name begins like the clinic's stands for both; any other is told with the clinic."""
    assert wording.place_name(clinic, location) == told


def test_every_built_in_rule_has_its_texts_in_both_languages():
    """Each channel of each rule finds a text in English and in Spanish."""
    known = {(one.code, one.channel, one.language) for one in builtin.TEMPLATES}
    needed = {
        (rule.template_code, channel, language)
        for rule in builtin.RULES
        for channel in rule.channels
        for language in ("en", "es")
    }
    assert needed <= known


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{{ patient_name }}", "no variable 'patient_name'"),
        ("{% for x in range(10) %}{% endfor %}", "may not use for"),
        ("{{ clinic_name.__class__ }}", "may not use getattr"),
        ("{{ ''['x'] }}", "may not use getitem"),
        ("{{ clinic_name * 1000000 }}", "may not use mul"),
        ("{{ lipsum() }}", "may not use call"),
        ("{% include 'x' %}", "may not use include"),
        ("{% set x = 1 %}{{ x }}", "may not use assign"),
        ("{{ clinic_name | attr('x') }}", "may not use the filter 'attr'"),
        ("{{ clinic_name", "not a valid template"),
        ("a" * 700, "more than 4 SMS segments"),
    ],
)
def test_a_text_that_could_fail_or_reach_out_is_refused_when_published(text, complaint):
    """Loops, attributes, calls, imports, unknown names, broken syntax and overlong texts: one clear complaint each."""
    problems = templates.check("appointment.reminder", Channel.SMS, Text("", text, ""))
    assert any(complaint in problem.message for problem in problems), problems


def test_no_variable_says_anything_about_the_person():
    """Names, reasons, practitioners and visit types are not available to any text."""
    names = {name for variables in templates.VARIABLES.values() for name in variables}
    assert not [name for name in names if any(part in name for part in ("patient", "name_", "reason", "type", "pract"))]


def test_a_missing_value_is_an_error_and_not_an_empty_place():
    """StrictUndefined: a text that needs the time is not sent without it."""
    with pytest.raises(UndefinedError):
        templates.render(Text("", "at {{ time }}", ""), {"clinic_name": "x"})


@given(st.text(max_size=80))
def test_html_values_are_escaped_and_a_subject_stays_one_line(name):
    """A clinic's name cannot bring in markup, nor a second header."""
    done = templates.render(Text("{{ clinic_name }}", "", "<p>{{ clinic_name }}</p>"), {"clinic_name": name})
    inner = done.html.removeprefix("<p>").removesuffix("</p>")
    assert "<" not in inner
    assert len(done.subject.splitlines()) <= 1


@given(st.text(max_size=500))
def test_segments_grow_with_the_text_and_match_the_alphabet(text):
    """160/153 places of GSM, 70/67 of UCS-2; a longer text never takes fewer."""
    segments = templates.sms_segments(text)
    assert segments <= templates.sms_segments(text + "a")
    if text.isascii() and text.isalnum():
        assert segments == (1 if len(text) <= 160 else -(-len(text) // 153))


@pytest.mark.parametrize(
    ("text", "segments"), [("é" * 160, 1), ("á" * 70, 1), ("á" * 71, 2), ("€" * 80, 1), ("€" * 81, 2)]
)
def test_known_segment_counts(text, segments):
    """é is in the GSM alphabet, á is not, € takes two places."""
    assert templates.sms_segments(text) == segments


@pytest.mark.parametrize(
    ("wanted", "default", "tried"),
    [
        ("es-MX", "en", ["es-MX", "es", "en"]),
        ("pt-BR", "es", ["pt-BR", "pt", "es", "en"]),
        ("", "en", ["en"]),
        ("en", "en", ["en"]),
    ],
)
def test_the_best_language_is_tried_first(wanted, default, tried):
    """As wanted, without region, the tenant's default, English."""
    assert templates.languages_to_try(wanted, default) == tried


@pytest.mark.parametrize(
    ("language", "weekday", "date", "hour"),
    [
        ("en", "Sunday", "March 8", "3:30 AM"),
        ("es", "domingo", "8 de marzo", "3:30 a.m."),
        ("es-MX", "domingo", "8 de marzo", "3:30 a.m."),
        ("fr", "dimanche", "8 mars", "03:30"),
        ("xx", "Sunday", "March 8", "3:30 AM"),
    ],
)
def test_times_are_written_as_people_there_write_them(language, weekday, date, hour):
    """The location's wall clock (after the leap of March 8), the patient's language, no special blanks."""
    words = wording.visit_words(datetime(2026, 3, 8, 7, 30, tzinfo=UTC), ZONE, language)
    assert words == {"weekday": weekday, "date": date, "time": hour}


@given(st.uuids(), st.uuids(), st.integers(0, 5), st.uuids(), st.sampled_from(list(Channel)))
def test_a_reference_is_the_same_each_time_and_differs_in_every_part(tenant, subject, count, rule, channel):
    """Deterministic, and another tenant, visit, move, rule or channel gives another one."""
    key = references.reminder_key(tenant, subject, count, rule, channel)
    assert key == references.reminder_key(tenant, subject, count, rule, channel)
    other = Channel.SMS if channel is Channel.EMAIL else Channel.EMAIL
    others = {
        references.reminder_key(uuid4(), subject, count, rule, channel),
        references.reminder_key(tenant, uuid4(), count, rule, channel),
        references.reminder_key(tenant, subject, count + 1, rule, channel),
        references.reminder_key(tenant, subject, count, uuid4(), channel),
        references.reminder_key(tenant, subject, count, rule, other),
    }
    assert key not in others
    assert len(others) == 5
    assert references.wire_reference(key, Channel.EMAIL, "clinic.example") == f"<{key}@clinic.example>"


def test_references_never_change():
    """A new release must find what the old one sent: the derivation is part of the contract."""
    zero = UUID(int=0)
    assert references.reminder_key(zero, zero, 0, zero, Channel.SMS) == "5a3d155e3dd7dca3664383a696da76a3d5af31fd"


@pytest.mark.parametrize(
    ("channel", "typed", "kept"),
    [
        (Channel.SMS, "(212) 555-0142", "+12125550142"),
        (Channel.SMS, "+44 20 7946 0958", "+442079460958"),
        (Channel.SMS, "12", None),
        (Channel.SMS, "nobody", None),
        (Channel.EMAIL, " Ana@Example.ORG ", "ana@example.org"),
        (Channel.EMAIL, "ana at example", None),
        (Channel.EMAIL, "a b@example.org", None),
    ],
)
def test_an_address_has_one_form(channel, typed, kept):
    """E.164 and lower case, so that a suppression is found however the address was typed."""
    assert phones.normalised(channel, typed) == kept


@given(
    st.text(max_size=30),
    st.text(max_size=60),
    st.lists(st.tuples(st.text(max_size=10), st.text(max_size=20)), max_size=6),
)
def test_only_the_holder_of_the_token_signs(token, url, form):
    """The right token verifies, another or none does not; whatever the header holds, it is an answer and no error."""
    given_signature = signatures.sign(token, url, form)
    assert signatures.is_genuine(token, url, form, given_signature) == bool(token)
    assert not signatures.is_genuine(token + "x", url, form, given_signature)
    assert not signatures.is_genuine(token, url + "?", form, given_signature)
    assert not signatures.is_genuine(token, url, form, "ünsigned")


def test_the_signature_is_the_providers_own_example():
    """The example of the provider's documentation."""
    form = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    ]
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signatures.sign("12345", url, form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


statuses = st.sampled_from(list(MessageStatus))


@given(st.lists(st.sampled_from(["queued", "sent", "delivered", "undelivered", "failed", "nonsense"]), max_size=6))
def test_receipts_in_any_order_end_where_the_best_one_is(told):
    """Delivered wins over everything, a failure over sent, and nothing goes back."""
    status = MessageStatus.SENT
    for word in told:
        following = delivery.after_receipt(status, word)
        if status is MessageStatus.DELIVERED:
            assert following is MessageStatus.DELIVERED
        status = following
    if "delivered" in told:
        assert status is MessageStatus.DELIVERED
    elif {"undelivered", "failed"} & set(told):
        assert status is MessageStatus.FAILED
    else:
        assert status is MessageStatus.SENT


def test_the_pause_between_attempts_doubles_up_to_an_hour():
    """1, 2, 4, 8 … 60 minutes."""
    pauses = [delivery.retry_after(attempt) for attempt in range(1, 9)]
    assert pauses == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 16, 32, 60, 60)]


@pytest.mark.parametrize(
    ("status", "text", "of_recipient", "refusal"),
    [
        (451, "4.7.1 try again", True, Refusal.TEMPORARY),
        (550, "5.1.1 no such user", True, Refusal.BAD_ADDRESS),
        (550, "no such user", True, Refusal.BAD_ADDRESS),
        (550, "5.7.1 blocked by policy", True, Refusal.PERMANENT),
        (554, "5.6.0 content refused", False, Refusal.PERMANENT),
        (550, "content refused", False, Refusal.PERMANENT),
    ],
)
def test_what_a_mail_servers_refusal_means(status, text, of_recipient, refusal):
    """4yz passes, 5.1.x is the address, other 5yz is this message only."""
    assert delivery.smtp_refusal(status, text, of_recipient=of_recipient) is refusal


@pytest.mark.parametrize(
    ("status", "code", "refusal"),
    [
        (400, "21211", Refusal.BAD_ADDRESS),
        (400, "21610", Refusal.OPTED_OUT),
        (400, "21617", Refusal.PERMANENT),
        (429, "20429", Refusal.TEMPORARY),
        (503, "503", Refusal.TEMPORARY),
        (401, "20003", Refusal.PERMANENT),
    ],
)
def test_what_an_sms_providers_refusal_means(status, code, refusal):
    """By its code, else by the HTTP status."""
    assert delivery.sms_refusal(status, code) is refusal
