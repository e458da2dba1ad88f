"""From the logout to the refusal at an API that asks no database: the one number that sets a revocable JWT apart."""

import time

import pytest
from tests.whole.programs import percentiles, rounds, share

ROUNDS = rounds(24)
# The goal is a p99 under 500 ms; twice that leaves room for a machine that does much else.
P99_S = 1.0


def test_after_a_logout_the_api_refuses_the_ticket_at_once(engine, serve, serve_api, app_of, talk, figure):
    server = serve(database=engine)
    api = serve_api(server)
    app, notes = app_of(server), talk(api.url)
    took, answered = [], []
    for number in range(ROUNDS):
        ticket = app.sign_in()
        bearer = {"Authorization": f"Bearer {ticket.access}"}
        assert notes.get("/notes", **bearer).status == 200

        began = time.monotonic()
        # Both ways out: the app gives its refresh token back, or sends the person to the sign-out address.
        if number % 2:
            app.revoke(ticket.refresh)
        else:
            app.log_out(ticket.id_token)
        answered.append(time.monotonic() - began)
        while (answer := notes.get("/notes", **bearer)).status == 200:
            assert time.monotonic() - began < 10
        took.append(time.monotonic() - began)

        assert (answer.status, answer.json["code"]) == (401, "token_revoked")
        assert app.refresh(ticket.refresh).status == 400
    figure(f"logout to refusal: {percentiles(took)}; of that, the logout's own answer: {percentiles(answered)}")
    assert share(took, 0.99) < P99_S


@pytest.mark.parametrize("way", ["session end", "user disable", "token revoke"])
def test_an_administrators_word_reaches_the_api_within_a_second(pair, app_of, talk, way, figure):
    """The command writes to the database beside the running server, which sees it there."""
    person = pair.server.add_user()
    app, notes = app_of(pair.server), talk(pair.api)
    ticket = app.sign_in(person)
    bearer = {"Authorization": f"Bearer {ticket.access}"}
    assert notes.get("/notes", **bearer).status == 200

    match way:
        case "session end":
            pair.server.command("session", "end", "--user", person.name)
        case "user disable":
            pair.server.command("user", "disable", person.name)
        case "token revoke":
            pair.server.command("token", "revoke", given=ticket.access)
    began = time.monotonic()
    while (answer := notes.get("/notes", **bearer)).status == 200:
        assert time.monotonic() - began < 10

    took = time.monotonic() - began
    figure(f"admit {way}, end of the command to refusal: {1000 * took:.0f} ms")
    assert (answer.status, answer.json["code"]) == (401, "token_revoked")
    assert took < 1
