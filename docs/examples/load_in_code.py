"""A load test from Python: with the host and the folder for runs as arguments."""

import sys

from loadtests.api import LoadTestError, run_scenario

SCENARIO = {
    "description": "Five users who ask a scoring service for three seconds.",
    "load": {"users": [{"constant": 5, "for": "3s"}]},
    "traffic": {
        "user": "high",
        "endpoints": [
            {
                "name": "score",
                "path": "/v1/score",
                "payload": {"fields": {"age": {"uniform": [18, 90], "whole": True}}},
                "reply": {"finite": "score"},
            }
        ],
    },
    "objectives": ["p95 latency <= 2 s", "error rate <= 1 %"],
}

try:
    result = run_scenario(SCENARIO, sys.argv[1], out=sys.argv[2], name="scoring")
except LoadTestError as error:
    sys.exit(f"nothing was run: {error}")

print(result.describe())
print(f"{result.figures.requests} requests, p99 {result.figures.p99_ms} ms")
for judged in result.objectives:
    print(judged.outcome, judged.text, judged.observed)
sys.exit(result.exit_code)
