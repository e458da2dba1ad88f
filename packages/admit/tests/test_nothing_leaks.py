"""After `close` nothing is left, and the end of a program waits for nothing: also while a server hangs."""

import subprocess
import sys
import threading
import time

import pytest

FEED, JWKS, METADATA = "/revocations", "/jwks", "/.well-known/oauth-authorization-server"

PROGRAM = """
import asyncio, gc, os, sys, threading, time
from admit import AdmitError, Verifier, fetching, metadata, pool, reporting  # what is imported when it is needed opens files
from admit.revocations import follower
import logging; logging.disable()

issuer, audience, token, opaque, ends = sys.argv[1:]
def files():
    return sorted(os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}"))

before = files()
verifier = Verifier(issuer=issuer, audience=audience, client_id="api", client_secret="secret", wait_s=0.2)

async def ask(text):
    try:
        async with asyncio.timeout(0.3):
            await verifier.verify_async(text)
    except (AdmitError, TimeoutError):
        pass

for text in (token, token + "x", opaque):
    asyncio.run(ask(text))
assert threading.active_count() > 1
if ends == "close":
    began = time.monotonic()
    verifier.close()
    took = time.monotonic() - began
    gc.collect()
    assert [thread.name for thread in threading.enumerate()] == ["MainThread"], threading.enumerate()
    assert files() == before, (before, files())
    print(took)
else:
    print(time.monotonic(), flush=True)
"""

# A last call of two seconds for what could not be reported yet.
LONGEST_S = {"metadata": 3.5, "reports": 3.5}


def hang(gate):
    return lambda handler: gate.wait(20)


def hang_in_the_middle(gate):
    def answer(handler):
        handler.begin_stream()
        handler.chunk(b"event: reset\n")
        gate.wait(20)

    return answer


@pytest.fixture
def run(server, audience):
    gate = threading.Event()

    def start(trouble, ends):
        server.metadata |= {
            "introspection_endpoint": f"{server.url}/introspect",
            "denials_endpoint": f"{server.url}/denials",
        }
        server.routes["/introspect"] = lambda h: h.answer_json({"active": False})
        server.routes["/denials"] = lambda h: h.answer_json({})
        where = {
            "metadata": METADATA,
            "keys": JWKS,
            "feed": FEED,
            "stream": FEED,
            "introspection": "/introspect",
            "reports": "/denials",
        }
        if trouble is not None:
            server.routes[where[trouble]] = (hang_in_the_middle if trouble == "stream" else hang)(gate)
        opaque = "adm_at_" + "a" * 43
        arguments = [server.url, audience, server.token(), opaque, ends]
        options = ["-X", "dev", "-W", "error::ResourceWarning"]
        done = subprocess.run(
            [sys.executable, *options, "-c", PROGRAM, *arguments], capture_output=True, text=True, timeout=30
        )
        ended_at = time.monotonic()
        assert done.returncode == 0, done.stderr
        return float(done.stdout), ended_at, done.stderr

    yield start
    gate.set()


TROUBLES = [None, "metadata", "keys", "feed", "stream", "introspection", "reports"]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_closing_leaves_no_thread_no_connection_and_no_warning(run, trouble):
    took, _, said = run(trouble, "close")

    assert said == ""
    assert took < LONGEST_S.get(trouble, 1.0)


@pytest.mark.parametrize("trouble", [None, "keys", "stream", "introspection"])
def test_the_end_of_a_program_waits_for_nothing(run, trouble):
    printed_at, ended_at, _ = run(trouble, "fall off the end")

    assert ended_at - printed_at < 2
