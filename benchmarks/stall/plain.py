"""Plain Locust at a hundred requests a second: ten users, each asking ten times a second."""

import random
import time

from locust import FastHttpUser, constant_throughput, task


class Customer(FastHttpUser):
    """Asks for a prediction every tenth of a second, if replies take less than that."""

    wait_time = constant_throughput(10)

    def on_start(self) -> None:
        """Spread the users over their interval."""
        time.sleep(random.random() / 10)

    @task
    def predict(self) -> None:
        """One prediction."""
        self.client.post(
            "/api/models/insurance_charges_model/prediction",
            json={
                "age": 42,
                "sex": "female",
                "bmi": 24.0,
                "children": 2,
                "smoker": False,
                "region": "northwest",
            },
        )
