"""What every RPC and event must say about itself. Walks the whole set: a new RPC that says too little fails the build."""

from __future__ import annotations

import re

import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor

from chassis import descriptors
from tests.contracts import registry

COMMENTS = registry.comments()
every_rpc = pytest.mark.parametrize("method", registry.RPCS, ids=registry.rpc_id)


def binding(method: MethodDescriptor):
    return method.GetOptions().Extensions[annotations_pb2.http]


@every_rpc
def test_every_rpc_says_who_may_call_it(method):
    """It has a permission, or is public and proves its caller itself."""
    rpc = descriptors.rpc(method)
    assert bool(rpc.permission) != rpc.public


@every_rpc
def test_every_rpc_says_what_is_audited(method):
    """All but public ones have an audit category."""
    rpc = descriptors.rpc(method)
    assert rpc.public or rpc.audit


@every_rpc
def test_every_rpc_has_a_rest_binding(method):
    """Whatever can be called can be called over REST, under /v1 (webhooks apart)."""
    http = binding(method)
    path = getattr(http, http.WhichOneof("pattern") or "get")
    prefix = "/webhooks/" if descriptors.rpc(method).webhook else "/v1/"
    assert path.startswith(prefix), path


@every_rpc
def test_reads_and_writes_use_the_right_verb(method):
    """GET has no side effects; what has none and is not a GET is a search with its filter in the body."""
    rpc, verb = descriptors.rpc(method), binding(method).WhichOneof("pattern")
    if verb == "get":
        assert rpc.read_only
    elif rpc.read_only:
        assert verb == "post"
        assert ":" in binding(method).post


@every_rpc
def test_every_rpc_has_a_comment(method):
    """Behaviour and error codes are said where the RPC is declared."""
    assert len(COMMENTS.get(method.full_name, "")) > 10


# Lists that are whole on one page, each with the reason.
UNPAGED = {
    "billing.ListFavouriteCodes": "one clinician's, and there may be 200 at most (MOST_FAVOURITES), and 20 of a kind by use",
    "identity.ListRoles": "the roles are part of the code",
    "notifications.ListReminders": "one visit's, and there are as many as rules and channels",
    "notifications.ListExpectedReminders": "one visit's, and there are as many as rules and channels",
    "patient_registry.ListRelations": "one patient's, and there may be 50 at most (MOST_RELATIONS)",
    "patient_registry.ListCoverages": "one patient's, and there may be 200 at most (MOST_COVERAGES)",
    "scheduling.ListHolidays": "one location's of one year, and there may be 60 at most",
    "scheduling.ListPublicHolidays": "one country's calendar of one year, which is part of the code",
}


@every_rpc
def test_every_list_is_read_by_pages(method):
    """A list takes a page size and a token and gives the next token, so that no answer grows without a bound."""
    if not method.name.startswith(("List", "Search")) or registry.rpc_id(method) in UNPAGED:
        return
    asked, answered = method.input_type.fields_by_name, method.output_type.fields_by_name
    by_limit = "limit" in asked  # the soonest free times: nobody pages through those
    by_link = "base_url" in asked  # FHIR: the next page is a link in the bundle
    assert by_limit or by_link or {"page_size", "page_token"} <= set(asked)
    assert by_limit or by_link or "next_page_token" in answered


def test_rest_paths_do_not_collide():
    """No two RPCs answer the same verb and path."""
    seen = {}
    for method in registry.RPCS:
        http = binding(method)
        verb = http.WhichOneof("pattern")
        key = (verb, re.sub(r"\{[^}]*\}", "{}", getattr(http, verb)))
        assert key not in seen, f"{method.full_name} and {seen[key]} share {key}"
        seen[key] = method.full_name


@pytest.mark.parametrize("event", registry.EVENTS, ids=lambda event: event.full_name)
def test_events_name_their_aggregate_and_version(event):
    """A published message has subject, kind and the field of its aggregate; a STATE event also its version."""
    if not event.GetOptions().ListFields():
        return  # a part of other events
    kind = descriptors.event_kind(event)
    assert kind.subject.count(".") == 1
    assert kind.aggregate_path
    assert bool(kind.version_path) == kind.state
    for path in filter(None, (kind.aggregate_path, kind.version_path)):
        descriptor = event
        for name in path:
            field = descriptor.fields_by_name[name]
            descriptor = field.message_type


def test_every_permission_is_held_by_some_role_or_service():
    """A permission that nobody can hold locks its RPC for ever."""
    from chassis.principal import holds
    from identity.domain import roles

    holders = [held for name, held in roles.PERMISSIONS.items() if name != "owner"] + [
        *roles.SERVICES.values(),
        roles.OPERATOR,
    ]
    wanted = {descriptors.rpc(method).permission for method in registry.RPCS} - {""}
    orphans = sorted(permission for permission in wanted if not any(holds(held, permission) for held in holders))
    assert orphans == []
