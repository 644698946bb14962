"""Reading YAML: any text is a document, or has problems with their lines."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from configuration.errors import Problems
from configuration.yaml_loader import MOST_VALUES, parse_plain_yaml, parse_yaml


@given(
    st.lists(st.sampled_from([*"ab:-[]{}&*!|>'\"#%@`?, \n\t0+.=", "!!int ", "!!bool ", "!!timestamp ", "<<"]))
)
def test_any_text_is_yaml_or_has_problems(content: list[str]) -> None:
    with suppress(Problems):
        parse_yaml("".join(content))


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("a: 1\nb: \x07", 2, "unacceptable character #x0007"),
        ("a: 1\nb: !!timestamp x", 2, "'x' is no timestamp"),
        ("a: 1\n!!int _: 2", 2, "'_' is no int"),
        (
            "a: 2024-13-45",
            1,
            "'2024-13-45' is no timestamp: there is no such date or time; if",
        ),
    ],
)
def test_what_yaml_can_not_read_is_reported_with_its_line(content: str, line: int, message: str) -> None:
    with pytest.raises(Problems) as found:
        parse_yaml(content)
    (problem,) = found.value.problems
    assert problem.line == line
    assert problem.message.startswith(f"this is no YAML: {message}")


@pytest.mark.parametrize("levels", [5, 9, 60])
def test_aliases_count_with_all_that_they_stand_for(levels: int) -> None:
    """Ten to the power of `levels` values; they are refused before any of them is made."""
    lines = ["- &a0 x", *(f"- &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels + 1))]
    with pytest.raises(Problems, match=r"more than 50,000 values, those that aliases repeat included"):
        parse_yaml("\n".join(lines))


@pytest.mark.extended
def test_a_long_list_is_refused_where_it_becomes_too_long() -> None:
    """What follows is not even read."""
    with pytest.raises(Problems) as found:
        parse_yaml("\n".join(["steps:", *["- 1"] * MOST_VALUES, "- ["]))
    (problem,) = found.value.problems
    assert problem.line == MOST_VALUES + 1, "the key before them is a value too"


def test_aliases_that_stand_for_little_are_read() -> None:
    node, problems = parse_yaml("a: &few [1, 2]\nb: *few\nc: {<<: {d: *few}}\n")
    assert node.value == {"a": [1, 2], "b": [1, 2], "c": {"d": [1, 2]}}
    assert not problems


@given(st.recursive(st.booleans(), lambda inner: st.lists(inner, max_size=4), max_leaves=30))
def test_as_many_values_are_read_as_permitted_and_not_one_more(document: Any) -> None:
    text, size = yaml.safe_dump(document), count_values(document)
    assert parse_plain_yaml(text, size) == document
    with pytest.raises(ValueError, match="more than"):
        parse_plain_yaml(text, size - 1)


def count_values(document: Any) -> int:
    return 1 + sum(map(count_values, document)) if isinstance(document, list) else 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("!!timestamp x", "'x' is no timestamp"),
        ("!!float ''", "'' is no float"),
        ("!!bool x", "'x' is no bool"),
        ("!!int x", "'x' is no int"),
    ],
)
def test_a_value_that_does_not_fit_its_tag_is_told(value: str, said: str) -> None:
    """In a document beside the scenario, too, such as an OpenAPI document."""
    with pytest.raises(ValueError, match=f"^{said}"):
        parse_plain_yaml(f"a: {value}", 10)
