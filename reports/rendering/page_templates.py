"""Loads the templates and the style sheet that all pages share."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from reports.charts.palette import declare_variables

_TEMPLATES: Final = Path(__file__).parent / "templates"


@cache
def load_templates() -> Environment:
    """The templates of the pages; what they are filled with is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=False
    )
    environment.filters["named"] = _name_picture
    environment.filters["together"] = _keep_units_together
    return environment


def fill_style_sheet() -> Markup:
    """The style sheet, with the colours of both schemes."""
    text = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    for scheme in ("light", "dark"):
        text = text.replace(f"{{{{ {scheme} }}}}", declare_variables(scheme))
    return Markup(text)  # noqa: S704 - our own file


def _name_picture(svg: str, title: str, described_by: str) -> Markup:
    """The picture with its accessible name and the id of the element that describes it."""
    attributes = f'role="img" aria-label="{escape(title)}" aria-describedby="{escape(described_by)}"'
    return Markup(svg.replace('role="img"', attributes, 1))  # noqa: S704 - drawn by us, its text escaped


def _keep_units_together(text: str) -> str:
    """The text without line breaks between a figure and its unit: 42 ms, 3 min 32 s."""
    unit = r"(?<=\d) (?=(?:ms|s|min|h|rows/s|requests/s)\b|%)|(?<=\d min) (?=\d)|(?<=\d h) (?=\d)"
    return re.sub(unit, "\N{NO-BREAK SPACE}", text)
