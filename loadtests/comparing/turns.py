"""`model-loadtest ab`: run two versions of a service in turns on one machine, then compare them."""

from __future__ import annotations

import argparse
import os
import random
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from configuration.errors import ConfigurationError
from configuration.loading import load_scenario
from loadtests.cli.child_process import ChildProcess
from loadtests.cli.child_run import NothingRunError, run_load_test
from loadtests.cli.command import MODULE_PROGRAM
from loadtests.cli.exit_codes import INVALID, USAGE
from loadtests.cli.own_service import ServiceError
from loadtests.cli.values import make_count_parser
from loadtests.comparing.versions import PORT, ServiceVersion
from loadtests.recording.parent import end_with_parent
from loadtests.recording.settings import NO_PAGE
from reports.comparison.command import (
    add_judging_arguments,
    read_comparison_settings,
    show_comparison,
    write_comparison,
)
from reports.comparison.verdict import FEWEST_ROUNDS, compare_versions
from reports.data.folder import FolderError
from reports.data.run_sets import read_rounds, write_rounds
from reports.objectives.parsing import ObjectiveError

SIDES: Final = ("baseline", "candidate")
ORDERS: Final = ("abba", "baab")
SEED: Final = 20240504
ROUNDS: Final = 5
MOST_ROUNDS: Final = 1_000
OF_SCENARIOS: Final = ("traffic", "payloads", "expected outcomes")
"""Mismatches that are no reason against a comparison of two scenarios."""
_OWN: Final = ("--host", "--out", "--scenario", "--web", "--worker", "--master", "--list", "--check")
"""Options of a load test that `ab` gives itself, or that make no run."""


