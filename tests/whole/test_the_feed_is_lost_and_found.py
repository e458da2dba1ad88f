"""The promises of the feed where things go wrong: writers that overtake each other, cut, silent and forgotten connections, backups."""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.whole.cables import Cable
from tests.whole.feeds import Listener, verdict, verifying
from tests.whole.programs import HOST, ROOT, eventually, free_port, percentiles
from tests.whole.servers import BY_TESTS
from tests.whole.wire import Http

from admit_server.flows.admin import revocations

UNITS = 150
# The library's own is 15 s; a stream of a real server brings a word each 5 s.
DEAD_AFTER_S = float(os.environ.get("DEAD_AFTER_S", "6"))
POLLED = int(os.environ.get("POLLED", "4"))


def test_of_two_processes_that_publish_at_once_no_follower_misses_one(engine, serve):
    server = serve(database=engine)
    database = engine or f"sqlite:///{server.data / 'admit.db'}"
    polled = []
    with Listener(server.url) as all_along, Listener(server.url) as another, Http(server.url) as http:
        position = all_along.until("caught-up")[-1].id or all_along.position
        another.until("caught-up")
        program = str(Path(__file__).with_name("publishing.py"))
        writers = [
            subprocess.Popen([sys.executable, program, database, name, str(UNITS)], cwd=ROOT) for name in ("one", "two")
        ]
        while any(writer.poll() is None for writer in writers):
            page = http.get(f"/revocations?after={position}").json
            assert page["reset"] is False or len(page["revoked"]) > 150
            polled = page["revoked"] if page["reset"] else polled + page["revoked"]
            position = page["position"]
            time.sleep(0.01)
        assert [writer.wait() for writer in writers] == [0, 0]
        heard = [listener.until("revoked", times=2 * UNITS) for listener in (all_along, another)]
        polled += http.get(f"/revocations?after={position}").json["revoked"]
        whole = http.get("/revocations").json["revoked"]

    in_order = [row["handle"] for row in whole]
    assert sorted(in_order) == sorted(f"{name}-{n}" for name in ("one", "two") for n in range(UNITS))
    assert [row["handle"] for row in polled] == in_order
    for each in heard:
        revoked = [event for event in each if event.kind == "revoked"]
        assert [event.data["handle"] for event in revoked] == in_order
        # The numbers are those of the commits, and none is left out.
        assert [int(event.id.partition(".")[0]) for event in revoked] == list(range(1, 2 * UNITS + 1))


def test_who_comes_back_with_its_position_hears_exactly_what_it_missed_also_from_a_new_process(engine, serve, app_of):
    server = serve(database=engine)
    app = app_of(server)
    tickets = [app.sign_in() for _ in range(4)]
    app.revoke(tickets[0].access)
    with Listener(server.url) as before:
        assert [event.kind for event in before.until("caught-up")[:3]] == ["reset", "revoked", "caught-up"]
        position = before.position
    for ticket in tickets[1:]:
        app.revoke(ticket.access)
    for _ in range(2):
        with Listener(server.url, after=position) as again:
            kinds = [event.kind for event in again.until("caught-up") if event.kind != "heartbeat"]
            assert kinds == ["revoked"] * 3 + ["caught-up"]
            assert [event.id.partition(".")[0] for event in again.revoked] == ["2", "3", "4"]
        server.kill()
        server.start()


