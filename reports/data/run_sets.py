"""Reads and keeps sets of runs: folders of runs, named baselines, the rounds of `model-loadtest ab`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reports.data.folder import FolderError, copy_runs, list_run_folders, read_run, write_text
from reports.data.run import Run

BASELINES: Final = Path("results/baselines")
"""Where named baselines are kept, a folder of runs each."""
DEFAULT_BASELINE: Final = "main"
ROUNDS_FILE: Final = "rounds.json"
"""In the folder of `ab`: `{"baseline": {"name": ..., "runs": [{"round": 1, "run": ...}, ...]}, ...}`."""
_SIDES: Final = ("baseline", "candidate")


@dataclass(frozen=True)
class RunSet:
    """The runs of one side; `rounds` holds the number of the round of each, empty without rounds."""

    name: str
    runs: tuple[Run, ...]
    rounds: tuple[int, ...] = ()


def read_side(text: str, baselines: Path) -> RunSet:
    """The runs of a folder or, if there is no such folder, of the baseline of this name."""
    folder = find_side(text, baselines)
    return RunSet(text, tuple(read_run(each) for each in list_run_folders(folder)))


def find_side(text: str, baselines: Path) -> Path:
    """The folder that `text` names; FolderError if there is neither a folder nor a baseline of this name."""
    folder = Path(text)
    if folder.exists() or folder.is_symlink():
        return folder.resolve() if folder.is_symlink() and folder.exists() else folder
    if (baselines / text).is_dir():
        return baselines / text
    known = ", ".join(list_baselines(baselines)) or "none yet"
    raise FolderError(
        f"There is no folder {text}, and no baseline of this name in {baselines} (there is: {known}); save "
        f"one with --save-baseline {text} RUN."
    )


def list_baselines(baselines: Path) -> list[str]:
    """The names of the baselines that are kept."""
    if not baselines.is_dir():
        return []
    return sorted(each.name for each in baselines.iterdir() if each.is_dir() and each.name[0] != ".")


def save_baseline(name: str, text: str, baselines: Path) -> Path:
    """Keep a run, or a folder of runs, as the baseline `name`, in the place of an earlier one."""
    if not name.strip() or Path(name).name != name or name.startswith("."):
        raise FolderError(f"{name!r} can't name a baseline: give a word without slashes and leading dots.")
    copy_runs(list_run_folders(find_side(text, baselines)), baselines / name)
    return baselines / name


def write_rounds(folder: Path, names: tuple[str, str], runs: Sequence[tuple[str, int, Path]]) -> None:
    """Keep which run belongs to which round: side, number of the round and folder of each run."""
    told: dict[str, Any] = {
        side: {"name": name, "runs": []} for side, name in zip(_SIDES, names, strict=True)
    }
    for side, number, run in runs:
        told[side]["runs"].append({"round": number, "run": str(run.relative_to(folder))})
    write_text(folder / ROUNDS_FILE, json.dumps(told, indent=2) + "\n")


def read_rounds(folder: Path) -> tuple[RunSet, RunSet]:
    """Both sides of the rounds kept in a folder."""
    path = folder / ROUNDS_FILE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        sides = [
            (str(told[side]["name"]), [(int(each["round"]), str(each["run"])) for each in told[side]["runs"]])
            for side in _SIDES
        ]
    except (FileNotFoundError, NotADirectoryError):
        raise FolderError(
            f"{folder} holds no {ROUNDS_FILE}, so model-loadtest ab did not make it; name two runs to "
            "compare."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise FolderError(f"{path} does not hold the rounds of a comparison: {error!r}.") from None
    baseline, candidate = (
        RunSet(name, tuple(read_run(folder / run) for _, run in runs), tuple(number for number, _ in runs))
        for name, runs in sides
    )
    return baseline, candidate
