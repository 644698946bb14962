"""`python -m service.profiling`: times the model in process, before any load test."""

import sys

from service.model.profiling import main

if __name__ == "__main__":
    sys.exit(main())
