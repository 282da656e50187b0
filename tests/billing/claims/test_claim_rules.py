"""The biller's rules at work: drafted, judged, replayed, live, and what they do to claims."""

import pytest
from polyclinic.billing.v1 import claim_rules_pb2 as rules
from polyclinic.billing.v1 import claims_pb2 as pb

from chassis.errors import Remote
from chassis.testing import expect_error
from tests.billing.cases_claim_rules import RulesWorld, blood
from tests.billing.claims.insured_clinic import InsuredClinic

COUNTS = rules.RuleTest(field="line.procedure", operator=rules.RULE_OPERATOR_IS_ANY_OF, values=["85025"])


def written(clinic: InsuredClinic, *payers: str) -> list[pb.Claim]:
    """The claims of a signed visit with a visit code and a blood count."""
    patient = clinic.insured(*payers)
    clinic.signed_visit(patient)
    clinic.harness.run_due()
    return clinic.claims_of(patient)


def replayed(clinic: InsuredClinic, made: rules.ClaimRuleSet, **fields: object) -> rules.ReplayClaimRuleSetResponse:
    """What a set would have made of past claims."""
    request = rules.ReplayClaimRuleSetRequest(claim_rule_set_id=made.claim_rule_set_id, **fields)
    return clinic.staff.call("ReplayClaimRuleSet", request)


def carve_out(payer: str) -> rules.ClaimRule:
    """Blood counts go to another payer."""
    return rules.ClaimRule(
        key="lab",
        name="The laboratory's plan pays blood counts",
        line_tests=[COUNTS],
        actions=[rules.RuleAction(kind=rules.RULE_ACTION_KIND_CARVE_OUT, value=payer)],
    )


def test_a_live_rule_holds_a_claim_until_it_is_released(clinic: InsuredClinic):
    """The claim is held with the rule's reason and number; a person's word lets it go."""
    live = RulesWorld(clinic).live(blood())
    [held] = written(clinic, "COMM1")
    assert held.state == "held"
    [finding] = [one for one in held.findings if one.severity == "hold"]
    assert (finding.edit_id, finding.version, finding.message) == ("RULE:blood", live.number, "the order is missing")
    assert f"rules {live.number}: blood" in [one.detail for one in held.life if one.event == "ruled"]
    clinic.staff.call("ReleaseClaim", pb.ReleaseClaimRequest(claim_id=held.claim_id, reason="order found"))
    assert clinic.claim(held.claim_id).state == "ready"


def test_a_live_rule_writes_fields_that_go_out(clinic: InsuredClinic):
    """The file carries what the rules wrote: the authorisation, a modifier, another payer id."""
    write = rules.ClaimRule(
        key="write",
        name="The plan wants these",
        line_tests=[COUNTS],
        actions=[
            rules.RuleAction(kind=rules.RULE_ACTION_KIND_SET, field="authorisation", value="STANDING-7"),
            rules.RuleAction(kind=rules.RULE_ACTION_KIND_SET, field="payer_id", value="60054"),
            rules.RuleAction(kind=rules.RULE_ACTION_KIND_ADD_MODIFIER, value="90"),
        ],
    )
    RulesWorld(clinic).live(write)
    [claim] = written(clinic, "COMM1")
    assert claim.state == "ready", claim.findings
    clinic.staff.call("SendBatches", pb.SendBatchesRequest())
    [text] = clinic.texts()
    assert "REF*G1*STANDING-7~" in text
    assert "PI*60054~" in text
    assert "SV1*HC:85025:90*25" in text


def test_carved_out_lines_go_to_the_other_payer_with_their_debt(clinic: InsuredClinic):
    """Two claims, each to its payer; each payer owes what it is asked for, and the books balance."""
    RulesWorld(clinic).live(carve_out("COMM2"))
    first, second = written(clinic, "COMM1", "COMM2")
    told = [(one.payer_code, one.charge.minor_units, len(one.lines), one.state) for one in (first, second)]
    assert told == [("COMM1", 15_000, 1, "ready"), ("COMM2", 2_500, 1, "ready")]
    assert second.split_from_claim_id == first.claim_id
    assert second.control != first.control
    assert sum(clinic.ledger().values()) == 0
    assert clinic.ledger()["payer_receivable"] == 17_500
    clinic.staff.call("SendBatches", pb.SendBatchesRequest())
    texts = clinic.texts()
    assert sorted(text.count("LX*") for text in texts) == [1, 1]


