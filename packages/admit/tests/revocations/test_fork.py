"""gunicorn preload, uvicorn workers, uWSGI: the process forks after the verifier has been made, or used."""

import os
import sys
import time
import traceback

import pytest

from admit import TokenRevoked, Verifier


def in_child(work):
    """Run `work` in a forked child; True if it returned True there."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if work() else 2
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(code)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return False


def refused(verifier, token, *, within_s=5):
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            verifier.verify(token)
        except TokenRevoked:
            return True
        time.sleep(0.005)
    return False


@pytest.mark.parametrize("used_before", [False, True])
def test_a_child_verifies_and_learns_of_revocations_by_itself(server, audience, used_before, eventually):
    with Verifier(issuer=server.url, audience=audience) as verifier:
        token, other = server.token(sid="ses_1"), server.token(sid="ses_2")
        if used_before:
            verifier.verify(token)

        def work():
            return verifier.verify(token).subject == "alice" and refused(verifier, other)

        streams = 1 if used_before else 0

        def revoke_when_the_child_listens():
            eventually(lambda: len(server.feed.streams) > streams, within_s=10)
            server.feed.revoke("sid", "ses_2")

        import threading

        helper = threading.Thread(target=revoke_when_the_child_listens)
        helper.start()
        assert in_child(work)
        helper.join()
        assert refused(verifier, other), "the parent goes on following as well"


def test_a_child_knows_at_once_what_its_parent_knew(server, audience, eventually):
    """Without a word to the network: freshness goes by the last word heard, not by a thread's existence."""
    with Verifier(issuer=server.url, audience=audience) as verifier:
        good, ended = server.token(sid="ses_1"), server.token(sid="ses_2")
        verifier.verify(good)
        server.feed.revoke("sid", "ses_2")
        assert refused(verifier, ended)
        server.feed.streaming = server.feed.polling = False
        server.routes["/jwks"] = lambda h: h.answer(500, b"")

        def work():
            return verifier.verify(good).subject == "alice" and refused(verifier, ended, within_s=0.1)

        assert in_child(work)


def test_the_parents_stream_survives_its_children(server, audience, eventually):
    """A child must not end, on the shared connection, what its parent is reading."""
    with Verifier(issuer=server.url, audience=audience) as verifier:
        token = server.token(sid="ses_1")
        verifier.verify(token)
        asked = len(server.feed.asked)

        assert in_child(lambda: verifier.close() is None)
        server.feed.revoke("sid", "ses_1")

        assert refused(verifier, token, within_s=1)
        assert len(server.feed.asked) == asked


def test_a_fork_in_the_middle_of_a_fetch_leaves_no_lock_behind(server, audience):
    good = server.routes["/jwks"]
    server.routes["/jwks"] = lambda h: (time.sleep(0.3), good(h))
    verifier = Verifier(issuer=server.url, audience=audience, revocations=None)
    token = server.token()
    verifier._keys.find(kid="k1", alg="ES256")  # the parent's fetch is under way

    assert in_child(lambda: verifier.verify(token).subject == "alice")
    assert verifier.verify(token).subject == "alice"
