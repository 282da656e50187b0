"""The pages' icons: drawn on a grid of 24, as lines of the text's colour. An icon never stands without a word or a label."""

from __future__ import annotations

from markupsafe import Markup

_PATHS = {
    "pin": "M12 21s7-6.4 7-12a7 7 0 0 0-14 0c0 5.6 7 12 7 12zM12 6.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
    "home": "M4 11l8-7 8 7v9h-5v-6H9v6H4z",
    "today": "M4 6h16v14H4zM4 10h16M9 3v4M15 3v4M8 15l2.5 2.5L16 13",
    "calendar": "M4 6h16v14H4zM4 10h16M9 3v4M15 3v4",
    "find": "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5 21 21",
    "person": "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21c0-4 3.6-6.5 8-6.5s8 2.5 8 6.5",
    "people": "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z"
    "M2.5 20c0-3.6 2.9-5.5 6.5-5.5s6.5 1.9 6.5 5.5M16 5.3a3.5 3.5 0 0 1 0 6.4M17.5 14.8c2.5.6 4 2.4 4 5.2",
    "clinic": "M5 21V7l7-4 7 4v14M3 21h18M12 8v6M9 11h6",
    "doctor": "M6 4v5a4 4 0 0 0 8 0V4M10 13v3a4.5 4.5 0 0 0 9 0v-2M19 10.5a1.75 1.75 0 1 0 0 3.5 1.75 1.75 0 0 0 0-3.5z",
    "money": "M3 6h18v12H3zM12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM6.5 9.5v0M17.5 14.5v0",
    "chart": "M4 4v16h16M8 16v-4M12 16V8M16 16v-6",
    "settings": "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z"
    "M12 2.5v3M12 18.5v3M2.5 12h3M18.5 12h3M5.3 5.3l2.1 2.1M16.6 16.6l2.1 2.1M18.7 5.3l-2.1 2.1M7.4 16.6l-2.1 2.1",
    "message": "M4 5h16v11H9l-5 4z",
    "video": "M3 7h12v10H3zM15 11l6-3.5v9L15 13",
    "microphone": "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21M8.5 21h7",
    "speaker": "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11",
    "screen": "M3 5h18v11H3zM8 20h8M12 16v4M12 13V8M9.5 10.5 12 8l2.5 2.5",
    "signal": "M5 20v-4M10 20v-8M15 20V8M20 20V4",
    "phone-down": "M3 15.5c-.5-5 3.6-8 9-8s9.5 3 9 8l-4.5-.9-.6-3a11 11 0 0 0-7.8 0l-.6 3z",
    "phone": "M6 3h4l1.5 5L9 9.5a12 12 0 0 0 5.5 5.5L16 12.5l5 1.5v4a2 2 0 0 1-2 2A16 16 0 0 1 4 5a2 2 0 0 1 2-2z",
    "room": "M5 21V4h10v17M3 21h18M15 8h4v13M11.5 12.5v0",
    "alert": "M12 3 2 20h20zM12 9.5v5M12 17.3v0",
    "check": "M4 12.5 9.5 18 20 6.5",
    "close": "M5 5l14 14M19 5 5 19",
    "add": "M12 4v16M4 12h16",
    "next": "M9 5l7 7-7 7",
    "back": "M15 5l-7 7 7 7",
    "print": "M7 8V3h10v5M7 17H4V8h16v9h-3M7 14h10v7H7z",
    "download": "M12 3v12M7 10.5l5 5 5-5M4 20h16",
    "clock": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5.5l3.5 2",
    "eye": "M2 12s3.6-6.5 10-6.5S22 12 22 12s-3.6 6.5-10 6.5S2 12 2 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
    "shield": "M12 3l8 3v6c0 4.6-3.3 7.8-8 9-4.7-1.2-8-4.4-8-9V6zM8.5 12l2.5 2.5 4.5-5",
    "file": "M6 3h8l5 5v13H6zM14 3v5h5M9 13h6M9 17h6",
    "list": "M8 6h12M8 12h12M8 18h12M4 6v0M4 12v0M4 18v0",
    "swap": "M4 8h14l-3.5-3.5M20 16H6l3.5 3.5",
    "out": "M14 4H5v16h9M10 12h11M17.5 8.5 21 12l-3.5 3.5",
    "star": "M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9-4.3-4.1 5.9-.8z",
    "undo": "M8 5 4 9l4 4M4 9h10a6 6 0 0 1 0 12h-3",
    "menu": "M4 6h16M4 12h16M4 18h16",
    "drawer": "M3 9h18v11H3zM6 9V4h12v5M10 14h4",
    "keys": "M3 7h18v10H3zM7 10.5v0M11 10.5v0M15 10.5v0M8 14h8",
}  # fmt: skip
NAMES = tuple(_PATHS)


def icon(name: str, label: str = "") -> Markup:
    """The icon as SVG; with a label where it stands for a word, hidden from assistive technology where a word stands beside it."""
    told = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" viewBox="0 0 24 24" {}><path d="{}"/></svg>').format(told, _PATHS[name])
