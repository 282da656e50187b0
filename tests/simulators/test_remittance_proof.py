"""Everything the clearinghouse writes about whole populations of claims, before outside judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.judges.pyx12_judge import judge
from tests.simulators.balances import elements, faults, read_sets
from tests.simulators.conftest import House, open_house
from tests.simulators.populations import as_secondary, interchange, population

SIZE = 44


Written = tuple[House, list[tuple[str, str]]]


@pytest.fixture(scope="module", params=[1, 2])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    """A house with every chance at work, and all files it wrote in 90 days: (name, text)."""
    seed = request.param
    house, database = open_house(tmp_path_factory.mktemp("written"), seed)
    chances: dict[str, object] = {
        "reversal_fraction": 0.15,
        "denial_fraction": 0.15,
        "rejection_fraction": 0.05,
        "split_fraction": 0.1,
    }
    chances["days_to_payment"] = [7, 13]
    payers = {payer: dict(chances) for payer in ("MEDB1", "MCD01", "COMM1", "COMM2")}
    payers["MEDB1"]["crossover_payer"] = "COMM2"
    assert house.client.put("/_sim/config", json={"payers": payers}).status_code == 200
    claims = population(SIZE, seed)
    secondary = [as_secondary(claim, "COMM2", claim.member) for claim in claims[: SIZE // 6] if claim.payer == "COMM1"]
    again = [claim for claim in claims if claim.payer == "COMM1"][:4]
    house.put("first.837", interchange(claims, 1))
    house.clock(days=40)
    house.put("second.837", interchange(secondary + again, 2, batch="BATCH2"))
    house.clock(days=50)
    listing = house.client.get("/v1/inbound?limit=1000", headers=house.headers()).get_json()["files"]
    files = [(file["name"], (house.folder / "inbound" / file["name"]).read_text()) for file in listing]
    yield house, files
    database.close()


def test_everything_written_is_valid_and_balances(written: Written) -> None:
    """Every 999, 277CA and 835 passes pyx12, and every 835 balances by line, claim and set to the cent."""
    _, files = written
    assert {name.split("_")[1] for name, _ in files} == {"999", "277CA", "835"}
    for name, text in files:
        assert judge(text) == [], name
        if "_835_" in name:
            assert faults(text) == [], name
    happened = Counter(
        claim.status for name, text in files if "_835_" in name for s in read_sets(text) for claim in s.claims
    )
    assert {"1", "2", "19", "22"} <= set(happened), happened


def test_the_state_tells_the_same_sums_as_the_files(written: Written) -> None:
    """The totals given to the driver for its proofs are those of the files, set by set."""
    house, files = written
    told = {(row["file"], row["trace"]): row for row in house.state()["sets"]}
    counted = 0
    for name, text in files:
        if "_835_" not in name:
            continue
        for payment in read_sets(text):
            row = told[name, payment.trace]
            assert row["bpr02"] == payment.payment * 100
            assert row["clp04_sum"] == sum(claim.paid for claim in payment.claims) * 100
            assert row["plb_sum"] == sum(amount for _, _, amount in payment.provider_adjustments) * 100
            counted += 1
    assert counted == len(told)


def test_every_claim_is_answered_once_at_the_277ca_and_once_paid_or_denied(written: Written) -> None:
    """No claim is lost or answered twice: rejected, or once in an 835, reversals and corrections aside."""
    house, files = written
    acknowledged = Counter(
        segment[2]
        for name, text in files
        if "_277CA_" in name
        for segment in elements(text)
        if segment[:2] == ["TRN", "2"]
    )
    assert (
        sum(count for number, count in acknowledged.items() if number.startswith("C"))
        == house.state()["claims_received"]
    )
    standing = Counter()
    for name, text in files:
        if "_835_" in name:
            for payment in read_sets(text):
                for claim in payment.claims:
                    key = (claim.number, claim.control_number.rstrip("S"))
                    standing[key] += -1 if claim.status == "22" else 0 if claim.control_number.endswith("S") else 1
    assert set(standing.values()) <= {0, 1}
    assert sum(standing.values()) == house.state()["claims_by_state"]["paid"]


def test_shares_of_rejections_are_kept(make_house: Callable[..., House]) -> None:
    """By default 2-5 % of claims are rejected and 5-10 % of the rest are denied, in a small population too."""
    house = make_house(5)
    house.put("all.837", interchange(population(250, 5), 1))
    house.clock(days=60)
    state = house.state()["claims_by_state"]
    assert 0.02 <= state["rejected"] / 250 <= 0.05
    unpaid = 0
    for path in (house.folder / "inbound").glob("*_835_*"):
        for payment in read_sets(path.read_text()):
            unpaid += sum(claim.paid == 0 and claim.patient == 0 and claim.status in "14" for claim in payment.claims)
    assert 0.02 <= unpaid / 250 <= 0.12


def test_the_same_seed_writes_the_same_files(make_house: Callable[..., House]) -> None:
    """Two houses with the same seed and claims write the same bytes under the same names, another seed does not."""
    contents = []
    for seed, name in ((9, "one"), (9, "two"), (10, "three")):
        house = make_house(seed, name)
        house.put("all.837", interchange(population(40, 9), 1))
        house.clock(days=60)
        contents.append({path.name: path.read_bytes() for path in (house.folder / "inbound").iterdir()})
    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


def test_it_does_not_matter_how_the_clock_steps(make_house: Callable[..., House]) -> None:
    """One leap of sixty days and sixty steps of a day write the same files."""
    contents = []
    for name, steps in (("leap", 1), ("walk", 60)):
        house = make_house(3, name)
        house.put("all.837", interchange(population(40, 3), 1))
        for _ in range(steps):
            house.clock(days=60 // steps)
        contents.append({path.name: path.read_bytes() for path in (house.folder / "inbound").iterdir()})
    assert contents[0] == contents[1]
