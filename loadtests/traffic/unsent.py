"""What is recorded of a request that was not sent, and how Locust is told of a failure."""

from __future__ import annotations

from loadtests.payloads.request import Request
from loadtests.recording.row import NAN, OUTCOME_CODES, SampleRow
from reports.data.failed_requests import FailedRequest
from reports.data.samples import KINDS


class RequestFailedError(Exception):
    """What Locust's error table shows: an outcome and a status, nothing of unbounded variety."""


def describe_failure(outcome: str, status: int) -> RequestFailedError:
    """The failure as Locust lists it."""
    return RequestFailedError(f"{outcome} (HTTP {status})" if status else outcome)


def make_unsent_row(request: Request, outcome: str, at_s: float) -> SampleRow:
    """The sample of a request that was due `at_s` after the run's start."""
    rows, kind = request.rows or 1, request.kind
    return SampleRow(at_s, NAN, NAN, NAN, request.endpoint, OUTCOME_CODES[outcome], kind, 0, rows, 0, 0)


def describe_unmade(request: Request, outcome: str, why: str, at_s: float) -> FailedRequest:
    """What is kept of a step of a journey that could not be made."""
    return FailedRequest(
        request.name, KINDS[request.kind], outcome, 0, request.method, "", at_s=at_s, explanation=why
    )
