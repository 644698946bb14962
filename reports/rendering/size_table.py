"""Builds the table of latency by the size of requests."""

from __future__ import annotations

from typing import NamedTuple

from reports.figures.sizes import SizeClass
from reports.figures.summary import Summary
from reports.rendering.columns import TableColumn, format_each
from reports.rendering.page_table import PageTable, build_table
from reports.rendering.page_tables import list_figure_columns


class _Sized(NamedTuple):
    """A class of sizes, and the endpoint that its requests went to."""

    endpoint: str
    quantity: str
    sizes: SizeClass


_ENDPOINT: TableColumn[_Sized] = TableColumn(
    "Endpoint", format_each(lambda sized: sized.endpoint), kind="long words"
)
_COLUMNS: tuple[TableColumn[_Sized], ...] = (
    TableColumn("Size", format_each(lambda sized: sized.sizes.name(sized.quantity)), kind="row heading"),
    _ENDPOINT,
    *list_figure_columns(lambda sized: sized.sizes.figures),
)


def build_size_table(summary: Summary) -> PageTable | None:
    """The classes of sizes of each endpoint whose requests differ in size; None if there is none."""
    if not summary.sizes:
        return None
    classes = [
        _Sized(each.endpoint, each.quantity, sizes) for each in summary.sizes for sizes in each.classes
    ]
    columns = [each for each in _COLUMNS if each is not _ENDPOINT or len(summary.endpoints) > 1]
    caption = "All that is judged and was sent, by size; latencies of answered requests."
    if any(each.quantity == "bytes" for each in summary.sizes):
        caption += " Bytes are those of the whole request, with its head."
    return build_table("", caption, columns, classes, dense=True)