def test_a_carve_out_without_a_coverage_is_held(clinic: InsuredClinic):
    """Nobody is billed whom the patient is not insured with."""
    RulesWorld(clinic).live(carve_out("COMM2"))
    [claim] = written(clinic, "COMM1")
    assert (claim.state, len(claim.lines)) == ("held", 2)
    assert "no coverage with COMM2" in claim.hold_reason


def test_a_visit_that_is_carved_out_whole_leaves_no_claim_behind(clinic: InsuredClinic):
    """The first payer's claim is voided, the other payer's carries everything and is not carved out again."""
    everything = carve_out("COMM2")
    everything.ClearField("line_tests")
    RulesWorld(clinic).live(everything)
    voided, claim = written(clinic, "COMM1", "COMM2")
    assert (voided.state, voided.payer_code) == ("voided", "COMM1")
    assert (claim.payer_code, claim.state, claim.charge.minor_units) == ("COMM2", "ready", 17_500)
    assert sum(clinic.ledger().values()) == 0


def test_chosen_lines_stand_on_a_claim_of_their_own(clinic: InsuredClinic):
    """One payer, two claims; the split ends there, also when they are scrubbed again."""
    apart = rules.ClaimRule(
        key="alone",
        name="Blood counts alone",
        line_tests=[COUNTS],
        actions=[rules.RuleAction(kind=rules.RULE_ACTION_KIND_SPLIT, field="chosen_lines")],
    )
    RulesWorld(clinic).live(apart)
    first, second = written(clinic, "COMM1")
    assert [(one.payer_code, one.state, len(one.lines)) for one in (first, second)] == [("COMM1", "ready", 1)] * 2
    for one in (first, second):
        clinic.staff.call("RescrubClaim", pb.RescrubClaimRequest(claim_id=one.claim_id, version=one.version))
    clinic.harness.run_due()
    assert [one.state for one in clinic.claims_of(first.patient_id)] == ["ready", "ready"]


def test_a_replay_shows_what_would_change_and_changes_nothing(clinic: InsuredClinic):
    """Before and after per field, holds and moved money, over claims of before; claims, ledger and life stay as they are."""
    [claim] = written(clinic, "COMM1")
    write = rules.ClaimRule(
        key="auth",
        name="Standing authorisation",
        actions=[rules.RuleAction(kind=rules.RULE_ACTION_KIND_SET, field="authorisation", value="A7")],
    )
    draft = RulesWorld(clinic).draft(blood(), carve_out("COMM2"), write)
    before, books = clinic.claim(claim.claim_id), clinic.ledger()
    told = replayed(clinic, draft)
    assert (clinic.claim(claim.claim_id), clinic.ledger()) == (before, books)
    [one] = told.claims
    assert list(one.fired) == ["blood", "lab", "auth"]
    assert ("authorisation", "", "A7") in [(c.path, c.before, c.after) for c in one.changes]
    assert list(one.held) == ["the order is missing"]
    assert (one.claims_before, one.claims_after) == (1, 2)
    assert [(m.from_payer_code, m.to_payer_code, m.charge.minor_units) for m in one.moved] == [
        ("COMM1", "COMM2", 2_500)
    ]
    totals = told.totals
    assert (totals.claims, totals.different, totals.held, totals.held_charge.minor_units) == (1, 1, 1, 17_500)
    assert replayed(clinic, draft, payer_code="MCD01").totals.claims == 0
    with expect_error("NOT_FOUND"):
        replayed(clinic, draft, payer_code="NOBODY")


def test_a_replay_compares_with_what_the_rules_of_then_did(clinic: InsuredClinic):
    """The live rules over what they themselves have written change nothing; without them a hold would be gone."""
    live = RulesWorld(clinic).live(blood())
    written(clinic, "COMM1")
    assert list(replayed(clinic, live).claims) == []
    [one] = replayed(clinic, RulesWorld(clinic).draft()).claims
    assert list(one.no_longer_held) == ["the order is missing"]


