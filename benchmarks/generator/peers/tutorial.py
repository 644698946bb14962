"""The script of most tutorials: an HttpUser that creates a Faker in every task."""

from faker import Faker
from locust import HttpUser, constant, task


class Customer(HttpUser):
    """Asks for one prediction after the other, each for a new person."""

    wait_time = constant(0)

    @task
    def predict(self) -> None:
        """One prediction."""
        fake = Faker()
        self.client.post(
            "/api/models/insurance_charges_model/prediction",
            json={
                "age": fake.random_int(18, 65),
                "sex": fake.random_element(["male", "female"]),
                "bmi": round(fake.random.uniform(15.0, 50.0), 1),
                "children": fake.random_int(0, 5),
                "smoker": fake.boolean(),
                "region": fake.random_element(["southwest", "southeast", "northwest", "northeast"]),
            },
        )
