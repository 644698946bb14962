"""Columns of tables: title, unit, alignment, and how items become cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from reports.data.quantities import NOTHING

Item = TypeVar("Item")
"""What a row describes: a stage, an objective, a failure."""

ColumnKind: TypeAlias = Literal[
    "figure", "interval", "words", "long words", "row heading", "outcome", "link", "bar"
]
"""Figures and intervals are aligned right, everything else left.

On a narrow page, long words have a line of their own. A row heading names its row. An outcome stands beside
its mark. A link leads to the link of its row. A bar is drawn from the bar of its row.
"""

CellFormatter: TypeAlias = Callable[[Sequence[Item]], Sequence[str]]
"""Formats the cells of a column, one for each item; all at once, so that they can have the same decimals."""


@dataclass(frozen=True)
class TableColumn(Generic[Item]):
    """A column of a table."""

    title: str
    format_cells: CellFormatter[Item]
    unit: str = ""
    kind: ColumnKind = "figure"
    optional: bool = False
    """Whether the column is left out if all its cells are dashes."""
    keeps_dash: bool = False
    """Whether a narrow page, which lists the cells of a row, shows the column even if the cell is a dash."""
    format_notes: CellFormatter[Item] | None = None
    """The small text below the cells, if there is any."""

    @property
    def heading(self) -> str:
        """The title with its unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title

    @property
    def right_aligned(self) -> bool:
        """Whether the cells are aligned right."""
        return self.kind in ("figure", "interval")


def format_each(format_cell: Callable[[Item], str]) -> CellFormatter[Item]:
    """A formatter of single cells."""
    return lambda items: [format_cell(item) for item in items]


def format_aligned(
    value: Callable[[Item], float | None],
    alongside: Callable[[Item], Sequence[float | None]] | None = None,
) -> CellFormatter[Item]:
    """A formatter of figures with the same number of decimals; a dash stands for a missing one.

    `alongside` returns the figures of an item in all columns that are to have the same decimals.
    """

    def format_cells(items: Sequence[Item]) -> Sequence[str]:
        others = [] if alongside is None else [figure for item in items for figure in alongside(item)]
        return align_decimals([*map(value, items), *others])[: len(items)]

    return format_cells


def align_decimals(values: Sequence[float | None]) -> list[str]:
    """All values with the decimals that suit the largest one; a dash for a missing one."""
    known = [math.nan if value is None else value for value in values]
    largest = max((abs(value) for value in known if math.isfinite(value)), default=0.0)
    decimals = 2 if largest < 100 else 1
    return [f"{value:,.{decimals}f}" if math.isfinite(value) else NOTHING for value in known]


def tabulate(
    columns: Sequence[TableColumn[Item]], items: Sequence[Item]
) -> tuple[list[TableColumn[Item]], list[tuple[str, ...]]]:
    """The columns that are shown, and the cells of each row."""
    formatted = [(shown, shown.format_cells(items)) for shown in columns]
    kept = [
        (shown, cells)
        for shown, cells in formatted
        if not shown.optional or any(cell != NOTHING for cell in cells)
    ]
    return [shown for shown, _ in kept], list(zip(*(cells for _, cells in kept), strict=True))