def test_only_sound_rules_go_live(clinic: InsuredClinic):
    """Violations are refused when a rule is put, failing examples when the set is published; each is named."""
    world = RulesWorld(clinic)
    draft = world.draft()
    bad = rules.ClaimRule(
        key="bad",
        name="Bad",
        clauses=[rules.RuleClause(tests=[rules.RuleTest(field="colour", operator=rules.RULE_OPERATOR_IS_PRESENT)])],
        actions=[rules.RuleAction(kind=rules.RULE_ACTION_KIND_CARVE_OUT, value="NOBODY")],
    )
    with pytest.raises(Remote) as refused:
        clinic.staff.call(
            "PutClaimRule", rules.PutClaimRuleRequest(claim_rule_set_id=draft.claim_rule_set_id, rule=bad)
        )
    assert {one.field for one in refused.value.violations} == {
        "rule.clauses[0].tests[0].field",
        "rule.actions[0].value",
    }
    failing = blood()
    failing.examples[0].held = False
    draft = world.draft(failing)
    checked = clinic.staff.call(
        "CheckClaimRuleSet", rules.CheckClaimRuleSetRequest(claim_rule_set_id=draft.claim_rule_set_id)
    )
    assert not checked.sound
    assert [list(one.problems) for one in checked.examples] == [["the claim is held"]]
    publish = rules.PublishClaimRuleSetRequest(claim_rule_set_id=draft.claim_rule_set_id)
    with pytest.raises(Remote) as refused:
        clinic.staff.call("PublishClaimRuleSet", publish)
    assert [one.field for one in refused.value.violations] == ["rules.blood.examples.a count"]


def test_sets_are_versions_one_of_which_is_live(clinic: InsuredClinic):
    """Publishing retires the one before; only drafts change; a copy begins the next version; retiring ends rules."""
    world = RulesWorld(clinic)
    first = world.live(blood())
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call(
            "RemoveClaimRule", rules.RemoveClaimRuleRequest(claim_rule_set_id=first.claim_rule_set_id, key="blood")
        )
    copy = clinic.staff.call(
        "CreateClaimRuleSet", rules.CreateClaimRuleSetRequest(name="Next", copy_of_id=first.claim_rule_set_id)
    )
    assert (copy.rules, copy.number) == (first.rules, first.number + 1)
    moved = clinic.staff.call(
        "PutClaimRule",
        rules.PutClaimRuleRequest(claim_rule_set_id=copy.claim_rule_set_id, rule=carve_out("COMM2"), position=1),
    )
    assert [one.key for one in moved.rules] == ["lab", "blood"]
    publish = rules.PublishClaimRuleSetRequest(claim_rule_set_id=copy.claim_rule_set_id)
    second = clinic.staff.call("PublishClaimRuleSet", publish)
    listed = clinic.staff.call("ListClaimRuleSets", rules.ListClaimRuleSetsRequest()).sets
    states = {one.number: one.state for one in listed}
    assert states == {first.number: rules.CLAIM_RULE_SET_STATE_RETIRED, second.number: rules.CLAIM_RULE_SET_STATE_LIVE}
    retire = rules.RetireClaimRuleSetRequest(claim_rule_set_id=second.claim_rule_set_id)
    clinic.staff.call("RetireClaimRuleSet", retire)
    [claim] = written(clinic, "COMM1")
    assert claim.state == "ready"


def test_lines_under_the_supervisor_need_one(clinic: InsuredClinic):
    """A rule that bills lines under the supervising practitioner holds a visit that nobody supervised."""
    incident_to = rules.ClaimRule(
        key="incident-to",
        name="Blood counts are billed incident to",
        line_tests=[COUNTS],
        actions=[rules.RuleAction(kind=rules.RULE_ACTION_KIND_SET, field="line.provider", value="supervising")],
    )
    RulesWorld(clinic).live(incident_to)
    first, second = written(clinic, "COMM1")
    assert [one.state for one in (first, second)] == ["ready", "held"]
    assert "no supervising practitioner" in second.hold_reason
