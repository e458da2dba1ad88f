"""`make run`: ready soon, says what to try, and ends everything at once, whoever is connected."""

import os
import signal
import socket
import threading

import pytest
from tests.whole.programs import HOST, eventually, free_port, meanwhile, runs
from tests.whole.wire import Http

FOLLOWERS = 50
END_S = 3.0


def test_it_says_the_addresses_the_demo_user_and_what_to_try(launch, figure):
    launched = launch()
    first = launched.wait_until_ready()
    said = launched.said

    for text in (f"http://127.0.0.1:{launched.api_port}/", launched.url, "demo", "stamped-ticket-2026", "Ctrl-C"):
        assert text in said
    with Http(launched.url) as server, Http(launched.api) as api:
        assert server.get("/readyz").status == 200
        assert api.get("/").status == 200
    assert launched.ended_by(signal.SIGINT)[0] == 0
    again = launch()
    second = again.wait_until_ready()
    figure(f"launcher ready: {first} s with a new database, {second} s with one that is there")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_it_ends_everything_within_three_seconds_also_with_50_followers_on_the_feed(launch, number, figure):
    launched = launch()
    launched.wait_until_ready()
    heard = [threading.Event() for _ in range(FOLLOWERS)]

    with meanwhile(*(_follower(launched.port, event) for event in heard)):
        assert all(event.wait(30) for event in heard)
        code, seconds, left = launched.ended_by(number)

    figure(f"{number.name} with {FOLLOWERS} followers: ended after {seconds:.2f} s")
    assert (code, left) == (0, [])
    assert seconds < END_S
    assert "Ending ..." in launched.said
    for port in (launched.port, launched.api_port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))


@pytest.mark.parametrize("taken", [0, 1], ids=["server", "api"])
def test_a_port_in_use_is_one_clear_line_and_nothing_starts(launch, taken):
    ports = (free_port(), free_port())
    with socket.create_server((HOST, ports[taken])):
        launched = launch(ports=ports)
        assert launched.process.wait(20) == 1

    (line,) = launched.said.strip().splitlines()
    assert line.startswith(f"admit demo: port {ports[taken]} cannot be used")
    assert "choose another" in line
    assert not launched.server.data.exists()


def test_when_one_of_the_two_dies_the_other_is_ended_and_the_launcher_says_so(launch):
    launched = launch()
    launched.wait_until_ready()
    started = launched.children()
    serving = [pid for pid in started if f"serve\0--data\0{launched.server.data}" in _command(pid)]

    os.kill(serving[0], signal.SIGKILL)
    assert launched.process.wait(20) == 1

    assert "The Admit server ended with code -9" in launched.said
    eventually(lambda: not [pid for pid in started if runs(pid)], what="the end of the demo API")


def _follower(port, heard):
    def follow(_stop):
        with socket.create_connection((HOST, port), timeout=30) as connection:
            connection.sendall(b"GET /revocations HTTP/1.1\r\nHost: feed\r\nAccept: text/event-stream\r\n\r\n")
            while data := connection.recv(65_536):
                if b"caught-up" in data:
                    heard.set()

    return follow


def _command(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return file.read()
    except OSError:
        return ""
