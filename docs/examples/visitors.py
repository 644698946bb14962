"""Your own Locust user class, recorded and judged if you name it: `locust -f ... Visitor`."""

from locust import HttpUser, constant_pacing, task

from loadtests.locustfile import enforcement

__all__ = ["Visitor", "enforcement"]


class Visitor(HttpUser):
    """Requests the service's documentation once a second."""

    wait_time = constant_pacing(1)

    @task
    def look(self) -> None:
        """Send one request; its name is the endpoint's name in the report."""
        self.client.get("/openapi.json", name="documentation")
