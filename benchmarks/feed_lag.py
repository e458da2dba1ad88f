"""`python -m benchmarks.feed_lag`: from the revocation of a token to its refusal, in `VERIFIERS` processes of one machine (20).

A real server, on SQLite; every verifier is a process of its own with a stream of its own, as the workers of twenty services are. Each of
`ROUNDS` times (200) a token is issued, every verifier accepts it, it is revoked at `/revoke`, and every verifier is asked again every
3 ms until it refuses. The time counts from the moment before the request to `/revoke` is sent. Takes about ten seconds.
"""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.whole.feeds import Watchers
from tests.whole.servers import BY_TESTS, Server
from tests.whole.thousand import processor_s
from tests.whole.wire import Http

from admit_server.flows.admin import clients, resources
from admit_server.flows.runtime import Runtime

VERIFIERS = int(os.environ.get("VERIFIERS", "20"))
ROUNDS = int(os.environ.get("ROUNDS", "200"))
WARM_UP = 5
AUDIENCE = "https://lag.bench.example"


async def set_up(rt: Runtime) -> dict[str, str]:
    """A resource, and a client that gets tokens for it by its own credentials; the form that asks for one."""
    await resources.add(resources.NewResource(audience=AUDIENCE, scopes={"read": "Read"}), rt=rt, caller=BY_TESTS)
    robot = clients.NewClient(
        name="robot", grant_types=frozenset({"client_credentials"}), audiences=(AUDIENCE,), scopes=frozenset({"read"})
    )
    added = await clients.add(robot, rt=rt, caller=BY_TESTS)
    return {"client_id": added.client.id, "client_secret": added.secret or ""}


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of all is."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def measure(server: Server, credentials: dict[str, str]) -> dict[str, Any]:
    """Revoke again and again; milliseconds."""
    assert server.program is not None
    pid = server.program.process.pid
    watchers = Watchers(server.issuer, AUDIENCE, processes=VERIFIERS, each=1)
    each: list[float] = []
    lasts: list[float] = []
    answers: list[float] = []
    worked = 0.0
    try:
        with Http(server.url) as http:
            asking = credentials | {"grant_type": "client_credentials", "resource": AUDIENCE}
            for number in range(WARM_UP + ROUNDS):
                token = http.post("/token", asking).json["access_token"]
                watchers.accept(token)
                began = time.monotonic()
                assert http.post("/revoke", credentials | {"token": token}).status == 200
                answered = time.monotonic()
                refused = watchers.refusals()
                assert {code for _, code in refused} == {"token_revoked"}
                if number < WARM_UP:
                    worked = processor_s(pid)
                    continue
                each += [1000 * (moment - began) for moment, _ in refused]
                lasts.append(1000 * (max(moment for moment, _ in refused) - began))
                answers.append(1000 * (answered - began))
            busy = processor_s(pid) - worked
    finally:
        watchers.end()
    columns = {"each verifier": each, "the last verifier": lasts, "the answer of /revoke": answers}
    figures: dict[str, Any] = {
        name: {"p50": percentile(of, 0.5), "p99": percentile(of, 0.99), "worst": max(of)}
        for name, of in columns.items()
    }
    return figures | {"server processor ms a round": 1000 * busy / ROUNDS, "verifiers": VERIFIERS, "rounds": ROUNDS}


def main() -> None:
    """Run it and print."""
    with tempfile.TemporaryDirectory(prefix="admit-lag-") as folder:
        server = Server(Path(folder) / "data")
        server.start()
        try:
            figures = measure(server, server.administer(set_up))
        finally:
            server.stop()
    print(
        f"{VERIFIERS} verifier processes, {ROUNDS} revocations; milliseconds from the request that revokes to the refusal"
    )
    for name in ("each verifier", "the last verifier", "the answer of /revoke"):
        print(f"{name:<24}" + "".join(f"{key:>8} {figures[name][key]:8.1f}" for key in ("p50", "p99", "worst")))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
