"""The model service under test: no other package imports it, it is used over HTTP only."""

import sys
from importlib.util import find_spec

if missing := [
    name for name in ("fastapi", "pandas", "skops", "sklearn", "uvicorn") if find_spec(name) is None
]:
    sys.stderr.write(f"the service needs {', '.join(missing)}: pip install 'model-load-tests[service]'\n")
    sys.exit(2)
