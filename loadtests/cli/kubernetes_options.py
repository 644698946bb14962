"""The option that names a Deployment to observe: the same for `python -m loadtests` and plain `locust`."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable

from loadtests.monitoring.kubectl import Workload


def add_kubernetes_option(add: Callable[..., object]) -> None:
    """Add the option by `add`, a parser's method or one like it."""
    add(
        "--kubernetes",
        type=_workload,
        metavar="NAMESPACE/DEPLOYMENT",
        help="observe its replicas and what its pods use, where kubectl reaches its cluster",
    )


def kubernetes_words(options: Namespace) -> list[str]:
    """The option as Locust is told it."""
    return ["--kubernetes", options.kubernetes] if options.kubernetes else []


def _workload(text: str) -> str:
    try:
        return str(Workload.parse(text))
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