class TurnsError(Exception):
    """The rounds can't go on; `code` is the exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class TurnRunner:
    """Runs both versions, and keeps which run belongs to which round."""

    versions: tuple[ServiceVersion, ServiceVersion]
    scenarios: tuple[str, str]
    words: list[str]
    """What each load test is told besides."""
    out: Path
    child: ChildProcess
    made: list[tuple[str, int, Path]] = field(default_factory=list)

    def run_round(self, number: int, order: str) -> bool:
        """The four runs of a round, up to one that stays invalid; whether the round is whole.

        TurnsError if a run ends without a verdict, or on a signal.
        """
        is_whole = True
        for place, which in enumerate(map("ab".index, order), start=1):
            print(f"round {number}, run {place} of {len(order)}: {self._name(which)}", flush=True)
            folder, is_whole = self._run_valid(which)
            self.made.append((SIDES[which], number, folder))
            if not is_whole:
                print(f"  {folder.name} is invalid, too: round {number} is left out", flush=True)
                break
        write_rounds(self.out, (self._name(0), self._name(1)), self.made)
        return is_whole

    def _name(self, which: int) -> str:
        """The letter of a side and what it is; its scenario only where they differ."""
        one, other = self.scenarios
        scenario = f", {self.scenarios[which]}" if one != other else ""
        return f"{'ab'[which]}, {self.versions[which].text}{scenario}"

    def _run_valid(self, which: int) -> tuple[Path, bool]:
        """The folder of a run, and whether it is valid; an invalid one is repeated once."""
        folder, code = self._run(which)
        if code == INVALID:
            print(f"  {folder.name} is invalid; once more", flush=True)
            folder, code = self._run(which)
        return folder, code != INVALID

    def _run(self, which: int) -> tuple[Path, int]:
        version = self.versions[which]
        log = self.out / f"{'ab'[which]}.log"
        environment = {**version.build_environment(), NO_PAGE: "yes"}
        try:
            with version.start(log, lambda: self.child.stopped) as told:
                out = str(self.out / "ab"[which])
                words = ["--scenario", self.scenarios[which], *self.words, "--out", out, *told]
                made = run_load_test(words, environment, self.child.run)
        except NothingRunError as error:
            if self.child.stopped:
                raise TurnsError("stopped", INVALID) from None
            text = f"A run of {version.text} ended with {error.code}:\n{error}"
            raise TurnsError(text, error.code or USAGE) from None
        if self.child.stopped:
            raise TurnsError("stopped", INVALID)
        return made


def main(arguments: Sequence[str] | None = None, program: str = MODULE_PROGRAM) -> int:
    """Run and compare; the exit code is that of the comparison: 0, 1 or 3, and 2 if nothing was run."""
    options, words = _read_arguments(sys.argv[1:] if arguments is None else arguments, f"{program} ab")
    out = options.out or Path("results") / f"ab-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    try:
        end_with_parent()
        for name in list_scenarios(options):
            load_scenario(name)
        if out.exists() and any(out.iterdir()):
            raise ConfigurationError(f"--out {out} holds something already: name a new folder")
        out.mkdir(parents=True, exist_ok=True)
        run_turns(options, words, out)
        settings = read_comparison_settings(options)
        if options.b_scenario:
            settings = replace(settings, accepted=(*settings.accepted, *OF_SCENARIOS))
        comparison = compare_versions(*read_rounds(out), settings)
        write_comparison(comparison, out)
        show_comparison(comparison, out)
        return comparison.exit_code
    except TurnsError as error:
        print(error, file=sys.stderr)
        return error.code
    except (ConfigurationError, FolderError, ObjectiveError, ServiceError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"The runs can't be kept in {out}: {error}", file=sys.stderr)
        return USAGE


def run_turns(options: argparse.Namespace, words: Sequence[str], out: Path) -> None:
    """All rounds; TurnsError after a signal says what can still be compared."""
    with ChildProcess() as child:
        runner = TurnRunner(
            (options.a, options.b), list_scenarios(options), list(words), out.resolve(), child
        )
        whole = 0
        for number, order in enumerate(draw_orders(count_most(options.rounds), options.seed), start=1):
            try:
                whole += runner.run_round(number, order)
            except TurnsError as error:
                if not child.stopped:
                    raise
                raise TurnsError(_describe_stop(number, whole, out), error.code) from None
            if whole == options.rounds:
                break


def list_scenarios(options: argparse.Namespace) -> tuple[str, str]:
    """The scenario of each side."""
    return options.scenario, options.b_scenario or options.scenario


def count_most(rounds: int) -> int:
    """How many rounds are begun at most: for every two one more, in place of those left out."""
    return rounds + rounds // 2


def draw_orders(rounds: int, seed: int) -> Iterator[str]:
    """`abba` or `baab` for each round."""
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    for _ in range(rounds):
        yield chance.choice(ORDERS)


def _describe_stop(number: int, whole: int, out: Path) -> str:
    stopped = f"Stopped in round {number}"
    if whole < FEWEST_ROUNDS:
        return f"{stopped}; nothing can be compared before {FEWEST_ROUNDS} rounds are whole."
    place = shlex.quote(str(out))
    return f"{stopped}; the {whole} whole rounds can be compared: model-loadtest compare {place}"


def _read_arguments(arguments: Sequence[str], program: str) -> tuple[argparse.Namespace, list[str]]:
    """The options of `ab`, and the words for each load test; otherwise the process ends with a message."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="Run two versions of a service in turns on one machine (A B B A or B A A B in each "
        "round), then compare them. Further options are those of a load test, such as --time-scale 0.5.",
        epilog="exit codes: 0 not worse, or undecided; 1 worse; 2 usage, or no service; 3 invalid",
        allow_abbrev=False,
    )
    for name, what in (("--a", "the baseline"), ("--b", "the candidate")):
        parser.add_argument(
            name,
            metavar="URL|COMMAND|FILE",
            type=ServiceVersion.parse,
            required=True,
            help=f"{what}: a service that runs, a command with {PORT} in it that starts one for each run, or "
            "a configuration of the suite's own",
        )
    parser.add_argument(
        "--scenario", metavar="NAME|FILE", default=os.environ.get("SCENARIO") or "smoke", help="what to run"
    )
    parser.add_argument(
        "--b-scenario",
        metavar="NAME|FILE",
        help="another scenario for the candidate; traffic and payloads may then differ, the load may not",
    )
    parser.add_argument(
        "--rounds",
        metavar="N",
        type=make_count_parser(MOST_ROUNDS),
        default=ROUNDS,
        help=f"rounds of four runs (default: %(default)s; fewer than {ROUNDS} prove nothing)",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=int,
        default=SEED,
        help="of the order within rounds (default: %(default)s)",
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="a new folder for the runs (default: results/ab-TIME)"
    )
    add_judging_arguments(parser)
    options, words = parser.parse_known_args(arguments)
    if options.rounds < FEWEST_ROUNDS:
        parser.error(f"--rounds {options.rounds} can't be compared; give at least {FEWEST_ROUNDS}")
    for word in words:
        if word.partition("=")[0] in _OWN:
            parser.error(f"{word} has no place in rounds of two versions: leave it out")
    return options, words
