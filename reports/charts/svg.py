"""Turns matplotlib's SVG into markup that takes its size, font and colours from the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from reports.charts.palette import to_css_colour

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_DROPPED = {f"{_SVG}metadata", f"{_SVG}style", f"{_SVG}clipPath"}
"""These draw nothing. Clip paths are not needed, because no plot draws outside its axes."""
_GROUPS = ("g", "defs")
_NO_ROTATION = ("rotate(0 ", "rotate(-0 ")
_DIGITS = re.compile(r"(\.\d\d)\d+")
"""Decimals after the second one: less than a hundredth of a pixel."""


def to_embedded_svg(written: str, css_class: str) -> str:
    """The `<svg>` element without size, style sheet, fonts, clip paths and unused ids.

    `written` is a complete SVG document as matplotlib writes it.
    """
    root = ElementTree.fromstring(written)  # noqa: S314 - our own drawing, every name in it escaped
    targets = {element.get(_HREF, "").removeprefix("#") for element in root.iter()}
    embedded = Element("svg", {"class": css_class, "viewBox": root.get("viewBox", ""), "role": "img"})
    embedded.extend(kept for child in root for kept in _simplify(child, targets))
    return ElementTree.tostring(embedded, encoding="unicode")


def _simplify(element: Element, targets: set[str]) -> Iterator[Element]:
    """The element, or the children alone of a group without attributes; nothing if it draws nothing."""
    if element.tag in _DROPPED:
        return
    children = [kept for child in element for kept in _simplify(child, targets)]
    simplified = Element(element.tag.removeprefix(_SVG), dict(_attributes(element, targets)))
    simplified.text = element.text if simplified.tag == "text" else None
    if simplified.tag == "g" and not simplified.attrib:
        yield from children
    elif children or simplified.tag not in _GROUPS:
        simplified.extend(children)
        yield simplified


def _attributes(element: Element, targets: set[str]) -> Iterator[tuple[str, str]]:
    for name, value in element.items():
        if name == _HREF:
            yield "href", value
        elif name == "style":
            yield "style", _page_style(value)
        elif name == "id":
            if value in targets:
                yield "id", value
        elif name != "clip-path" and not (name == "transform" and value.startswith(_NO_ROTATION)):
            yield name, _shorten(value)


def _page_style(style: str) -> str:
    """The declarations without the font, with the page's variables as colours."""
    declarations = (declaration.partition(":") for declaration in style.split(";"))
    told = ((name.strip(), value.strip()) for name, _, value in declarations)
    return "; ".join(
        f"{name}: {_shorten(to_css_colour(value))}" for name, value in told if name and name != "font-family"
    )


def _shorten(numbers: str) -> str:
    return _DIGITS.sub(r"\1", numbers)
