"""Finds plug-ins: entry points of installed distributions, each loaded when its name is used.

docs/plugins.md says what the object behind each entry point has to do.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Literal

PluginKind = Literal["payloads", "metrics", "monitors", "exporters"]
PREFIX: Final = "model_load_tests."
"""Before the kind in the name of a group of entry points."""


class PluginError(Exception):
    """A plug-in is not there, or broken; the message names it and its distribution."""


def list_plugins(kind: PluginKind) -> list[str]:
    """The names of the plug-ins of a kind, sorted; none is loaded."""
    return sorted({point.name for point in entry_points(group=f"{PREFIX}{kind}")})


def load_plugin(kind: PluginKind, name: str) -> Any:
    """The object behind an entry point; PluginError if there is none, or two, or if it can't be loaded."""
    found = tuple({point.dist and point.dist.name: point for point in _find(kind, name)}.values())
    if not found:
        there = ", ".join(list_plugins(kind)) or "none"
        raise PluginError(
            f"there is no plug-in {name!r} among the {kind}; installed are: {there}. A distribution offers "
            f"one by an entry point of the group {PREFIX}{kind}"
        )
    if len(found) > 1:
        both = " and ".join(sorted(_name_distribution(point) for point in found))
        raise PluginError(f"the plug-in {name!r} ({kind}) comes from both {both}; uninstall one of them")
    try:
        return found[0].load()
    except Exception as error:
        raise PluginError(
            f"{describe_plugin(kind, name)} can't be loaded: {describe_error(error)}"
        ) from error


def describe_plugin(kind: PluginKind, name: str) -> str:
    """The plug-in with its distribution, for messages: `the plug-in 'gpu' (monitors) of acme-tools 1.0`."""
    of = "".join(f" of {_name_distribution(point)}" for point in _find(kind, name)[:1])
    return f"the plug-in {name!r} ({kind}){of}"


def describe_error(error: Exception) -> str:
    """An exception of somebody else's code in one line."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _find(kind: PluginKind, name: str) -> list[EntryPoint]:
    return list(entry_points(group=f"{PREFIX}{kind}", name=name))


def _name_distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "an unknown distribution"
