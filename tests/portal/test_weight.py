"""What a phone has to fetch before a patient can read a page: the first load, as it travels."""

from __future__ import annotations

import gzip
import re

import pytest

from tests.console.house import House
from tests.portal.house import reader

# 250 kB, compressed.
MOST = 250_000
FILES = re.compile(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"')
IMPORTS = re.compile(r"""(?:from|import)\s*["']\./([^"']+)["']""")


def weight(client: object, path: str, seen: set[str]) -> int:
    """The compressed size of a file and of the modules that it imports, each counted once."""
    if path in seen:
        return 0
    seen.add(path)
    answer = client.get(path)  # type: ignore[attr-defined]
    assert answer.status_code == 200, path
    total = len(gzip.compress(answer.data))
    if path.endswith(".js"):
        folder = path.rpartition("/")[0]
        total += sum(
            weight(client, f"{folder}/{name}", seen) for name in IMPORTS.findall(answer.get_data(as_text=True))
        )
    return total


@pytest.mark.parametrize("path", ["", "/visits", "/book", "/bills", "/messages", "/preferences", "/papers"])
def test_the_first_load_is_light(house: House, path: str) -> None:
    """The page and every file it names are at most 250 kB together, and none comes from elsewhere."""
    ana = reader(house, "ana").open(path)
    files = [each for each in FILES.findall(ana.html) if not each.startswith(ana.here)]
    assert len(files) >= 3
    assert all(each.startswith("/") and not each.startswith("//") for each in files)
    seen: set[str] = set()
    total = len(gzip.compress(ana.html.encode())) + sum(weight(ana.client, each, seen) for each in files)
    assert total <= MOST, total
