"""A credential is asked for, sent, renewed in time, and never repeated in a message."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import gevent
import pytest

from configuration.credentials import Credentials
from loadtests.client.credentials import Credential, CredentialError, CredentialKeeper, check_credentials

REQUEST = b"POST /score HTTP/1.1\r\nHost: a\r\n\r\n{}"
PATIENCE_S = 240
PLANTED = "pl4nted-s3cret"


def sent_by(keeper: CredentialKeeper) -> str:
    return keeper.credential.insert_into(REQUEST).decode()


@pytest.mark.parametrize("source", ["environment", "file", "command"])
def test_the_secret_of_each_source_is_a_header_after_the_request_line(source: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{PLANTED}\n")
    credentials = {
        "environment": Credentials(environment="TOKEN"),
        "file": Credentials(file=file),
        "command": Credentials(command=(sys.executable, "-c", f"print('{PLANTED}')")),
    }[source]
    keeper = CredentialKeeper(credentials, {"TOKEN": PLANTED})
    assert sent_by(keeper) == (
        f"POST /score HTTP/1.1\r\nAuthorization: Bearer {PLANTED}\r\nHost: a\r\n\r\n{{}}"
    )


@pytest.mark.parametrize(
    ("credentials", "said"),
    [
        (Credentials(environment="ABSENT"), "the environment variable ABSENT is not set"),
        (Credentials(environment="EMPTY"), "the environment variable EMPTY gave nothing"),
        (Credentials(environment="LINES"), "the environment variable LINES gave what a header can't hold"),
        (Credentials(file=Path("/absent")), "the file /absent can't be read: No such file or directory"),
        (Credentials(command=("absent-program",)), "the command absent-program can't be started: No such"),
        (
            Credentials(
                command=(sys.executable, "-c", f"import sys; print('{PLANTED}'); sys.exit('{PLANTED}')")
            ),
            "ended with exit code 1; what it printed is not shown",
        ),
        (Credentials(command=(sys.executable, "-c", "")), "gave nothing"),
    ],
)
def test_a_source_without_a_secret_is_told_and_nothing_is_repeated(
    credentials: Credentials, said: str
) -> None:
    with pytest.raises(CredentialError) as error:
        CredentialKeeper(credentials, {"EMPTY": " ", "LINES": f"{PLANTED}\r\nX: {PLANTED}"})
    assert said in str(error.value)
    assert PLANTED not in str(error.value)


def test_a_header_that_all_requests_carry_already_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", PLANTED)
    source = Credentials(environment="TOKEN")
    check_credentials(source, {"X-Team": "models"})
    with pytest.raises(CredentialError, match="Authorization is also in LOADTEST_HEADERS"):
        check_credentials(source, {"authorization": "Basic x"})


def await_header(keeper: CredentialKeeper, secret: str) -> None:
    with gevent.Timeout(PATIENCE_S):
        while f"Bearer {secret}\r\n" not in sent_by(keeper):
            gevent.sleep(0.005)


def test_it_is_renewed_and_a_failed_renewal_keeps_the_last_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "token"
    file.write_text("first")
    keeper = CredentialKeeper(Credentials(file=file, renew_s=0.01))
    keeper.start()
    try:
        file.write_text("second")
        await_header(keeper, "second")
        file.unlink()
        with caplog.at_level(logging.WARNING), gevent.Timeout(PATIENCE_S):
            while not caplog.records:
                gevent.sleep(0.005)
        await_header(keeper, "second")
        file.write_text("third")
        await_header(keeper, "third")
    finally:
        keeper.stop()
    told = [record.getMessage() for record in caplog.records if "can't be read" in record.getMessage()]
    assert len(told) == 1
    assert "the last one stays in use" in told[0]


def test_requests_go_on_while_a_command_is_asked(tmp_path: Path) -> None:
    """The command waits for a file that only another greenlet writes."""
    gate = tmp_path / "gate"
    program = (
        "import sys, time\nwhile not __import__('os').path.exists(sys.argv[1]): time.sleep(0.01)\nprint('x')"
    )
    credentials = Credentials(command=(sys.executable, "-c", program, str(gate)), renew_s=0.01)
    made = gevent.spawn(CredentialKeeper, credentials)
    gevent.sleep(0.01)
    gate.touch()
    with gevent.Timeout(PATIENCE_S):
        await_header(made.get(), "x")


def test_a_401_after_the_same_credential_was_accepted_is_ours() -> None:
    credential = Credential(b"Authorization: Bearer x\r\n")
    assert credential.reclassify("http_4xx", 401, endpoint=0) == "http_4xx", "it was never accepted"
    assert credential.reclassify("ok", 200, endpoint=0) == "ok"
    assert credential.reclassify("http_4xx", 401, endpoint=0) == "expired_credential"
    assert credential.reclassify("http_4xx", 403, endpoint=0) == "http_4xx"
    assert credential.reclassify("ok", 401, endpoint=0) == "ok", "the scenario expects it"
    assert credential.reclassify("http_4xx", 401, endpoint=1) == "http_4xx", "another endpoint's own refusal"
