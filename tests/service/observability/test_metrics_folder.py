"""What killed processes leave of the metrics that workers share, and who removes it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from service.observability.metrics_folder import PREFIX, remove_left_folders


def make_folder(parent: Path, name: str) -> Path:
    """A folder of metrics as a process leaves it that is killed."""
    folder = parent / f"{PREFIX}{name}"
    folder.mkdir()
    (folder / "counter_1.db").touch()
    return folder


def test_a_folder_that_no_process_holds_is_removed(tmp_path: Path) -> None:
    left, other = make_folder(tmp_path, "left"), tmp_path / "other"
    other.mkdir()
    (other / "counter_1.db").touch()
    remove_left_folders(tmp_path)
    assert not left.exists()
    assert (other / "counter_1.db").exists()


def test_a_folder_in_use_stays_until_the_last_process_has_ended(tmp_path: Path) -> None:
    """Each process that uses it has a lock of its own."""
    folder = make_folder(tmp_path, "used")
    locks = [os.open(folder, os.O_RDONLY) for _ in range(2)]
    for lock in locks:
        fcntl.flock(lock, fcntl.LOCK_SH)
    for lock in locks:
        remove_left_folders(tmp_path)
        assert folder.exists()
        os.close(lock)
    remove_left_folders(tmp_path)
    assert not folder.exists()


def test_a_folder_that_was_just_made_stays(tmp_path: Path) -> None:
    """Its process has not yet begun to hold it."""
    folder = tmp_path / f"{PREFIX}new"
    folder.mkdir()
    remove_left_folders(tmp_path)
    assert folder.exists()


def test_a_link_with_such_a_name_leads_to_no_removal(tmp_path: Path) -> None:
    """Others may write to the folder of temporary files."""
    aim = tmp_path / "aim"
    aim.mkdir()
    (aim / "file").touch()
    (tmp_path / f"{PREFIX}link").symlink_to(aim)
    (tmp_path / f"{PREFIX}file").touch()
    remove_left_folders(tmp_path)
    assert (aim / "file").exists()
    assert (tmp_path / f"{PREFIX}file").exists()
