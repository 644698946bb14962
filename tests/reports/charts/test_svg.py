"""What matplotlib writes becomes markup that takes its colours, its size and its font from the page."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.charts.labels import clean_label
from reports.charts.palette import ROLES, colour_for, to_css_colour
from reports.charts.svg import to_embedded_svg

HEAD = (
    '<?xml version="1.0" encoding="utf-8" standalone="no"?>\n'
    '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'
    '<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="40pt" height="30pt" viewBox="0 0 40 30" '
    'xmlns="http://www.w3.org/2000/svg" version="1.1">\n'
)


def embedded(body: str) -> str:
    """What is left of a drawing, without the `<svg>` element around it."""
    markup = to_embedded_svg(f"{HEAD}{body}</svg>\n", "plot wide")
    assert markup.startswith('<svg class="plot wide" viewBox="0 0 40 30" role="img"')
    return markup.partition(">")[2].removesuffix("</svg>")


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("<metadata><a/></metadata>", ""),
        ('<defs><style type="text/css">*{stroke: red}</style></defs>', ""),
        ('<defs>\n <clipPath id="c"><rect x="0"/></clipPath>\n</defs>', ""),
        ('<g id="axes_1">\n <g id="line2d_6"/>\n</g>', ""),
        ('<g id="axes_1">\n <path d="M 1 2" clip-path="url(#c)"/>\n</g>', '<path d="M 1 2" />'),
        ("<!-- p99 --><text>a</text>", "<text>a</text>"),
    ],
)
def test_what_the_page_does_not_need_is_left_out(written: str, left: str) -> None:
    assert embedded(written) == left


def test_only_ids_that_something_refers_to_are_kept() -> None:
    written = '<defs><path id="m1" d="M 0 0"/></defs><g id="g1"><use id="u1" xlink:href="#m1" x="1"/></g>'
    assert embedded(written) == '<defs><path id="m1" d="M 0 0" /></defs><use href="#m1" x="1" />'


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ('<path d="M 1.23456 2.5 L -0.999 7"/>', '<path d="M 1.23 2.5 L -0.99 7" />'),
        ('<text x="1.23456" transform="rotate(-0 1.2 3.4)">1.23456</text>', '<text x="1.23">1.23456</text>'),
        ('<text transform="rotate(0 1.2 3.4)">a</text>', "<text>a</text>"),
        ('<text transform="rotate(-90 1.2 3.4)">a</text>', '<text transform="rotate(-90 1.2 3.4)">a</text>'),
        (
            '<image xlink:href="data:image/png;base64,A.12345"/>',
            '<image href="data:image/png;base64,A.12345" />',
        ),
    ],
)
def test_numbers_that_are_drawn_have_two_decimals_at_most(written: str, left: str) -> None:
    assert embedded(written) == left


@pytest.mark.parametrize(
    ("style", "left"),
    [
        (
            "fill: none; stroke: {ink}; stroke-width: 0.80001",
            "fill: none; stroke: var(--ink); stroke-width: 0.80",
        ),
        (
            "font-size: 13px; font-family: 'DejaVu Sans', sans-serif; fill: {muted}",
            "font-size: 13px; fill: var(--muted)",
        ),
        (
            "image-rendering:crisp-edges;image-rendering:pixelated",
            "image-rendering: crisp-edges; image-rendering: pixelated",
        ),
        ("fill: #abcdef;", "fill: #abcdef"),
    ],
)
def test_a_style_takes_its_font_and_its_colours_from_the_page(style: str, left: str) -> None:
    written = style.format(ink=colour_for("ink"), muted=colour_for("muted"))
    assert embedded(f'<path style="{written}"/>') == f'<path style="{left}" />'


def test_text_that_looks_like_a_mark_or_like_markup_stays_text() -> None:
    written = f"<text>{colour_for('ink')} &lt;b&gt; &amp; 1.23456</text>"
    assert embedded(written) == written


def test_each_role_has_a_mark_of_its_own() -> None:
    assert len({colour_for(role) for role in ROLES}) == len(ROLES)
    assert [to_css_colour(colour_for(role)) for role in ROLES] == [f"var(--{role})" for role in ROLES]
    assert to_css_colour("none") == "none"


@given(st.text(max_size=60))
def test_any_name_from_outside_can_stand_in_a_picture(name: str) -> None:
    """XML has no place for control characters, nor for half of a surrogate pair."""
    (text,) = ElementTree.fromstring(f"<svg>{embedded(f'<text>{escape(clean_label(name))}</text>')}</svg>")
    assert (text.text or "") == clean_label(name)