def test_after_a_restored_backup_followers_begin_anew_and_what_the_backup_did_not_know_lives_again(
    serve, app_of, tmp_path
):
    """What a follower is told is true of the restored database; that something ended after the backup, nobody knows any more.

    So whoever restores one ends everything, which is tested here as well.
    """
    server = serve()
    ended_before, ended_after = app_of(server).sign_in(), app_of(server).sign_in()
    app_of(server).revoke(ended_before.access)
    server.stop()
    shutil.copy(server.data / "admit.db", tmp_path / "backup.db")  # stopped in order, nothing is left in the log
    server.start()
    with verifying(server, dead_after_s=DEAD_AFTER_S) as verifier:
        assert verdict(verifier, ended_after.access) == "accepted"
        app_of(server).revoke(ended_after.refresh)
        eventually(lambda: verdict(verifier, ended_after.access) == "token_revoked")
        with Listener(server.url) as listener:
            listener.until("caught-up")
        server.stop()
        for each in server.data.glob("admit.db*"):
            each.unlink()
        shutil.copy(tmp_path / "backup.db", server.data / "admit.db")
        server.start()

        with Listener(server.url, after=listener.position) as again:
            assert [event.kind for event in again.until("caught-up")[:3]] == ["reset", "revoked", "caught-up"]
        eventually(lambda: verdict(verifier, ended_after.access) == "accepted", what="the snapshot of the backup")
        assert verdict(verifier, ended_before.access) == "token_revoked"

        server.administer(lambda rt: revocations.revoke_everything(rt=rt, caller=BY_TESTS))
        eventually(lambda: verdict(verifier, ended_after.access) == "token_revoked")
        assert app_of(server).refresh(ended_after.refresh).status == 400


@pytest.fixture
def cabled(serve):
    """A server, and the cable by which verifiers reach it."""
    port = free_port()
    server = serve(issuer=f"http://{HOST}:{port}")
    cable = Cable(port, server.port)
    yield server, cable
    cable.close()


def test_a_stream_that_died_without_a_word_is_given_up_and_what_was_missed_is_heard(cabled, app_of, figure):
    """As when a router on the way forgets the connection: it looks open, and nothing comes."""
    server, cable = cabled
    app, ticket = app_of(server), app_of(server).sign_in()
    with verifying(server, dead_after_s=DEAD_AFTER_S) as verifier:
        assert verdict(verifier, ticket.access) == "accepted"
        cable.silence()
        cable.mend()
        began = time.monotonic()
        app.revoke(ticket.refresh)
        time.sleep(0.3)
        assert verdict(verifier, ticket.access) == "accepted"
        eventually(lambda: verdict(verifier, ticket.access) == "token_revoked", within_s=DEAD_AFTER_S + 3)
        took = time.monotonic() - began
    figure(f"given up after {DEAD_AFTER_S:.0f} s: {took:.1f} s to refusal")
    assert took > 1


@pytest.mark.timeout(180)
def test_in_a_silent_network_a_verifier_goes_on_for_accept_for_then_503_until_it_is_mended(cabled, app_of, figure):
    server, cable = cabled
    accept_for = DEAD_AFTER_S + 5
    ended, lives = app_of(server).sign_in(), app_of(server).sign_in()
    with verifying(server, dead_after_s=DEAD_AFTER_S, accept_for=accept_for) as verifier:
        assert {verdict(verifier, ticket.access) for ticket in (ended, lives)} == {"accepted"}
        cable.silence()
        fell_silent, lasted = time.monotonic(), 0.0
        app_of(server).revoke(ended.refresh)
        # A call may wait for the word that does not come; none accepts after its time.
        while (code := verdict(verifier, ended.access)) == "accepted":
            lasted = time.monotonic() - fell_silent
            assert lasted < accept_for + 3
            time.sleep(0.05)
        assert code == "verifier_unavailable"
        assert verdict(verifier, lives.access) == "verifier_unavailable"
        # It counts from the last word, which came up to a heartbeat before the silence.
        assert accept_for - 6 < lasted < accept_for + 1

        cable.mend()
        mended = time.monotonic()
        eventually(lambda: verdict(verifier, lives.access) == "accepted", within_s=20, what="the return")
        back = time.monotonic() - mended
        assert verdict(verifier, ended.access) == "token_revoked"
    figure(
        f"accept_for {accept_for:.0f} s: accepted for {lasted:.1f} s of silence; back {back:.1f} s after it was mended"
    )


