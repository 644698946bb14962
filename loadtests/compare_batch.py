"""`python -m loadtests.compare_batch`: run the same load with single requests, micro-batches and batches."""

import sys

from loadtests.comparing.command import main

if __name__ == "__main__":
    sys.exit(main())
