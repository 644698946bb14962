"""Credentials: a header that every request carries, whose secret is not in the scenario.

    traffic:
      headers: {X-Tenant: blue}               # for all endpoints; one of an endpoint's own replaces it
      credentials:
        header: "Authorization: Bearer {}"    # the default; {} is where the secret goes
        environment: API_TOKEN                # or  file: token.txt
                                              # or  command: [gcloud, auth, print-access-token]
        renew: 30m                            # ask file or command again so often; default: never

Each generator process asks for itself, where it runs; a command answers with what it prints. The secret is
put into a request when it is sent. It is neither recorded nor shown, but header and command are kept with the
run. Readiness and metrics are asked for without it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from configuration.document import Node
from configuration.endpoint import FRAMING_HEADERS
from configuration.readers import read_duration, read_text
from configuration.units import write_duration

_HEADER: Final = re.compile(r"([\w!#$%&'*+.^`|~-]+):[ \t]*([ -~]*)", re.ASCII)
_VARIABLE: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
SOURCES: Final = ("environment", "file", "command")


@dataclass(frozen=True)
class Credentials:
    """A header with a secret, and where the secret comes from: one of `SOURCES`."""

    header: str = "Authorization: Bearer {}"
    """With `{}` where the secret goes."""
    environment: str | None = None
    """The name of a variable."""
    file: Path | None = None
    command: tuple[str, ...] = ()
    """A program and its arguments; it is started without a shell."""
    renew_s: float | None = None
    """After how long file or command are asked again; None for never."""

    @property
    def header_name(self) -> str:
        """The name of the header."""
        return self.header.partition(":")[0]

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as these credentials."""
        values: dict[str, Any] = {"header": self.header}
        if self.environment is not None:
            values["environment"] = self.environment
        if self.file is not None:
            values["file"] = str(self.file)
        if self.command:
            values["command"] = list(self.command)
        if self.renew_s is not None:
            values["renew"] = write_duration(self.renew_s)
        return values


def read_credentials(node: Node, folder: Path) -> Credentials:
    """The credentials; a file is looked for in `folder` when it is asked, so it need not be there yet."""
    expected = f"a mapping with header and one of {', '.join(SOURCES)}"
    with node.read_mapping(expected) as keys:
        header = keys.read_or("header", _read_header, Credentials.header)
        environment = keys.read_or("environment", _read_variable, None)
        file = keys.read_or("file", partial(_read_path, folder=folder), None)
        command = keys.read_or("command", _read_command, ())
        if "environment" in keys:
            keys.refuse("renew", "an environment variable does not change; use file or command")
        renew_s = keys.read_or("renew", read_duration, None)
    if sum(key in node.value for key in SOURCES) != 1:
        raise node.report_problem(f"the secret comes from one source; give one of {', '.join(SOURCES)}")
    return Credentials(header, environment, file, command, renew_s)


def _read_header(node: Node) -> str:
    """A header with its placeholder; messages don't repeat it, because it may hold a secret by mistake."""
    found = _HEADER.fullmatch(node.value) if isinstance(node.value, str) else None
    if found is None or found[2].count("{}") != 1:
        raise node.report_problem(
            "expected a header with one {} where the secret goes, such as 'Authorization: Bearer {}' "
            "(what stands there is not repeated, as it may be secret)"
        )
    if found[1].lower() in FRAMING_HEADERS:
        raise node.report_problem(f"{found[1]} can't be given: it follows from each request")
    return f"{found[1]}: {found[2].strip()}"


def _read_variable(node: Node) -> str:
    """The name of a variable; a text that is none may be the secret itself, and is not repeated."""
    if not isinstance(node.value, str) or not _VARIABLE.fullmatch(node.value):
        raise node.report_problem(
            "expected the name of an environment variable, such as API_TOKEN (what stands there is not "
            "repeated, as it may be secret)"
        )
    return node.value


def _read_path(node: Node, folder: Path) -> Path:
    return (folder / Path(read_text(node)).expanduser()).resolve()


def _read_command(node: Node) -> tuple[str, ...]:
    expected = "a list of texts, the program and its arguments, such as [gcloud, auth, print-access-token]"
    if not isinstance(node.value, list):
        raise node.report_mismatch(expected)

    def read(each: Node) -> str:
        if not isinstance(each.value, str) or "\0" in each.value:
            raise each.report_mismatch("a text")
        return each.value

    command = tuple(node.read_items(read, expected))
    if not command[0]:
        raise node.report_mismatch(expected)
    return command
