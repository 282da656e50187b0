"""How answers by text are understood, and which visits they are for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.domain import families
from notifications.domain.families import Apply, Ask, NotClear, NothingPending, PendingVisit, Question
from notifications.domain.replies import Answer, parse
from notifications.domain.vocabulary import Meaning

RULE_WORDS = ["stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"]
LETTERS = {"c": Meaning.CONFIRM, "r": Meaning.RESCHEDULE, "x": Meaning.CANCEL_VISIT}
noise = st.text(alphabet=" .!?,\n👍", max_size=4)


@st.composite
def typed(draw, word):
    """A word as somebody types it: any case, with blanks, marks and emoji around."""
    cased = "".join(draw(st.sampled_from([letter.lower(), letter.upper()])) for letter in word)
    return draw(noise) + cased + draw(noise)


@given(st.sampled_from(RULE_WORDS).flatmap(lambda word: st.tuples(st.just(word), typed(word))))
def test_every_word_of_the_rule_opts_out_however_it_is_typed(pair):
    """stop, quit, end, revoke, opt out, cancel, unsubscribe; only cancel may also mean the visit."""
    word, text = pair
    answer = parse(text)
    assert answer.meaning is Meaning.OPT_OUT
    assert answer.ambiguous == (word == "cancel")


@given(st.sampled_from(sorted(LETTERS)).flatmap(lambda letter: st.tuples(st.just(letter), typed(letter))))
def test_the_letters_mean_what_our_texts_say(pair):
    """C, R, X in any case and with any marks."""
    letter, text = pair
    assert parse(text) == Answer(LETTERS[letter])


@given(st.sampled_from(sorted(LETTERS)), st.lists(st.integers(1, 9), min_size=1, max_size=4, unique=True))
def test_letters_with_numbers(letter, numbers):
    """ "C 1 and 3", "x2", "R 1,2": the letter's meaning with those numbers, in the order given."""
    for text in (f"{letter} {' and '.join(map(str, numbers))}", f"{letter}{','.join(map(str, numbers))}"):
        assert parse(text) == Answer(LETTERS[letter], tuple(numbers))


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=5, unique=True), st.sampled_from([" ", ", ", " and ", " y ", "&"])
)
def test_bare_numbers_choose(numbers, joint):
    """Numbers joined by blanks, commas, and, y: a choice; y does not say yes there."""
    assert parse(joint.join(map(str, numbers))) == Answer(Meaning.CHOICE, tuple(numbers))


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(text):
    """Anything at all is read as something, and never as consent."""
    answer = parse(text)
    assert isinstance(answer.meaning, Meaning)
    assert all(1 <= number <= 9 for number in answer.choices)


@given(st.text(max_size=60), st.sampled_from(["stop", "unsubscribe", "revoke"]), st.text(max_size=60))
def test_a_clear_wish_to_stop_is_heard_in_any_sentence(before, word, after):
    """ "please stop texting me": any reasonable way of saying it counts."""
    assert parse(f"{before} {word} {after}").meaning is Meaning.OPT_OUT


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Yes!", Meaning.CONFIRM),
        ("ok thanks", Meaning.CONFIRM),
        ("Confirmar", Meaning.CONFIRM),
        ("cambiar", Meaning.RESCHEDULE),
        ("Cancelar la cita", Meaning.CANCEL_VISIT),
        ("cancel appointment", Meaning.CANCEL_VISIT),
        ("START", Meaning.OPT_IN),
        ("Ayuda", Meaning.HELP),
        ("todas", Meaning.CHOICE),
        ("yes but I will be late", Meaning.NOT_UNDERSTOOD),
        ("no", Meaning.NOT_UNDERSTOOD),
        ("c or r", Meaning.NOT_UNDERSTOOD),
        ("I can't come", Meaning.NOT_UNDERSTOOD),
        ("can I move it to 10?", Meaning.NOT_UNDERSTOOD),
        ("12", Meaning.NOT_UNDERSTOOD),
        ("", Meaning.NOT_UNDERSTOOD),
        ("👍", Meaning.NOT_UNDERSTOOD),
    ],
)
def test_known_answers(text, meaning):
    """What people write, and what is left for a person to read."""
    assert parse(text).meaning is meaning


# ---- families

ZONE = ZoneInfo("America/Denver")
HOME = uuid4()
START = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
visits = st.lists(
    st.builds(
        lambda days, hours, place, confirmed: PendingVisit(
            uuid4(), uuid4(), HOME if place else uuid4(), START + timedelta(days=days, hours=hours), ZONE, confirmed
        ),
        st.integers(0, 3),
        st.integers(0, 5),
        st.booleans(),
        st.booleans(),
    ),
    max_size=6,
)
intents = st.sampled_from(sorted(families.VISIT_INTENTS))


@given(intents, visits)
def test_an_answer_is_applied_to_visits_that_agree_and_never_to_others(intent, pending):
    """Applied: all on one day at one place, with that intent. Asked: at least two that do not agree. None: nothing."""
    match families.settle(Answer(intent), pending, None):
        case Apply(applied, chosen):
            assert applied is intent
            assert chosen
            assert set(chosen) <= set(pending)
            assert len({(one.start_time.astimezone(ZONE).date(), one.location_id) for one in chosen}) == 1
        case Ask(asked, options):
            assert asked is intent
            assert len(options) > 1
            assert not families.agree(options)
        case NothingPending():
            assert pending == []
        case other:
            raise AssertionError(other)


@given(intents, visits, st.data())
def test_after_our_question_a_number_means_that_visit(intent, pending, data):
    """The n-th number is the n-th visit of the question, whatever else is pending; one that has gone is left out."""
    if not isinstance(asked := families.settle(Answer(intent), pending, None), Ask):
        return
    question = Question(intent, tuple(one.appointment_id for one in asked.visits))
    number = data.draw(st.integers(1, len(asked.visits)))
    chosen = families.settle(Answer(Meaning.CHOICE, (number,)), pending, question)
    assert chosen == Apply(intent, (asked.visits[number - 1],))
    rest = [one for one in pending if one != asked.visits[number - 1]]
    assert families.settle(Answer(Meaning.CHOICE, (number,)), rest, question) == NothingPending()
    assert families.settle(Answer(Meaning.CHOICE, (len(asked.visits) + 1,)), pending, question) == NotClear()
    everything = families.settle(Answer(Meaning.CHOICE, (), all_of_them=True), pending, question)
    assert everything == Apply(intent, asked.visits)


def test_a_letter_with_a_number_answers_the_question_with_the_letter():
    """We asked about C, the answer is "X 2": the second visit is cancelled."""
    first, second = (PendingVisit(uuid4(), uuid4(), HOME, START + timedelta(days=n), ZONE, False) for n in (0, 1))
    question = Question(Meaning.CONFIRM, (first.appointment_id, second.appointment_id))
    found = families.settle(Answer(Meaning.CANCEL_VISIT, (2,)), [first, second], question)
    assert found == Apply(Meaning.CANCEL_VISIT, (second,))


def test_a_choice_without_a_question_is_nothing():
    """A number that answers nothing of ours is for a person."""
    one = PendingVisit(uuid4(), uuid4(), HOME, START, ZONE, False)
    assert families.settle(Answer(Meaning.CHOICE, (1,)), [one], None) == NotClear()
