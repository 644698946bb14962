"""Prepares labels: their text, their width, and positions at which they do not overlap."""

from __future__ import annotations

import unicodedata


def estimate_width_px(text: str, font_px: float) -> float:
    """An upper estimate of a text's width, because the fonts of systems differ."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return (0.6 * (len(text) - wide) + wide) * font_px


def clean_label(text: str, most: int = 40) -> str:
    """The text as one line of at most `most` printable characters."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def spread_positions(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Positions at least `gap` apart, each as near to the one wanted as possible, in the order of the input.

    They stay between `low` and `high` if there is room for all of them.
    """
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    placed = [wanted[index] for index in order]
    for index in range(len(placed)):
        floor = low if index == 0 else placed[index - 1] + gap
        placed[index] = max(placed[index], floor)
    for index in reversed(range(len(placed))):
        ceiling = high if index == len(placed) - 1 else placed[index + 1] - gap
        placed[index] = min(placed[index], ceiling)
    result = [0.0] * len(wanted)
    for position, index in zip(placed, order, strict=True):
        result[index] = position
    return result
