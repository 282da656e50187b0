"""Sixty days of money: late signatures, claims in daily batches, acknowledgements, remittances, what is rejected or denied and
worked, secondaries, statements, and what patients pay of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from infra.day.accounts import Doorman
from infra.day.client import Api, ApiError, Json
from infra.day.context import Day, Visit
from infra.day.steps.coding import sign_later
from infra.day.steps.step_01_network import make_account
from infra.day.world import DAYS_AFTER, PLACES, day_message, dollars

# Of the statements: how many are paid by card on the portal, and by which cards (in per cent).
PAID_SHARE = 0.6
CARDS = {
    "4242424242424242": 82,  # succeeds at once
    "4000000000000077": 10,  # succeeds later, by webhook
    "4000000000000002": 6,  # declined
    "4000000000000259": 2,  # succeeds, then is disputed
}
# How finely business time is lived through: claims are acknowledged within days, paid within weeks.
FIRST_DAYS = timedelta(hours=1)
LATER_DAYS = timedelta(hours=12)
# Every second denial is answered with a corrected claim; the others wait for a person who has to decide.
WORKED_DENIALS = 2
# What a claim's state must be for the biller's remedy.
REFUSALS = frozenset({"CLAIM_STATE_FORBIDS", "FAILED_PRECONDITION", "STALE_VERSION"})


@dataclass
class Office:
    """The billing office's sixty days."""

    day: Day
    counts: Counter[str] = field(default_factory=Counter)
    handled: set[str] = field(default_factory=set)
    portals: dict[str, Api] = field(default_factory=dict)
    statements_seen: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Live through the weeks after the visit day."""
        self.close_visit_day()
        self.sign_what_is_missing()
        with self.day.progress.bar("sixty days of money", DAYS_AFTER) as advance:
            for number in range(1, DAYS_AFTER + 1):
                morning = self.day.local(PLACES[0], 10, days=number)
                self.day.reach(f"money, day {number}")
                self.day.time.to(max(morning, self.day.time.now), grid=FIRST_DAYS if number < 4 else LATER_DAYS)
                self.day.progress.business_time(morning)
                if morning.isoweekday() <= 5:
                    self.work_items()
                    self.patients_pay()
                advance()
        # What the payers have laid into the mailbox since the last look is fetched before the books are closed.
        self.day.accounts.biller.post("/api/v1/inbound-files:poll")
        self.day.time.settle()

    def close_visit_day(self) -> None:
        """The evening after the visits each location's day is closed; who has not signed is on the missing-charges list."""
        day = self.day
        day.time.to(day.local(PLACES[-1], 19, 30), grid=timedelta(minutes=10))
        listed = list(day.accounts.biller.pages("/api/v1/missing-charges", "encounters"))
        expected = {visit.appointment_id for visit in day.visits if visit.fate == "done" and visit.signs_late}
        found = {encounter["appointment_id"] for encounter in listed}
        if found != expected:
            day.notes.append(f"missing charges: {len(found)} listed, {len(expected)} visits were left unsigned")
        for place in PLACES:
            body = {"location_id": day.cast.locations[place.key], "business_date": day_message(day.visit_day)}
            day.accounts.owner.post("/api/v1/day-closes", body)
        self.counts["missing_charges"] = len(found)

    def sign_what_is_missing(self) -> None:
        """The next morning the clinicians sign what they left."""
        day = self.day
        day.time.to(day.local(PLACES[-1], 8, days=1), grid=timedelta(hours=1))
        late = [visit for visit in day.visits if visit.fate == "done" and visit.signs_late]

        def sign(visit: Visit) -> None:
            sign_later(day, visit)

        day.parallel(sign, late, "signing what is missing")
        day.time.settle(trail=False)

    def work_items(self) -> None:
        """The biller works what has come up: rejected claims are written anew, some denials get a corrected claim."""
        biller = self.day.accounts.biller
        for item in biller.pages("/api/v1/work-items", "items", state="open"):
            if item["work_item_id"] in self.handled:
                continue
            self.handled.add(item["work_item_id"])
            self.counts[f"item {item['kind']}"] += 1
            if item["kind"] == "rejection" and item["claim_id"]:
                self.remedy(item, "rescrub", {})
            elif item["kind"] == "denial" and item["claim_id"]:
                self.counts["denials"] += 1
                if self.counts["denials"] % WORKED_DENIALS == 0:
                    self.remedy(item, "correct", {"reason": "missing information supplied"})

    def remedy(self, item: Json, verb: str, body: Json) -> None:
        """One remedy for a work item's claim; it stays open when the claim's state does not allow it."""
        biller = self.day.accounts.biller
        try:
            claim = biller.get(f"/api/v1/claims/{item['claim_id']}")
            biller.post(f"/api/v1/claims/{item['claim_id']}:{verb}", body | {"version": claim["version"]})
            fresh = biller.get(f"/api/v1/work-items/{item['work_item_id']}")
            if fresh["state"] == "open":
                resolved = {"resolution": f"claim sent again ({verb})", "version": fresh["version"]}
                biller.post(f"/api/v1/work-items/{item['work_item_id']}:resolve", resolved)
            self.counts[f"remedy {verb}"] += 1
        except ApiError as error:
            if error.reason not in REFUSALS:
                raise
            self.counts[f"remedy {verb} not possible"] += 1

    def patients_pay(self) -> None:
        """Guarantors find a new statement; most of them pay it on the portal."""
        listed = list(self.day.accounts.biller.pages("/api/v1/statements", "statements"))
        fresh = [statement for statement in listed if statement["statement_id"] not in self.statements_seen]
        self.statements_seen.update(statement["statement_id"] for statement in fresh)
        payers = []
        for statement in fresh:
            chance = self.day.chance(f"pays/{statement['number']}")
            if chance.random() < PAID_SHARE:
                payers.append((statement, chance.choices(list(CARDS), list(CARDS.values()))[0]))
        for statement, _card in payers:
            self.portal(statement["patient_id"])
        if payers:
            self.day.reach(f"money, {len(payers)} statements are paid")
        outcomes = self.day.parallel(lambda paying: self.pay(*paying), payers, "patients paying")
        self.counts.update(outcomes)

    def pay(self, statement: Json, card: str) -> str:
        """Pay what is still due of a statement with a card; returns what came of it."""
        portal = self.portals[statement["patient_id"]]
        path = f"/api/v1/statements/{statement['statement_id']}"
        cents = int(portal.get(path)["still_due"]["minor_units"])
        if cents <= 0:
            return "statement settled already"
        body = {"amount": dollars(cents), "card_token": self.day.outside.card_token(card)}
        try:
            paid = portal.post(f"{path}:pay", body)
        except ApiError as error:
            if error.reason == "EXCEEDS_BALANCE":
                return "statement settled already"
            raise
        return f"statement payment {paid['state'].removeprefix('PAYMENT_STATE_').lower()}"

    def portal(self, patient_id: str) -> Api:
        """The guarantor's own portal account, made when they first want to pay."""
        if patient_id not in self.portals:
            login = f"guarantor-{patient_id[-12:]}"
            make_account(self.day.accounts.owner, login, "Guarantor", ["ROLE_PATIENT"], [patient_id])
            self.portals[patient_id] = Doorman(self.day.stack.url, self.day.log).person(self.day.cast.slug, login)
        return self.portals[patient_id]


def run(day: Day) -> None:
    """Live through the sixty days after the visits."""
    office = Office(day)
    office.run()
    claims = list(day.accounts.biller.pages("/api/v1/claims", "claims"))
    states = Counter(claim["state"] for claim in claims)
    ranks = Counter(claim["responsibility"] for claim in claims)
    day.figures["claims"] = {
        "claims": len(claims),
        "by_state": dict(states),
        "primary": ranks["P"],
        "secondary": ranks["S"],
        "corrected": sum(claim["frequency"] != "1" for claim in claims),
    }
    day.figures["office"] = dict(sorted(office.counts.items()))
    day.figures["statements"] = {"issued": len(office.statements_seen)}
    day.progress.say(
        f"{len(claims)} claims ({ranks['S']} secondary): "
        + ", ".join(f"{count} {state}" for state, count in states.most_common())
        + f"; {len(office.statements_seen)} statements"
    )
