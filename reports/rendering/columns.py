"""Columns of tables: the title, the unit, the alignment, and how the items of the rows become cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from reports.data.quantities import NOTHING

Item = TypeVar("Item")
"""What a row of a table is about: a stage, an objective, a failure."""

ColumnKind: TypeAlias = Literal[
    "figure", "interval", "words", "long words", "row heading", "outcome", "link", "bar"
]
"""Figures and intervals are aligned right, everything else left.

Long words get a line of a narrow page. A row heading names its row. An outcome stands beside its mark. A link
leads where its row's link leads. A bar shows the row's bar in place of the cell.
"""

CellFormatter: TypeAlias = Callable[[Sequence[Item]], Sequence[str]]
"""The cells of a column, one for each item; all at once, so that figures can share their decimals."""


@dataclass(frozen=True)
class TableColumn(Generic[Item]):
    """A column of a table."""

    title: str
    format_cells: CellFormatter[Item]
    unit: str = ""
    kind: ColumnKind = "figure"
    optional: bool = False
    """Whether it is left out where it holds nothing but dashes."""
    keeps_dash: bool = False
    """Whether a narrow page, where each row is a list, tells a dash of it, too."""
    format_notes: CellFormatter[Item] | None = None
    """What stands in small letters below the cells, if anything does."""

    @property
    def heading(self) -> str:
        """The title with its unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title

    @property
    def right_aligned(self) -> bool:
        """Whether the cells end at the same place."""
        return self.kind in ("figure", "interval")


def format_each(format_cell: Callable[[Item], str]) -> CellFormatter[Item]:
    """Cells that are formatted one by one."""
    return lambda items: [format_cell(item) for item in items]


def format_aligned(
    value: Callable[[Item], float | None],
    alongside: Callable[[Item], Sequence[float | None]] | None = None,
) -> CellFormatter[Item]:
    """Figures with the same number of decimals, a dash where there is none.

    `alongside` returns the figures of an item in all columns that share these decimals.
    """

    def format_cells(items: Sequence[Item]) -> Sequence[str]:
        others = [] if alongside is None else [figure for item in items for figure in alongside(item)]
        return align_decimals([*map(value, items), *others])[: len(items)]

    return format_cells


def align_decimals(values: Sequence[float | None]) -> list[str]:
    """All values with as many decimals as the largest of them needs, a dash where there is none."""
    known = [math.nan if value is None else value for value in values]
    largest = max((abs(value) for value in known if math.isfinite(value)), default=0.0)
    decimals = 2 if largest < 100 else 1
    return [f"{value:,.{decimals}f}" if math.isfinite(value) else NOTHING for value in known]


def tabulate(
    columns: Sequence[TableColumn[Item]], items: Sequence[Item]
) -> tuple[list[TableColumn[Item]], list[tuple[str, ...]]]:
    """The columns that are shown, and a row of cells for each item."""
    formatted = [(shown, shown.format_cells(items)) for shown in columns]
    kept = [
        (shown, cells)
        for shown, cells in formatted
        if not shown.optional or any(cell != NOTHING for cell in cells)
    ]
    return [shown for shown, _ in kept], list(zip(*(cells for _, cells in kept), strict=True))
