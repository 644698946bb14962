"""A replica's end is noticed, all it started ends with it, and a load that was not offered says nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from autoscaling.controller import AutoscalerController
from autoscaling.deployment import Deployment
from autoscaling.pods import ClusterTiming
from autoscaling.replica import ReplicaModel
from autoscaling.rules import DEFAULT_METRIC, AutoscalerSettings
from loadtests.cli.child_process import ChildProcess
from loadtests.rehearsing import rehearsal
from loadtests.rehearsing.errors import RehearsalError
from loadtests.rehearsing.proxy import Haproxy
from loadtests.rehearsing.replicas import LocalReplica, ReplicaError
from loadtests.rehearsing.scaler import ReplicaScaler

LEADER = """\
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal, time\\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\\nprint(flush=True)\\ntime.sleep(60)"],
    stdout=subprocess.PIPE)
child.stdout.readline()
open(sys.argv[1], "w").write(str(child.pid))
child.wait()
"""


def make_scaler(monkeypatch: pytest.MonkeyPatch, *replicas: LocalReplica) -> ReplicaScaler:
    proxy = Haproxy.__new__(Haproxy)
    monkeypatch.setattr(proxy, "read", dict)
    controller = AutoscalerController(
        AutoscalerSettings("hpa", "service", 1, 2, (DEFAULT_METRIC,)),
        Deployment(ReplicaModel((1,), (1,), 1, 1, 0.01), 0.1),
        ClusterTiming(1),
        {},
    )
    return ReplicaScaler([], proxy, [], controller, 1, lambda: 0.0, list(replicas))


def wait_for_text(path: Path, replica: LocalReplica) -> str:
    while not (path.exists() and path.read_text()):
        replica.check()
    return path.read_text()


def test_a_replica_that_ends_after_it_was_ready_ends_the_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    replica = LocalReplica.start([sys.executable, "-c", "raise SystemExit(7)"], 1, 0, 0)
    replica.pod.ready_s = 0.0
    replica._process.wait(60)
    with pytest.raises(ReplicaError, match="a replica ended with 7"):
        make_scaler(monkeypatch, replica).follow(lambda: True)


def test_what_outlasts_its_parent_is_ended_and_an_error_leaves_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that the replica started ignores SIGTERM."""
    broken = LocalReplica.start([sys.executable, "-c", "pass"], 1, 0, 0)
    file = tmp_path / "pid"
    replica = LocalReplica.start([sys.executable, "-c", LEADER, str(file)], 2, 0, 0)
    child = psutil.Process(int(wait_for_text(file, replica)))
    end = broken.stop

    def fail() -> None:
        end()
        raise OSError("no process")

    monkeypatch.setattr(broken, "stop", fail)
    with pytest.raises(OSError, match="no process"):
        make_scaler(monkeypatch, replica, broken).stop()
    assert replica._process.returncode is not None
    _, alive = psutil.wait_procs([child], timeout=60)
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("code", [1, 3, 4])
def test_a_load_that_did_not_pass_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(rehearsal, "run_load_test", lambda *_: (tmp_path, code))
    with ChildProcess() as child:
        load = rehearsal._LoadTest([], child)
        load._thread.join(60)
        with pytest.raises(RehearsalError, match=f"ended with {code}, so nothing can be said"):
            load.finish()
