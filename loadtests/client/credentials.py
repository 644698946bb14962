"""Keeps the credential that requests carry: asked for at the start, and again before it expires."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Final

import gevent
from gevent import subprocess

from configuration.credentials import Credentials
from loadtests.client.target import HEADERS_VARIABLE

logger = logging.getLogger(__name__)

COMMAND_TIMEOUT_S: Final = 30.0
RETRY_S: Final = 10.0
"""How soon a source that failed is asked again, unless it is asked more often anyway."""
UNAUTHORISED: Final = 401


class CredentialError(ValueError):
    """No credential could be had; the message says why, and holds nothing of it."""


class Credential:
    """One secret as a line of a request's head, and which endpoints have accepted it."""

    def __init__(self, line: bytes) -> None:
        self._line = line
        self._accepted_by: set[int] = set()

    def insert_into(self, encoded: bytes) -> bytes:
        """An encoded request with the line after its request line."""
        end = encoded.index(b"\n") + 1
        return b"%b%b%b" % (encoded[:end], self._line, encoded[end:])

    def equals(self, line: bytes) -> bool:
        """Whether it is the same secret."""
        return self._line == line

    def reclassify(self, outcome: str, status: int, endpoint: int) -> str:
        """The outcome of a request with this credential.

        `expired_credential` for a failing 401 of an endpoint that accepted the credential before.
        """
        if 200 <= status < 300:
            self._accepted_by.add(endpoint)
        elif status == UNAUTHORISED and outcome == "http_4xx" and endpoint in self._accepted_by:
            return "expired_credential"
        return outcome


class CredentialKeeper:
    """Holds the credential of one process; CredentialError if there is none to begin with."""

    def __init__(self, source: Credentials, environment: Mapping[str, str] = os.environ) -> None:
        self._source = source
        self._environment = environment
        self.credential = Credential(self._ask())
        """The one to send now."""
        self._renewing: gevent.Greenlet | None = None

    def start(self) -> None:
        """Renew the credential from now on, as often as the scenario says."""
        if self._source.renew_s is not None and self._renewing is None:
            self._renewing = gevent.spawn(self._renew, self._source.renew_s)

    def stop(self) -> None:
        """Renew it no more; a command under way is killed."""
        if self._renewing is not None:
            self._renewing.kill()
            self._renewing = None

    def _renew(self, period_s: float) -> None:
        pause_s, told = period_s, ""
        while True:
            gevent.sleep(pause_s)
            try:
                line = self._ask()
            except CredentialError as error:
                pause_s = min(RETRY_S, period_s)
                if str(error) != told:
                    told = str(error)
                    logger.warning("%s; the last one stays in use, and the source is asked again", told)
                continue
            pause_s, told = period_s, ""
            if not self.credential.equals(line):
                self.credential = Credential(line)

    def _ask(self) -> bytes:
        source = self._source
        if source.environment is not None:
            where = f"the environment variable {source.environment}"
            secret = self._environment.get(source.environment)
            if secret is None:
                raise _describe(where, "is not set")
        elif source.file is not None:
            where = f"the file {source.file}"
            secret = self._read_file()
        else:
            where = f"the command {source.command[0]}"
            secret = self._run_command()
        secret = secret.strip()
        if not secret:
            raise _describe(where, "gave nothing")
        if not (secret.isascii() and secret.isprintable()):
            raise _describe(where, "gave what a header can't hold: a line of visible ASCII characters")
        return f"{source.header.replace('{}', secret)}\r\n".encode()

    def _read_file(self) -> str:
        """The text of the file, read in a thread: a volume may be slow."""
        file = self._source.file
        assert file is not None
        try:
            found: bytes = gevent.get_hub().threadpool.apply(file.read_bytes)
            return found.decode()
        except OSError as error:
            raise _describe(f"the file {file}", f"can't be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise _describe(f"the file {file}", "holds no text") from None

    def _run_command(self) -> str:
        """What the command prints.

        The greenlet waits for it while requests go on; starting a process holds the event loop up for 5 ms.
        What it says otherwise is not shown, because it may hold the secret.
        """
        command = self._source.command
        where = f"the command {command[0]}"
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_TIMEOUT_S
            )
        except subprocess.TimeoutExpired:
            raise _describe(where, f"did not end within {COMMAND_TIMEOUT_S:.0f} s") from None
        except OSError as error:
            raise _describe(where, f"can't be started: {error.strerror}") from None
        if done.returncode:
            reason = (
                f"ended with exit code {done.returncode}; what it printed is not shown, so run it by hand"
            )
            raise _describe(where, reason)
        try:
            return str(done.stdout, "utf-8")
        except UnicodeDecodeError:
            raise _describe(where, "printed no text") from None


def check_credentials(source: Credentials | None, headers: Mapping[str, str]) -> None:
    """Ask for the credential of a scenario before anything is sent; CredentialError if there is none.

    `headers` are those that every request carries besides.
    """
    if source is None:
        return
    if source.header_name.lower() in map(str.lower, headers):
        raise CredentialError(
            f"traffic credentials: the header {source.header_name} is also in {HEADERS_VARIABLE}; "
            "remove one of the two"
        )
    CredentialKeeper(source)


def _describe(where: str, what: str) -> CredentialError:
    return CredentialError(f"traffic credentials: {where} {what}")
