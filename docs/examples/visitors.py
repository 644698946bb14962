"""Your own Locust user class: with this import its requests are recorded and judged."""

from locust import HttpUser, constant_pacing, task

from loadtests import enforcement

__all__ = ["Visitor", "enforcement"]


class Visitor(HttpUser):
    """Requests the service's documentation once a second."""

    wait_time = constant_pacing(1)

    @task
    def look(self) -> None:
        """Send one request; its name is the endpoint's name in the report."""
        self.client.get("/openapi.json", name="documentation")
