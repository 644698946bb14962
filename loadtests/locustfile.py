"""What `locust -f loadtests/locustfile.py` loads: the users, and the enforcement of objectives.

To extend it, import its names into a locustfile of your own and add user classes there: requests of any
Locust client are recorded and judged with the rest.
"""

from loadtests import enforcement
from loadtests.traffic.users import EagerUser, HighUser, NormalUser, PacedUser, StressUser

__all__ = ["EagerUser", "HighUser", "NormalUser", "PacedUser", "StressUser", "enforcement"]
