"""What a browser has to fetch before somebody can work: the first load of a page, as it travels."""

from __future__ import annotations

import gzip
import re

import pytest

from tests.console.house import House

# 250 kB, compressed (the calendar may have more).
MOST = 250_000


@pytest.mark.parametrize("path", ["/console/today", "/console/calendar", "/console/billing", "/console/reports"])
def test_the_first_load_is_light(house: House, path: str) -> None:
    """The page and every file it names are at most 250 kB together, and none comes from elsewhere."""
    browser = house.browser("owner").get(path)
    files = set(re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', browser.html))
    assert len(files) >= 4
    assert all(each.startswith("/") and not each.startswith("//") for each in files)
    weight = len(gzip.compress(browser.html.encode()))
    for each in files:
        answer = browser.client.get(each)
        assert answer.status_code == 200, each
        weight += len(gzip.compress(answer.data))
    assert weight <= MOST, weight
