"""What a release builds in beyond the one before: brought to tenants that began earlier."""

from __future__ import annotations

from chassis.call import Call
from notifications.domain import builtin
from notifications.store import Store
from notifications.usecases.tenants import install_rule, install_text

# Planned by a migration, once for each tenant that there is then.
CATCH_UP = "built_in.catch_up"


def catch_up(call: Call) -> None:
    """Gives the tenant the built-in texts that it lacks, and the rules that send what it had no text for at all.

    A tenant begins with every text there is then, and texts cannot be deleted: one that is missing was built in later. A rule may be
    deleted by the clinic, and is not given back: its text is there. Rules that come so hold from now on.
    """
    store = Store(call.session)
    store.serialise_tenant()
    known = store.template_keys()
    codes = {code for code, _, _ in known}
    for text in builtin.TEMPLATES:
        if (text.code, text.channel.value, text.language) not in known:
            install_text(call, store, text)
    for rule in builtin.RULES:
        if rule.template_code not in codes:
            install_rule(call, store, rule, call.now)
