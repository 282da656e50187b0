"""The policy of statements and collections: read, set, followed."""

from __future__ import annotations

from collections import Counter

from billing.domain.collections import Policy
from billing.store import Store
from billing.tables_collections import CollectionPolicy
from chassis.call import Call
from chassis.errors import InvalidInput, Violation


def policy_of(store: Store) -> Policy:
    """The tenant's policy, or the built-in one."""
    row = store.collection_policy()
    return Policy() if row is None else _policy(row)


def get_policy(call: Call) -> tuple[Policy, int]:
    """(policy, version); version 0: the built-in one."""
    row = Store(call.session).collection_policy()
    return (Policy(), 0) if row is None else (_policy(row), row.version)


def put_policy(call: Call, policy: Policy, said: list[tuple[int, str]], version: int) -> tuple[Policy, int]:
    """Sets the policy whole. `said`: level and language of each text as they were given. Raises InvalidInput, StaleVersion."""
    twice = {one for one, count in Counter(said).items() if count > 1}
    if twice:
        raise InvalidInput(
            [
                Violation(f"texts[{at}]", "there is another text of this level and language")
                for at, one in enumerate(said)
                if one in twice
            ]
        )
    store = Store(call.session)
    row = store.collection_policy(lock=True)
    call.expect_version(row.version if row else 0, version)
    values = {
        "cycle_days": policy.cycle_days,
        "last_cycle": policy.last_cycle,
        "minimum_minor": policy.minimum_minor,
        "portal_first_days": policy.portal_first_days,
        "small_balance_minor": policy.small_balance_minor,
        "small_balance_days": policy.small_balance_days,
        "hand_off_days": policy.hand_off_days,
        "hand_off_minimum_minor": policy.hand_off_minimum_minor,
        "agency": policy.agency,
        "agency_client": policy.agency_client,
        "texts": [{"level": level, "language": lang, "text": text} for (level, lang), text in policy.texts.items()],
    }
    if row is None:
        row = store.add(CollectionPolicy(tenant_id=call.tenant_id, changed_by=call.principal.id, **values))
    elif _policy(row) != policy:
        for name, value in values.items():
            setattr(row, name, value)
        row.changed_by = call.principal.id
        store.session.flush()
    return _policy(row), row.version


def _policy(row: CollectionPolicy) -> Policy:
    return Policy(
        cycle_days=row.cycle_days,
        last_cycle=row.last_cycle,
        minimum_minor=row.minimum_minor,
        portal_first_days=row.portal_first_days,
        small_balance_minor=row.small_balance_minor,
        small_balance_days=row.small_balance_days,
        hand_off_days=row.hand_off_days,
        hand_off_minimum_minor=row.hand_off_minimum_minor,
        agency=row.agency,
        agency_client=row.agency_client,
        texts={(said["level"], said["language"]): said["text"] for said in row.texts},
    )
