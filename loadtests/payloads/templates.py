"""Fills `{name}` in texts and in JSON values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from configuration.json_path import find_value, parse_json_path
from loadtests.client.redaction import SECRETS

PLACEHOLDER: Final = re.compile(r"(?<!\$)\{([A-Za-z_][\w.\[\]-]*)\}")
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_]\w*)\}")


class MissingVariableError(ValueError):
    """An environment variable is needed, and not set."""


class MissingValueError(ValueError):
    """A template names a value that there is none of."""

    def __init__(self, name: str, known: Mapping[str, Any]) -> None:
        there = ", ".join(sorted(known)) or "none"
        super().__init__(f"there is no value for {{{name}}}; there are: {there}")
        self.name = name


def list_names(template: Any) -> list[str]:
    """The names in a text, or in the texts of a JSON value, each once."""
    return list(dict.fromkeys(_iterate_names(template)))


def _iterate_names(template: Any) -> Iterator[str]:
    if isinstance(template, str):
        yield from PLACEHOLDER.findall(template)
    elif isinstance(template, Mapping):
        for name, value in template.items():
            yield from _iterate_names(name)
            yield from _iterate_names(value)
    elif isinstance(template, list):
        for value in template:
            yield from _iterate_names(value)


def fill_template(template: Any, values: Mapping[str, Any]) -> Any:
    """The JSON value with each placeholder filled in; MissingValueError for one that has no value.

    A text that is one placeholder and nothing else becomes the value itself, with its type.
    """
    if isinstance(template, str):
        whole = PLACEHOLDER.fullmatch(template)
        return _get(values, whole[1]) if whole else fill_text(template, values)
    if isinstance(template, Mapping):
        return {
            fill_text(str(name), values): fill_template(value, values) for name, value in template.items()
        }
    if isinstance(template, list):
        return [fill_template(value, values) for value in template]
    return template


def fill_text(template: str, values: Mapping[str, Any], write: Callable[[Any], str] | None = None) -> str:
    """The text with each placeholder replaced by what `write` makes of its value."""
    form = write or write_value
    return PLACEHOLDER.sub(lambda found: form(_get(values, found[1])), template)


def fill_path(template: str, values: Mapping[str, Any]) -> str:
    """A path with its query; values are percent-encoded (RFC 3986, 2.1)."""
    return fill_text(template, values, lambda value: quote(write_value(value), safe=""))


def list_variables(text: str) -> list[str]:
    """The environment variables that a text names as `${NAME}`."""
    return _VARIABLE.findall(text)


def fill_environment(text: str, environment: Mapping[str, str], where: str) -> str:
    """The text with each `${NAME}` replaced by that variable; ValueError if it is not set."""

    def get(found: re.Match[str]) -> str:
        value = environment.get(found[1])
        if not value:
            raise MissingVariableError(
                f"{where} needs the environment variable {found[1]}, which is not set, or empty"
            )
        if not value.isascii() or not value.isprintable():
            raise ValueError(f"{where}: the environment variable {found[1]} holds what a header can't")
        SECRETS.add(value)
        return value

    return _VARIABLE.sub(get, text)


def write_value(value: Any) -> str:
    """A value as a text: true and false as in JSON, nothing for null."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _get(values: Mapping[str, Any], name: str) -> Any:
    try:
        return values[name] if name in values else find_value(values, parse_json_path(name))
    except (LookupError, ValueError):
        raise MissingValueError(name, values) from None
