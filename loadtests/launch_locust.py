"""`python -m loadtests.launch_locust`: Locust, with all of the suite's modules imported before it begins.

Locust puts the current folder and that of the locustfile first on the path. What is imported by then can't be
mistaken for a file of somebody's own that bears the same name.
"""

import sys

from locust.main import main

from loadtests import locustfile

__all__ = ["locustfile", "main"]

if __name__ == "__main__":
    sys.exit(main())
