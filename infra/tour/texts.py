"""What stands on a Spanish page and is still English: a text of the catalogue that was not looked up."""

from __future__ import annotations

import re
from collections.abc import Iterable

from infra import texts

# Every text a person reads or is read: between tags, and in what stands for a text.
SPOKEN = """
() => {
  // Data of a clinic is in no language of ours: lists, values, what a person has chosen from.
  const data = "script, style, [data-row], td, th[scope=row], dd, select, .mono, [lang]:not(html)";
  const found = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const parent = walk.currentNode.parentElement;
    if (parent && !parent.closest(data)) found.add(walk.currentNode.textContent.trim().replace(/\\s+/g, " "));
  }
  for (const name of ["aria-label", "placeholder", "title", "alt"]) {
    for (const each of document.querySelectorAll(`[${name}]`)) {
      if (!each.closest("[lang]:not(html)")) found.add(each.getAttribute(name).trim());
    }
  }
  return [...found].filter((each) => each);
}
"""


class Untranslated:
    """Finds English texts that have a translation of their own."""

    def __init__(self, language: str) -> None:
        plain, shaped = set(), []
        for message in texts.catalogue(language):
            english = message.id if isinstance(message.id, str) else (message.id or ("",))[0]
            string = message.string if isinstance(message.string, str) else (message.string or ("",))[0]
            if not english or not string or english == string:
                continue
            if "%(" not in english:
                plain.add(english)
            elif len(re.sub(r"%\(\w+\)[sd]", "", english).split()) >= 3:
                shaped.append(re.sub(r"%\\\(\w+\\\)[sd]", ".+?", re.escape(english)))
        # One word may well be a name, in a list of data or in another language.
        self._plain = {each for each in plain if " " in each}
        self._shaped = re.compile("|".join(shaped)) if shaped else None

    def among(self, spoken: Iterable[str]) -> list[str]:
        """Those of the texts on a page that are English."""
        return sorted(
            each
            for each in spoken
            if each in self._plain or (self._shaped is not None and self._shaped.fullmatch(each))
        )
