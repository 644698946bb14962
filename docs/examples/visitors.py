"""A Locust user of one's own, recorded and judged with the rest, if it is named: `locust -f ... Visitor`."""

from locust import HttpUser, constant_pacing, task

from loadtests.locustfile import enforcement

__all__ = ["Visitor", "enforcement"]


class Visitor(HttpUser):
    """Looks at the service's documentation once a second."""

    wait_time = constant_pacing(1)

    @task
    def look(self) -> None:
        """One request; its name is the endpoint's name in the report."""
        self.client.get("/openapi.json", name="documentation")
