"""The commands of the guide for callers: each goes to an operation that is there, with a body that it takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import protovalidate
import pytest
from google.protobuf.descriptor import ServiceDescriptor
from infra.local.plan import ROOT
from infra.local.seed import signpost

from gateway.transcoding.routes import Binding, collect_bindings

GUIDE = ROOT / "docs" / "guides" / "calling-the-api.md"
SOME_ID = "01a2027b-4e79-7bc2-a328-82b238ac6c72"
ENDS = {"|", ")", ";", "&&"}
WITH_VALUE = {"-H", "-d", "-X", "--data-binary", "--max-time"}


@dataclass
class Call:
    """One curl command."""

    verb: str = "GET"
    url: str = ""
    body: str = ""
    headers: set[str] = field(default_factory=set)


def commands(text: str) -> Iterator[Call]:
    """The curl commands in the code blocks of a page."""
    for language, block in re.findall(r"```(\w*)\n(.*?)```", text, re.DOTALL):
        if not language:
            for found in re.finditer(r"\bcurl .*", block.replace("\\\n", " ")):
                yield read(found.group())


def read(command: str) -> Call:
    lexer = shlex.shlex(command, posix=True, punctuation_chars="|);&")
    lexer.whitespace_split, lexer.commenters = True, ""
    words, call, option = list(lexer), Call(), ""
    for word in words[1:]:
        if option:
            if option == "-H":
                call.headers.add(word.split(":")[0])
            elif option == "-X":
                call.verb = word
            elif option in ("-d", "--data-binary"):
                call.body = word
                call.verb = "POST" if call.verb == "GET" else call.verb
            option = ""
        elif word in ENDS:
            break
        elif word in WITH_VALUE:
            option = word
        elif not word.startswith("-"):
            call.url = re.sub(r"\$[A-Z]+", lambda name: "" if name.group() == "$URL" else SOME_ID, word)
    return call


CALLS = list(commands(GUIDE.read_text()))


def test_the_guide_has_examples_of_everything() -> None:
    """Signing in, reading, creating, changing, streaming and FHIR each have a command."""
    assert {(call.verb, urlsplit(call.url).path) for call in CALLS} >= {
        ("POST", "/api/v1/sessions"),
        ("GET", "/api/v1/me"),
        ("POST", "/api/v1/patients"),
        ("PATCH", f"/api/v1/patients/{SOME_ID}"),
        ("GET", f"/api/v1/locations/{SOME_ID}/stream"),
        ("POST", "/fhir/R4"),
    }


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.verb} {call.url}")
def test_a_command_of_the_guide_is_taken(plain: Any, services: list[ServiceDescriptor], call: Call) -> None:
    """The path is served with this method, the headers it demands are sent, and the body passes every rule."""
    parts = urlsplit(call.url)
    endpoint, _ = plain.url_map.bind("localhost").match(parts.path, method=call.verb)
    verb, path = str(endpoint).split(" ", 1)
    operation = plain.test_client().get("/api/openapi.json").json["paths"][path][verb.lower()]
    if operation.get("security"):
        assert "Authorization" in call.headers
    references = {each.get("$ref", "").rsplit("/", 1)[-1] for each in operation.get("parameters", ())}
    if "IdempotencyKeyRequired" in references:
        assert "Idempotency-Key" in call.headers
    binding = next((each for each in collect_bindings(services) if (each.verb, each.url) == (verb, path)), None)
    if binding is None or call.body.startswith(("$", "@")):
        return
    assert violations(binding, call, parts.query) == []


def violations(binding: Binding, call: Call, query: str) -> list[Any]:
    """What is wrong with the request that a command makes."""
    ids = [SOME_ID] * len(binding.path.variables)
    version = 1 if "If-Match" in call.headers else None
    kind = "application/json" if call.body else None
    request = binding.reader.read(ids, list(parse_qs(query).items()), call.body.encode(), kind, version)
    return list(protovalidate.Validator().collect_violations(request))


def test_the_first_request_of_make_run_is_the_guides(services: list[ServiceDescriptor]) -> None:
    """What `make run` prints to try is a sign-in with the same account as in the guide."""
    printed = "```\n" + "\n".join(signpost("$URL", "", ROOT)).replace("\\\\", "\\") + "\n```"
    text = re.sub(r"'(\{[^']*\})'", lambda body: "'" + " ".join(body.group(1).split()) + "'", printed)
    [shown] = commands(text)
    [guide] = [call for call in CALLS if call.url == "/api/v1/sessions"]
    assert (shown.verb, shown.url, shown.body) == (guide.verb, guide.url, guide.body)
