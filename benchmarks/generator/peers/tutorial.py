"""The script most tutorials show: an HttpUser that builds its Faker anew in every task."""

from faker import Faker
from locust import HttpUser, constant, task


class Customer(HttpUser):
    """Asks for one prediction after the other, for a new person each time."""

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
