"""A table is a list of columns: each has its title, its unit and its alignment, and makes its own cells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reports.rendering.columns import TableColumn, align_decimals, format_aligned, format_each, tabulate
from reports.rendering.text_table import align_table, format_markdown

Latencies = tuple[float | None, float | None]

NAME: TableColumn[str] = TableColumn("name", format_each(str.upper), kind="row heading")
LENGTH: TableColumn[str] = TableColumn("length", format_each(lambda word: str(len(word))), "ms")
NOTHING: TableColumn[str] = TableColumn("nothing", format_each(lambda _: "–"), optional=True)
OUTCOME: TableColumn[str] = TableColumn("outcome", format_each(lambda word: f"✓ {word}"), kind="outcome")


def test_figures_below_each_other_have_the_same_decimals_and_a_dash_for_nothing() -> None:
    assert align_decimals([1.5, None, 20.25]) == ["1.50", "–", "20.25"]
    assert align_decimals([1.5, 1234.56, float("nan")]) == ["1.5", "1,234.6", "–"]


@given(st.lists(st.none() | st.floats(-1e9, 1e9)))
def test_aligned_figures_end_alike(values: list[float | None]) -> None:
    decimals = {len(cell.rpartition(".")[2]) for cell in align_decimals(values) if cell != "–"}
    assert len(decimals) <= 1


def test_columns_of_figures_that_belong_together_share_their_decimals() -> None:
    """A p50 of 1.25 ms beside a p99 of 125 ms is 1.2 ms."""
    items: list[Latencies] = [(1.25, 125.0), (None, 2.0)]
    alone = format_aligned(lambda item: item[0])
    together = format_aligned(lambda item: item[0], lambda item: item)
    assert alone(items) == ["1.25", "–"]
    assert together(items) == ["1.2", "–"]


def test_a_column_of_dashes_is_left_out_only_if_it_is_optional() -> None:
    columns, rows = tabulate([NAME, NOTHING, LENGTH], ["a", "bc"])
    assert columns == [NAME, LENGTH]
    assert rows == [("A", "1"), ("BC", "2")]
    dashes: TableColumn[str] = TableColumn("dashes", format_each(lambda _: "–"))
    assert tabulate([NAME, dashes], ["a"]) == ([NAME, dashes], [("A", "–")])


def test_a_table_without_a_row_has_its_columns() -> None:
    assert tabulate([NAME, LENGTH], []) == ([NAME, LENGTH], [])


def test_the_heading_tells_the_unit() -> None:
    assert [column.heading for column in (NAME, LENGTH)] == ["name", "length, ms"]


def test_lines_of_text_have_words_at_the_left_and_figures_at_the_right() -> None:
    assert align_table(*tabulate([NAME, LENGTH, OUTCOME], ["ab", "longer words"])) == [
        "name          length ms  outcome",
        "AB                    2  ✓ ab",
        "LONGER WORDS         12  ✓ longer words",
    ]


def test_markdown_has_words_at_the_left_and_figures_at_the_right() -> None:
    assert format_markdown(*tabulate([NAME, LENGTH, OUTCOME], ["ab"])) == (
        "| name | length ms | outcome |\n| :--- | ---: | :--- |\n| AB | 2 | ✓ ab |"
    )
