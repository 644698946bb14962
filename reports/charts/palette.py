"""The colours of the page: a role has one colour on light and one on dark pages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Colour:
    """A colour on light and on dark pages, as #rrggbb."""

    light: str
    dark: str


ROLES: dict[str, Colour] = {
    "page": Colour("#ffffff", "#14181d"),
    "raised": Colour("#f6f8fa", "#1c2229"),
    "ink": Colour("#1b1f24", "#eef1f4"),
    "muted": Colour("#57606a", "#a3adb8"),
    "rule": Colour("#d4dae0", "#37414b"),
    "band": Colour("#f1f3f6", "#1d232a"),
    "hatch": Colour("#b9c1c9", "#4d5965"),
    "p50": Colour("#3b93cc", "#2b86c2"),
    "p50-text": Colour("#23719f", "#62b1e6"),
    "p95": Colour("#0072b2", "#56b4e9"),
    "p95-text": Colour("#0072b2", "#56b4e9"),
    "p99": Colour("#1b1f24", "#eef1f4"),
    "p99-text": Colour("#1b1f24", "#eef1f4"),
    "service": Colour("#cc79a7", "#cc79a7"),
    "service-text": Colour("#a04d78", "#dd93bb"),
    "load": Colour("#b87700", "#e69f00"),
    "load-text": Colour("#875700", "#e69f00"),
    "users": Colour("#8b95a0", "#76818d"),
    "met": Colour("#009e73", "#009e73"),
    "met-text": Colour("#00704f", "#2bc398"),
    "missed": Colour("#d55e00", "#d55e00"),
    "missed-text": Colour("#a84800", "#f28c42"),
    "queue": Colour("#7d3c69", "#9a5f88"),
    "queue-text": Colour("#7d3c69", "#cf9abf"),
    "inference": Colour("#cc79a7", "#dd9cc1"),
    "inference-text": Colour("#a04d78", "#dd9cc1"),
    "rest": Colour("#8b95a0", "#76818d"),
    "warning": Colour("#f0e442", "#f0e442"),
}
"""The hues are those of Okabe and Ito, "Color Universal Design" (2008).

They are made darker or lighter where the contrast to the page would be below 3:1 for a line or below 4.5:1
for a label (`-text`); see WCAG 2.2, 1.4.11 and 1.4.3.
"""

_PLACEHOLDERS = {role: f"#fe01{place:02x}" for place, role in enumerate(ROLES)}
_VARIABLES = {placeholder: f"var(--{role})" for role, placeholder in _PLACEHOLDERS.items()}


def colour_for(role: str) -> str:
    """The placeholder of a role: a colour that matplotlib accepts and `to_css_colour` replaces."""
    return _PLACEHOLDERS[role]


def to_css_colour(value: str) -> str:
    """`var(--role)` for the placeholder of a role; any other value unchanged."""
    return _VARIABLES.get(value, value)


def declare_variables(scheme: str) -> str:
    """The CSS declarations of all roles in the scheme 'light' or 'dark'."""
    return " ".join(f"--{name}: {getattr(colour, scheme)};" for name, colour in ROLES.items())
