"""Reading YAML: any text is a document, or has problems with their lines."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configuration.errors import Problems
from configuration.yaml_loader import parse_yaml


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
