"""A table of the page, as its template needs it: all cells are text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reports.rendering.columns import Item, TableColumn, tabulate
from reports.rendering.limit_bar import LimitBar


@dataclass(frozen=True)
class TableRow:
    """A row: cells and notes in the order of the columns; a muted row is not judged."""

    cells: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    muted: bool = False
    outcome: str = ""
    link: str = ""
    bar: LimitBar | None = None


@dataclass(frozen=True)
class PageTable:
    """A table; its title states the finding."""

    title: str
    caption: str
    columns: tuple[TableColumn[Any], ...]
    rows: tuple[TableRow, ...]
    dense: bool = False
    """Whether the figures are short, so that five of them fit on a line of a narrow page."""


def build_table(
    title: str,
    caption: str,
    columns: Sequence[TableColumn[Item]],
    items: Sequence[Item],
    *,
    describe_row: Callable[[Item], TableRow] = lambda _: TableRow(),
    dense: bool = False,
) -> PageTable:
    """A row for each item; `describe_row` returns the row without cells and notes."""
    shown, cells = tabulate(columns, items)
    _, notes = tabulate([_notes_of(column) for column in shown], items)
    rows = (
        replace(describe_row(item), cells=told, notes=noted)
        for item, told, noted in zip(items, cells, notes, strict=True)
    )
    return PageTable(title, caption, tuple(shown), tuple(rows), dense)


def _notes_of(column: TableColumn[Item]) -> TableColumn[Item]:
    return TableColumn(column.title, column.format_notes or (lambda items: [""] * len(items)))