def test_a_server_that_refuses_streams_is_polled(serve, app_of, figure):
    server = serve(settings={"ADMIT_FEED__STREAMS_PER_NETWORK": "1"})
    with Listener(server.url) as taken, verifying(server, dead_after_s=DEAD_AFTER_S) as verifier:
        taken.until("caught-up")
        took = []
        with Listener(server.url) as refused:
            assert refused.status == 429
        for _ in range(POLLED):
            ticket = app_of(server).sign_in()
            assert verdict(verifier, ticket.access) == "accepted"
            app = app_of(server)
            time.sleep(random.random())
            began = time.monotonic()
            app.revoke(ticket.refresh)
            eventually(lambda ticket=ticket: verdict(verifier, ticket.access) == "token_revoked", within_s=5)
            took.append(time.monotonic() - began)
    figure(f"polled: {percentiles(took)}")
    assert max(took) < 4


@pytest.mark.parametrize("how", ["silence", "cut"])
def test_a_worker_cut_from_its_database_vouches_for_nothing_while_another_goes_on(
    pg_empty, serve, app_of, tmp_path, how
):
    """A heartbeat says that the database was read; who hears none from this worker knows that it is not up to date."""
    place = urlsplit(pg_empty)
    cable = Cable(free_port(), place.port)
    data = tmp_path / "shared"
    whole = serve(data, database=pg_empty)
    through = pg_empty.replace(f":{place.port}/", f":{cable.port}/")
    worker = serve(data, database=through, issuer=whole.url, demo_api=whole.demo_api)
    app, tickets = app_of(whole), [app_of(whole).sign_in() for _ in range(2)]
    try:
        with Listener(whole.url) as of_whole, Listener(worker.url) as of_worker:
            for listener in (of_whole, of_worker):
                listener.until("heartbeat")
            getattr(cable, how)()
            cut_at, clock = time.monotonic(), time.time()
            app.revoke(tickets[0].access)
            of_whole.until("revoked", within_s=2)
            of_whole.until("heartbeat", times=sum(h.kind == "heartbeat" for h in of_whole.heard) + 1, within_s=7)
            time.sleep(max(0.0, 6.5 - (time.monotonic() - cut_at)))
            # More than a heartbeat's time: the worker has said nothing that makes anybody believe in it.
            assert of_worker.revoked == []
            assert all(heard.data["as_of"] <= clock + 1 for heard in of_worker.heard if "as_of" in heard.data)
            with Http(worker.url) as http:
                assert http.get("/revocations").status == 503
            with Http(whole.url) as http:
                assert http.get("/revocations").status == 200

            cable.mend()
            position = of_worker.position
            again = Listener(worker.url, after=position) if of_worker.ended else of_worker
            beats = sum(heard.kind == "heartbeat" for heard in again.heard)
            again.until("revoked", within_s=15)
            again.until("heartbeat", times=beats + 1, within_s=10)
            again.close()
    finally:
        worker.stop()
        cable.close()


def test_a_worker_whose_database_file_was_moved_away_vouches_for_nothing(serve, app_of):
    """Its open file would go on to answer; what others write into the one at its place, it would never see."""
    server = serve()
    database = server.data / "admit.db"
    with Listener(server.url) as listener:
        listener.until("heartbeat")
        moved_at = time.time()
        database.rename(server.data / "moved.db")
        shutil.copy(server.data / "moved.db", database)
        time.sleep(6.5)
        assert all(heard.data["as_of"] <= moved_at + 1 for heard in listener.heard if "as_of" in heard.data)
        with Http(server.url) as http:
            assert http.get("/revocations").status == 503
            assert http.get("/readyz").status == 503
        (server.data / "moved.db").rename(database)
        beats = sum(heard.kind == "heartbeat" for heard in listener.heard)
        listener.until("heartbeat", times=beats + 1, within_s=7)
