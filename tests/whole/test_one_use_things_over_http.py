"""Codes and refresh tokens over HTTP, by 64 callers at once: one of them gets it, or all get the same."""

from collections import Counter

from tests.whole.programs import rounds
from tests.whole.wire import at_once

from admit_server.domain.token_policy import TokenPolicy

CALLERS = 64
ROUNDS = rounds(12)


def test_of_64_redemptions_of_one_code_exactly_one_succeeds(engine, serve, app_of, figure):
    server = serve(database=engine)
    app = app_of(server)
    app.sign_in_by_cookie()
    tally = Counter()
    for _ in range(ROUNDS):
        answers = at_once(server.url, "/token", app.code_form(), callers=CALLERS)

        assert Counter(answer.status for answer in answers) == {200: 1, 400: CALLERS - 1}
        assert {answer.json["error"] for answer in answers if answer.status == 400} == {"invalid_grant"}
        tally.update(answer.status for answer in answers)
        # RFC 6749 section 4.1.2: the second use takes back what the first one gave.
        (winner,) = (answer for answer in answers if answer.status == 200)
        assert app.refresh(winner.json["refresh_token"]).json["error"] == "invalid_grant"
    figure(f"code, {ROUNDS} rounds of {CALLERS}: {dict(tally)}")


def test_without_a_reuse_window_exactly_one_of_64_refreshes_succeeds(engine, serve, app_of, figure):
    server = serve(database=engine)
    client = server.add_client(
        policy=TokenPolicy(refresh_reuse_window_s=0), first_party=True, redirect_uris=(f"{server.demo_api}/",)
    )
    app = app_of(server, client_id=client.id)
    app.sign_in_by_cookie()
    tally = Counter()
    for _ in range(ROUNDS):
        refresh = app.ticket_by_cookie().refresh
        answers = at_once(server.url, "/token", app.refresh_form(refresh), callers=CALLERS)

        assert Counter(answer.status for answer in answers) == {200: 1, 400: CALLERS - 1}
        assert {answer.json["error"] for answer in answers if answer.status == 400} == {"invalid_grant"}
        tally.update(answer.status for answer in answers)
        # Nobody can tell who of them was the thief, so the winner's family ends as well (RFC 9700 section 4.14.2).
        (winner,) = (answer for answer in answers if answer.status == 200)
        assert app.refresh(winner.json["refresh_token"]).json["error"] == "invalid_grant"
    figure(f"refresh, window 0, {ROUNDS} rounds of {CALLERS}: {dict(tally)}")


def test_within_the_reuse_window_64_refreshes_get_the_same_successor_and_nobody_is_logged_out(
    engine, serve, app_of, figure
):
    server = serve(database=engine)
    app = app_of(server)
    app.sign_in_by_cookie()
    tally = Counter()
    for _ in range(ROUNDS):
        refresh = app.ticket_by_cookie().refresh
        answers = at_once(server.url, "/token", app.refresh_form(refresh), callers=CALLERS)

        assert {answer.status for answer in answers} == {200}, {
            answer.body for answer in answers if answer.status != 200
        }
        tally.update(answer.status for answer in answers)
        (successor,) = {answer.json["refresh_token"] for answer in answers}
        assert successor != refresh
        assert app.refresh(successor).status == 200
    figure(f"refresh, window 30 s, {ROUNDS} rounds of {CALLERS}: {dict(tally)}, one successor each")
