"""The option that says where traces are seen, so that the report leads from a slow request to its trace."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, Final

from reports.data.traces import PLACEHOLDER, check_template

VARIABLE: Final = "LOADTEST_TRACE_LINK"


def add_trace_link(add: Callable[..., Any], **more: Any) -> None:
    """Add `--trace-link` by an argument parser's `add_argument`, with `more` that this parser takes."""
    add(
        "--trace-link",
        metavar="URL",
        type=_template,
        default="",
        help=f"where a trace is seen, with {PLACEHOLDER} in it; the report's slowest requests lead there",
        **more,
    )


def _template(text: str) -> str:
    try:
        return check_template(text) if text else ""
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
