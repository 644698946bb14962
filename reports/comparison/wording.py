"""The words of a comparison: changes, margins, what would decide, and how the figures are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from reports.comparison.blocks import BlockDesign
from reports.comparison.differences import FigureDifference
from reports.data.quantities import NOTHING, format_count, format_number

_BLOCKS: Final[Mapping[BlockDesign, str]] = {
    "rounds": "Each round has runs of both versions in a random order (A B B A or B A A B), and is one "
    "block: what drifts evenly during a round changes both alike. The bounds follow from the "
    "scatter between rounds, by Student's t and by Wilcoxon's signed ranks; the wider one counts. Ranks hold "
    "whatever disturbs single runs, because the order was drawn, and tell nothing of fewer than five rounds.",
    "runs": "Each run is one block. The bounds follow from the scatter between runs, by Welch's t and by the "
    "ranks of Mann and Whitney; the wider one counts. Ranks tell nothing of fewer than three runs against "
    "three, two against five, or one against 19. If "
    "all runs of one version were made before those of the other, a change of the machine in "
    "between counts as one of the service; runs in turns (model-loadtest ab) don't have this "
    "weakness.",
    "time": "Each side is one run, cut into at most 20 parts of equal length, and parts at the same "
    "place of the load are compared. A part has at least five requests beyond a percentile. The "
    "bounds follow from the scatter of these differences, widened if successive ones resemble "
    "each other. They say how sure the figures of these two runs are, and nothing of what "
    "differs between runs: a machine that was busier, faster or cooled worse during one of them "
    "looks like a change of the service. Several runs, or runs in turns (model-loadtest ab), "
    "cover that.",
}

_BLOCK_NAMES: Final[Mapping[BlockDesign, str]] = {
    "rounds": "these rounds",
    "runs": "these runs",
    "time": "these parts",
}


def describe_change(difference: FigureDifference) -> str:
    """The change with its direction: `is 12 % higher (at least 8 %)`."""
    if difference.change is None or difference.bounds is None:
        return NOTHING
    unit = _unit_of(difference)
    value, least = (abs(each) * _factor_of(difference) for each in (difference.change, difference.bounds[0]))
    higher = (difference.change > 0) == (difference.compared.metric.better == "lower")
    word = "higher" if higher else "lower"
    return f"is {format_number(value)} {unit} {word} (at least {format_number(least)} {unit})"


def format_change(difference: FigureDifference) -> str:
    """The change of the figure itself, with its sign: +12.3 %, -0.4 %."""
    if difference.change is None:
        return NOTHING
    return f"{_format_signed(difference, difference.change)} {_unit_of(difference)}"


def format_bounds(difference: FigureDifference) -> str:
    """Both bounds of the change, the lower number first: -0.4 to +2.5 %."""
    if difference.bounds is None:
        return NOTHING
    low, high = sorted(difference.bounds)
    if difference.compared.metric.better == "higher":
        low, high = high, low
    return f"{_format_signed(difference, low)} to {_format_signed(difference, high)} {_unit_of(difference)}"


def describe_margin(difference: FigureDifference) -> str:
    """5 %, or 0.1 points."""
    return f"{format_number(difference.margin * _factor_of(difference))} {_unit_of(difference)}"


def describe_needed(undecided: Sequence[FigureDifference], design: BlockDesign) -> str:
    """What would decide all of these: more rounds or runs, or longer ones; empty if nothing is known."""
    if any(each.needed is None for each in undecided):
        return ""
    if design == "time":
        times = max(1 + (each.needed or 0) / len(each.figures.baseline) for each in undecided)
        return f"runs about {format_number(max(times, 1.1), 2)} times as long"
    needed = max(each.needed or 0 for each in undecided)
    if design == "rounds":
        return f"about {format_count(needed, 'more round')}"
    return f"about {format_count(needed, 'more run')} of each side"


def describe_outcome(difference: FigureDifference, design: BlockDesign) -> str:
    """A sentence on one difference that isn't proven to be harmless; empty for one that is."""
    if difference.absence:
        return f"{difference.text} was not compared: {difference.absence}."
    if difference.outcome == "worse":
        return f"{difference.text} {describe_change(difference)}."
    if difference.outcome == "not worse":
        return ""
    if difference.bounds is None:
        sentence = (
            f"{difference.text} changed by {format_change(difference)}, and {_BLOCK_NAMES[design]} are "
        )
        sentence += "too few to bound that"
    else:
        sentence = f"{difference.text} changed by {format_bounds(difference)}"
        sentence += f", and the margin is {describe_margin(difference)}"
    if difference.needed is None:
        return (
            f"{sentence}: it is too close to that, or scatters too much, for a reasonable number of blocks."
        )
    return f"{sentence}; {describe_needed([difference], design)} would probably tell."


def describe_method(design: BlockDesign, confidence: float) -> tuple[str, ...]:
    """How the differences are made and what they don't cover, a paragraph each."""
    sure = format_number(confidence * 100)
    return (
        _BLOCKS[design],
        "Figures are means over blocks, geometric ones where ratios are compared. Error rates are compared "
        "by their difference, in percentage points, with bounds at least as wide as those of independent "
        "requests. Nothing is computed from single requests as if they were independent.",
        f"Each bound is one-sided and holds at {sure} %. Not worse means that the bound lies within the "
        f"margin. Worse means that the change is above 0 at {sure} % for all figures together (Student's t, "
        "Holm), and that it isn't proven to lie within the margin.",
    )


def _format_signed(difference: FigureDifference, worsening: float) -> str:
    """The change of the figure: more throughput is a plus, though the service became better."""
    value = worsening * _factor_of(difference)
    value = value if difference.compared.metric.better == "lower" else -value
    value = round(value, 3 if difference.compared.scale == "share" else 2)
    return f"{'-' if value < 0 else '+'}{format_number(abs(value))}" if value else "0"


def _factor_of(difference: FigureDifference) -> float:
    return 1.0 if difference.compared.scale == "share" else 100.0


def _unit_of(difference: FigureDifference) -> str:
    return "points" if difference.compared.scale == "share" else "%"
