"""Locust's faster client with the bodies that this suite sends, encoded before the run."""

from itertools import cycle
from pathlib import Path

from locust import FastHttpUser, constant, task

FILE = Path(__file__).parents[2] / "crosscheck" / "single.jsonl"
HEADERS = {"Content-Type": "application/json"}

bodies = cycle(FILE.read_bytes().splitlines())


class Customer(FastHttpUser):
    """Asks for one prediction after the other; builds nothing, and checks the status only."""

    wait_time = constant(0)

    @task
    def predict(self) -> None:
        """One prediction."""
        self.client.post("/api/models/insurance_charges_model/prediction", data=next(bodies), headers=HEADERS)
