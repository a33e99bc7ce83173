"""Each driver's share of a month, with and without memory, as an SVG that stands on white and on black."""

from collections.abc import Mapping, Sequence

from benchmarks.month.figures import Line, shares_of
from benchmarks.month.model import Month

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 760, 300, 46, 34, 40
COLOURS = {True: "#1b8a5a", False: "#b0653a"}
WORDS = {True: "with the ledger's memory", False: "without"}


def picture_of(month: Month, lines: Mapping[bool, Sequence[Line]]) -> str:
    """`lines` by whether the ledger's memory was on. Drivers stand in the order of their share without it."""
    shares = {memory: shares_of(each) for memory, each in lines.items()}
    last = shares[min(shares)]
    order = sorted(last, key=lambda driver: last[driver])
    step = (WIDTH - LEFT - 10) / len(order)
    title = (
        f"Share of the wishes of {len(month.nights)} nights that each of {len(order)} drivers received "
        f"({month.name})"
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="18">{title}</text>',
    ]
    for tenth in range(0, 11, 2):
        y = _y(tenth / 10)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - 10}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10 * tenth} %</text>')
    for place, driver in enumerate(order):
        x = LEFT + (place + 0.5) * step
        ends = [_y(each[driver]) for each in shares.values()]
        parts.append(f'<path d="M{x:.1f} {min(ends):.1f}V{max(ends):.1f}" stroke="#999"/>')
        for memory, each in shares.items():
            parts.append(f'<circle cx="{x:.1f}" cy="{_y(each[driver]):.1f}" r="4" fill="{COLOURS[memory]}"/>')
    for place, memory in enumerate(shares):
        x, y = LEFT + 10 + 200 * place, HEIGHT - 14
        parts.append(f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{COLOURS[memory]}"/>')
        parts.append(f'<text x="{x + 10}" y="{y}">{WORDS[memory]}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _y(share: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)
