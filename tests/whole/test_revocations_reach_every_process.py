"""Two server processes on one database behind a balancer, twenty verifiers: from a word to one server to the refusal of the last."""

import os
import time

import pytest
from tests.whole.feeds import Watchers
from tests.whole.programs import percentiles, rounds, share

ROUNDS = rounds(6)
PROCESSES, EACH = 4, 5
# The goal is a p99 under 100 ms on a quiet machine; tests run on machines that do much else.
P99_S = float(os.environ.get("P99_S", "1.5"))


@pytest.mark.timeout(600)
def test_every_verifier_of_every_server_refuses_within_moments(two_servers, app_of, figure):
    one, other, balancer = two_servers
    watchers = Watchers(one.issuer, one.demo_api, processes=PROCESSES, each=EACH)
    app, elsewhere = app_of(one), app_of(other)
    took, by_command, all_of_them = [], [], []
    try:
        first = app_of(one).sign_in()
        watchers.accept(first.access)  # which makes them connect
        assert balancer.streams == {one.port: PROCESSES * EACH // 2, other.port: PROCESSES * EACH // 2}
        app_of(one).log_out(first.id_token)
        watchers.refusals()
        for number in range(ROUNDS):
            ticket = app.sign_in()
            watchers.accept(ticket.access)
            began = time.monotonic()
            if number % 2:
                app.revoke(ticket.refresh)
            else:
                app.log_out(ticket.id_token)
            # The other server process itself needs no feed: the next request finds the row.
            assert elsewhere.refresh(ticket.refresh).status == 400
            refused = watchers.refusals()
            assert {code for _, code in refused} == {"token_revoked"}
            took.append(max(moment for moment, _ in refused) - began)
            all_of_them += [moment - began for moment, _ in refused]
        for number in range(max(2, ROUNDS // 8)):
            person = one.add_user()
            ticket = app_of(one).sign_in(person)
            watchers.accept(ticket.access)
            if number % 2:
                one.command("session", "end", "--user", person.name)
            else:
                one.command("token", "revoke", given=ticket.access)
            done = time.monotonic()
            refused = watchers.refusals()
            assert {code for _, code in refused} == {"token_revoked"}
            by_command.append(max(0.0, max(moment for moment, _ in refused) - done))
    finally:
        watchers.end()
    figure(
        f"to the last of {PROCESSES * EACH} verifiers at two servers: {percentiles(took)}; each alone: {percentiles(all_of_them)}; "
        f"after the command's end: {percentiles(by_command)}"
    )
    assert share(took, 0.99) < P99_S
    assert max(by_command) < P99_S
