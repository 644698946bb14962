"""`python -m loadtests.compare_batch`: the same load single, micro-batched and in batches, side by side."""

import sys

from loadtests.comparing.command import main

if __name__ == "__main__":
    sys.exit(main())
