"""`python -m service.training`: trains the insurance-charges model and writes its file."""

import sys

from service.model.training import main

if __name__ == "__main__":
    sys.exit(main())
