"""A process whose threads get no turns: uWSGI without --enable-threads, a container that was frozen, a laptop that slept."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from admit import Verifier, VerifierUnavailable
from admit.jose import Jwks
from admit.keys import FixedKeys
from admit.metadata import MetadataSource
from admit.revocations.follower import Follower

PROGRAM = """
import ctypes, sys
from admit import TokenRevoked, Verifier
verifier = Verifier(issuer=sys.argv[1], audience=sys.argv[2])
good, ended = sys.argv[3:]
def verdict(token):
    try:
        verifier.verify(token)
    except TokenRevoked:
        return "revoked"
    return "good"
verifier.verify(good)
print("warm", verdict(ended), flush=True)
if {held}:
    # As uWSGI waits for the next request: PyDLL keeps the interpreter's lock, so no other thread runs.
    ctypes.PyDLL(None).usleep(1_500_000)
else:
    sys.stdin.readline()
print(verdict(ended), flush=True)
"""


@pytest.fixture
def program(server, audience):
    started = []

    def start(*, held):
        arguments = [server.url, audience, server.token(sid="ses_1"), server.token(sid="ses_2")]
        code = PROGRAM.replace("{held}", str(held))
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "warm good\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_no_token_is_judged_before_the_thread_had_its_turn(server, program):
    """uWSGI keeps the interpreter's lock while it waits for a request: what was revoked meanwhile lies unread in the socket."""
    process = program(held=True)
    server.feed.revoke("sid", "ses_2")

    assert process.communicate(timeout=20)[0] == "revoked\n"


def test_a_process_that_was_stopped_catches_up_before_it_judges(server, program):
    """As `docker pause` does, or a function that is frozen between two calls."""
    process = program(held=False)
    os.kill(process.pid, signal.SIGSTOP)
    server.feed.revoke("sid", "ses_2")
    time.sleep(1.2)
    process.stdin.write("\n")
    process.stdin.flush()

    os.kill(process.pid, signal.SIGCONT)

    assert process.communicate(timeout=20)[0] == "revoked\n"


def test_a_token_waits_for_the_next_turn_and_the_log_says_once_what_to_do(server, clock, caplog, eventually):
    follower = Follower(MetadataSource(server.url), elapsed=clock)
    try:
        for _ in range(3):
            while (outcome := follower.ready()) is not None:
                outcome.result(timeout=5)
            assert eventually(lambda: is_late(follower, clock)) < 5
    finally:
        follower.close()

    [told] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "had no turn for 5 s" in told
    assert "enable-threads = true" in told


def is_late(follower, clock):
    """The thread may have its turn at any moment, also right after the clock jumped."""
    clock.now += 5
    return follower.version() is None and follower.ready() is not None


def test_where_no_thread_can_be_started_nothing_is_accepted_blindly(server, audience, monkeypatch):
    verifier = Verifier(issuer=server.url, audience=audience, keys=FixedKeys(Jwks(server.keys)))

    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(VerifierUnavailable, match="can't start new thread"):
        verifier.verify(server.token())

    monkeypatch.undo()
    assert verifier.verify(server.token()).subject == "alice"
    verifier.close()
