"""What parity costs the load generator: `python -m benchmarks.parity`.

The same eager load against the null service without parity, with 5 % of the requests as probes, and with
nothing but probes, in alternation, so that slow periods of the machine hit all. Printed is how many requests
each sends per second of processor time, and the median ratio to the load without parity.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.generator.load_tools import EAGER, PATH, LoadTool
from benchmarks.generator.measuring import measure_tool, start_null_service
from benchmarks.generator.processes import PROJECT

WITHOUT: Final = "without parity"
SHARES: Final = ("5 %", "100 %")
TOOL_CORE, SERVICE_CORE = 0, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parity", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="how often each is measured")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S", help="for how long each time")
    parser.add_argument("--programs", type=Path, default=PROJECT / ".venv-bench/bin", help="where granian is")
    options = parser.parse_args(arguments)
    measured: dict[str, list[float]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        start_null_service(options.programs, SERVICE_CORE) as service,
    ):
        tools = [
            _make_tool(WITHOUT, EAGER),
            *(_make_tool(share, _write(Path(folder), share)) for share in SHARES),
        ]
        for _ in range(options.rounds):
            for tool in tools:
                window = measure_tool(tool, service, TOOL_CORE, options.seconds / 2, options.seconds)
                measured.setdefault(tool.name, []).append(window.per_cpu_second)
    for name, rates in measured.items():
        ratio = median(one / other for one, other in zip(rates, measured[WITHOUT], strict=True))
        print(f"{name:>16}  {median(rates):9,.0f} requests per processor second  {ratio:7.1%}")
    return 0


def _make_tool(name: str, scenario: Path) -> LoadTool:
    def command(host: str, folder: Path) -> list[str]:
        module = [sys.executable, "-m", "loadtests"]
        return [*module, "--scenario", str(scenario), "--host", host, "--out", str(folder / "runs")]

    return LoadTool(name, "", command)


def _write(folder: Path, share: str) -> Path:
    """The eager scenario with parity, in a file of its own."""
    path = folder / f"parity{share.partition(' ')[0]}.yaml"
    endpoint = f"{{name: prediction, path: {PATH}, parity: {{share: {share}}}}}"
    text = EAGER.read_text(encoding="utf-8")
    path.write_text(
        text.replace("  user: eager\n", f"  user: eager\n  endpoints: [{endpoint}]\n"), encoding="utf-8"
    )
    return path


if __name__ == "__main__":
    sys.exit(main())
