"""The server is killed in the middle of its work, again and again: what it said stays true."""

import http.client
import itertools
import sqlite3
import threading
import time
from functools import partial

import pytest
from tests.whole.programs import eventually, meanwhile, rounds

from admit import Verifier
from admit.errors import TokenRevoked

KILLS = rounds(3)
CHAINS = 8
REFRESHES = 100 * KILLS
READY_AGAIN_S = 3.0


class Chain:
    """One family of refresh tokens, renewed as fast as the server answers. Keeps what was answered last."""

    def __init__(self, app, ticket, counted):
        self.app, self.newest, self._counted = app, ticket, counted
        self.cut = 0

    def renew(self, stop):
        while not stop.is_set():
            try:
                answer = self.app.refresh(self.newest.refresh)
            except (OSError, http.client.HTTPException):
                self.cut += 1
                return
            assert answer.status == 200, answer.body
            self.newest = type(self.newest).of(answer.json)
            next(self._counted)


@pytest.mark.timeout(180)
def test_every_answered_refresh_is_honoured_and_nothing_revoked_comes_back(engine, serve, app_of, figure):
    server = serve(database=engine)
    answered = Counted()
    browser = app_of(server)
    browser.sign_in_by_cookie()
    chains = [Chain(app_of(server), browser.ticket_by_cookie(), answered) for _ in range(CHAINS)]
    doomed = [app_of(server).sign_in() for _ in range(2 * KILLS)]
    leaver = app_of(server)
    ended, restarts, heard_again, honoured = [], [], [], 0

    with Verifier(issuer=server.url, audience=server.demo_api) as all_along:
        assert all_along.verify(doomed[0].access)
        for kill in range(KILLS):
            target = REFRESHES * (kill + 1) // KILLS
            with meanwhile(*(chain.renew for chain in chains)):
                by_app, by_person = doomed.pop(), doomed.pop()
                leaver.revoke(by_app.refresh)
                leaver.log_out(by_person.id_token)
                ended += [by_app, by_person]
                eventually(lambda wanted=target: answered.so_far >= wanted, within_s=60, what="enough refreshes")
                server.kill()  # every chain has a request under way: whether it was spent, nobody was told
            restarts.append(server.start())
            leaver.close()

            for chain in chains:
                chain.app.close()
                answer = chain.app.refresh(chain.newest.refresh)
                assert answer.status == 200, f"after kill {kill + 1}: {answer.body!r}"
                chain.newest = type(chain.newest).of(answer.json)
                honoured += 1
            # It may have been cut off before it heard of the last revocations, and tries again once a second or two.
            began = time.monotonic()
            for ticket in ended:
                eventually(partial(_is_revoked, all_along, ticket), within_s=10, what="the follower's return")
            heard_again.append(time.monotonic() - began)
            with Verifier(issuer=server.url, audience=server.demo_api) as new_here:
                for ticket in ended:
                    assert leaver.refresh(ticket.refresh).json["error"] == "invalid_grant"
                    assert _is_revoked(new_here, ticket)
                    assert _is_revoked(all_along, ticket)
                for chain in chains:
                    assert new_here.verify(chain.newest.access)

    if engine is None:
        with sqlite3.connect(server.data / "admit.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        database.close()
    figure(
        f"{KILLS} kills in {answered.so_far} refreshes by {CHAINS} chains: {sum(chain.cut for chain in chains)} requests cut, "
        f"{honoured} of {honoured} answered tokens honoured, 0 of {len(ended)} revoked came back, "
        f"ready again after {', '.join(f'{seconds:.1f}' for seconds in restarts)} s, "
        f"a verifier that lived through it up to date after {', '.join(f'{seconds:.1f}' for seconds in heard_again)} s more"
    )
    assert answered.so_far >= REFRESHES
    # The best of them says what the server needs; the others, what else the machine was doing.
    assert min(restarts) < READY_AGAIN_S


def _is_revoked(verifier, ticket):
    try:
        verifier.verify(ticket.access)
    except TokenRevoked:
        return True
    return False


class Counted:
    """Counts what several threads do."""

    def __init__(self):
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.so_far = 0

    def __next__(self):
        with self._lock:
            self.so_far = next(self._numbers)
        return self.so_far
