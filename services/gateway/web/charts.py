"""Charts as SVG drawn on the server: no script, printable, readable by a screen reader (the table stands beside it)."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM, TOP = 560, 220, 56, 26, 30, 14


def nice(most: float) -> float:
    """The end of an axis: the next of 1, 2, 2.5, 5 × a power of ten."""
    if most <= 0:
        return 1.0
    power = 1.0
    while power * 10 <= most:
        power *= 10
    while power > most:
        power /= 10
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= most)


def bars(labels: Sequence[str], values: Sequence[float], told: Sequence[str], title: str, series: str = "1") -> Markup:
    """Vertical bars. ``told`` is each value as a person reads it; it stands above its bar and in its tooltip."""
    top = nice(max([0.0, *values]))
    room = (WIDTH - LEFT - RIGHT) / max(1, len(values))
    wide = min(48.0, room * 0.64)
    parts = [_axes(top)]
    for index, (label, value, words) in enumerate(zip(labels, values, told, strict=True)):
        middle = LEFT + room * (index + 0.5)
        high = (HEIGHT - BOTTOM - TOP) * max(0.0, value) / top
        y = HEIGHT - BOTTOM - high
        parts.append(
            Markup(
                '<g><title>{}: {}</title><rect class="series-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2"/>'
            ).format(label, words, series, middle - wide / 2, y, wide, high)
            + Markup('<text class="value" x="{:.1f}" y="{:.1f}">{}</text>').format(
                middle, y - 4, words if value else ""
            )
            + Markup('<text class="tick" x="{:.1f}" y="{}">{}</text></g>').format(middle, HEIGHT - 8, label)
        )
    return _svg(title, parts)


def lines(labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], title: str) -> Markup:
    """One line for each series, with a point for each label; every third or so label is written."""
    top = nice(max([0.0, *(value for _, values in series for value in values)]))
    step = (WIDTH - LEFT - RIGHT) / max(1, len(labels) - 1)
    every = max(1, len(labels) // 8)
    parts = [_axes(top)]
    for index, label in enumerate(labels):
        if index % every == 0:
            parts.append(
                Markup('<text class="tick" x="{:.1f}" y="{}">{}</text>').format(LEFT + step * index, HEIGHT - 8, label)
            )
    for number, (name, values) in enumerate(series, start=1):
        points = [
            (LEFT + step * index, HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * max(0.0, value) / top)
            for index, value in enumerate(values)
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(
            Markup('<polyline class="line-{}" points="{}"><title>{}</title></polyline>').format(number, path, name)
        )
        parts.extend(
            Markup('<circle class="series-{}" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(number, x, y) for x, y in points
        )
    return _svg(title, parts)


def _axes(top: float) -> Markup:
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share
        parts.append(
            Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(LEFT - 4, WIDTH, y, y)
        )
        parts.append(
            Markup('<text class="axis" x="{}" y="{:.1f}">{}</text>').format(LEFT - 8, y + 4, _short(top * share))
        )
    return Markup("").join(parts)


def _short(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1_000:g}k" if value >= 1_000 else f"{value:g}"


def _svg(title: str, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, title, Markup("").join(parts)
    )
