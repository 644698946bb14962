"""Formats tables as plain text and as Markdown; takes out of texts what could control a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reports.rendering.columns import TableColumn


def remove_controls(text: str) -> str:
    """The text with a blank in place of each control character, which could control the terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def align_table(columns: Sequence[TableColumn[Any]], rows: Sequence[Sequence[str]]) -> list[str]:
    """The titles and then the rows, a line each, without trailing spaces."""
    table = [_list_titles(columns), *([remove_controls(cell) for cell in row] for row in rows)]
    widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
    return ["  ".join(_align_line(columns, cells, widths)).rstrip() for cells in table]


def format_markdown(columns: Sequence[TableColumn[Any]], rows: Sequence[Sequence[str]]) -> str:
    """A table in GitHub's Markdown; the cells contain Markdown."""
    rule = ["---:" if column.right_aligned else ":---" for column in columns]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (_list_titles(columns), rule, *rows))


def _list_titles(columns: Sequence[TableColumn[Any]]) -> list[str]:
    return [f"{column.title} {column.unit}".rstrip() for column in columns]


def _align_line(
    columns: Sequence[TableColumn[Any]], cells: Sequence[str], widths: Sequence[int]
) -> Iterator[str]:
    for column, cell, width in zip(columns, cells, widths, strict=True):
        yield cell.rjust(width) if column.right_aligned else cell.ljust(width)
