"""`python -m benchmarks.simulate`: replaying 100,000 recorded decisions, and what recording them costs.

The decisions are the server's own: tokens under one policy, and under random limits of their own, are introspected through the real
flow, while a clock is moved over days. Then `admit policy simulate` runs as a process of its own: with the policy as it is, which
has to change nothing and leave nothing untold, and with a tighter one. Memory is what that process needs beyond `admit policy
list`.

For the cost, `introspect` is called in turns with recording on (and its batch written) and off, next to each other; the median of the
ratios counts.
"""

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop

from admit.limits import Attempt, groups_of
from admit_server.app import open_runtime
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import clients, policies, resources, tokens, users
from admit_server.flows.client_auth import AuthenticatedClient
from admit_server.flows.introspect import introspect
from admit_server.flows.recording import write_decisions
from admit_server.flows.redeem import Use
from admit_server.flows.runtime import Caller, Runtime
from admit_server.machine import Machine
from admit_server.settings import load_settings

RECORDS = int(os.environ.get("RECORDS", "100000"))
TOKENS = int(os.environ.get("TOKENS", "2000"))
ROUNDS = int(os.environ.get("ROUNDS", "40"))
CALLER = Caller(actor="bench", network="192.0.2.1")
API = "https://api.example"
POLICY = TokenPolicy(lifetime_s=3_600, max_uses=60, actions=groups_of(["GET /orders/*", "POST /orders"]))
PATHS = ("/orders/1", "/orders/22", "/orders/333", "/bills/1")


@dataclass(slots=True)
class Clock:
    """Moved by hand."""

    now: int

    def __call__(self) -> int:
        return self.now


async def furnished(rt: Runtime) -> AuthenticatedClient:
    """One of everything; the client of the resource."""
    api = (await clients.add(clients.NewClient(name="API"), rt=rt, caller=CALLER)).client
    await policies.set_policy("bench", POLICY, rt=rt, caller=CALLER)
    new = resources.NewResource(audience=API, scopes={"read": "Read"}, format="opaque", client=api.id, policy="bench")
    await resources.add(new, rt=rt, caller=CALLER)
    await clients.add(clients.NewClient(name="app", audiences=(API,)), rt=rt, caller=CALLER)
    for number in range(20):
        await users.add(users.NewUser(username=f"user{number}"), rt=rt, caller=CALLER)
    return AuthenticatedClient(api, proved=True)


async def issue(rt: Runtime, rng: random.Random, *, plain: bool = False) -> str:
    """A token under the policy and, unless it is a plain one, limits of its own."""
    own = TokenPolicy(
        idle_timeout_s=rng.choice((None, 120, 600)),
        max_uses=rng.choice((None, 5, 40)),
        networks=groups_of(["10.0.0.0/8"]) if rng.random() < 0.3 else frozenset(),
        lifetime_s=rng.choice((None, 600)),
    )
    new = tokens.NewToken(
        user=f"user{rng.randrange(20)}", client="app", resource=API, limits=TokenPolicy() if plain else own
    )
    return (await tokens.issue(new, rt=rt, caller=CALLER)).tokens.access_token


async def use(rt: Runtime, token: str, who: AuthenticatedClient, rng: random.Random) -> None:
    """One use, as its resource asks."""
    address = rng.choice(("10.1.2.3", "192.0.2.7"))
    attempt = Attempt(method="GET", path=rng.choice(PATHS), address=address)
    await introspect(token, who=who, rt=rt, caller=Caller(network=address), use=Use(attempt=attempt))


async def record(rt: Runtime, clock: Clock, who: AuthenticatedClient) -> None:
    """Make the decisions: twenty tokens at once, each used until there are enough."""
    rng = random.Random(7)
    rt.decisions.most = 10_000
    made, each = 0, RECORDS // TOKENS - 1
    while made < RECORDS:
        batch = [await issue(rt, rng) for _ in range(20)]
        made += len(batch)
        for _ in range(each):
            clock.now += rng.choice((0, 1, 5, 30))
            await asyncio.gather(*(use(rt, token, who, rng) for token in batch))
            made += len(batch)
        await write_decisions(rt)
        clock.now += 30


async def cost(rt: Runtime, who: AuthenticatedClient) -> dict[str, float]:
    """Introspections a second of uncounted tokens, with recording and without."""
    await policies.set_policy("bench", replace(POLICY, max_uses=None), rt=rt, caller=CALLER)
    rng = random.Random(8)
    token = await issue(rt, rng, plain=True)
    attempt = Attempt(method="GET", path="/orders/1", address="10.1.2.3")
    rt.decisions.most = 200

    async def turn(*, on: bool) -> float:
        rt.decisions.on = on
        begun = time.process_time()
        for _ in range(300):
            await introspect(token, who=who, rt=rt, caller=Caller(network="192.0.2.1"), use=Use(attempt=attempt))
        await write_decisions(rt)
        return 300 / (time.process_time() - begun)

    await turn(on=True)
    pairs = [(await turn(on=True), await turn(on=False)) for _ in range(ROUNDS)]
    return {
        "introspections_per_cpu_s_on": round(statistics.median(on for on, _ in pairs)),
        "introspections_per_cpu_s_off": round(statistics.median(off for _, off in pairs)),
        "cost_percent": round(100 * (1 - statistics.median(on / off for on, off in pairs)), 1),
    }


def timed(*words: str, data: Path) -> tuple[float, float, str]:
    """Seconds, peak memory in MB and output of a command in a process of its own."""
    program = (
        "import resource, sys; from admit_server.cli.main import run; code = run(sys.argv[1:]); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr); sys.exit(code)"
    )
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, *words, "--json", "--data", str(data)],
        capture_output=True,
        text=True,
        check=True,
    )
    return time.perf_counter() - begun, float(done.stderr.split()[-1]), done.stdout


async def main() -> None:
    """Record, replay, measure; print one JSON document."""
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        clock = Clock(int(time.time()) - 6 * 86_400)
        async with open_runtime(load_settings(data=data), machine=Machine(clock=clock)) as rt:
            who = await furnished(rt)
            # The records begin before the tokens that are told of.
            await issue(rt, random.Random(1))
            await write_decisions(rt)
            clock.now += 1
            begun = time.perf_counter()
            await record(rt, clock, who)
            recording_s = time.perf_counter() - begun
        bytes_on_disk = (data / "admit.db").stat().st_size
        _, before_mb, _ = timed("policy", "list", data=data)
        same_s, same_mb, same = timed("policy", "simulate", "bench", "--days", "7", data=data)
        other_s, _, other = timed(
            "policy", "simulate", "bench", "--days", "7", "--max-uses", "30", "--action", "GET /orders/*", data=data
        )
        identity, tighter = json.loads(same), json.loads(other)
        async with open_runtime(load_settings(data=data)) as rt:
            costs = await cost(rt, AuthenticatedClient(who.client, proved=True))
        print(
            json.dumps(
                {
                    "decisions": identity["decisions"],
                    "identity": {
                        name: identity[name]
                        for name in (
                            "concerned",
                            "changes",
                            "newly_refused",
                            "newly_allowed",
                            "refused_otherwise",
                            "unknown",
                        )
                    },
                    "identity_s": round(same_s, 1),
                    "identity_mb_above_policy_list": same_mb - before_mb,
                    "tighter": {
                        name: tighter[name]
                        for name in ("newly_refused", "newly_allowed", "refused_otherwise", "unknown")
                    },
                    "tighter_s": round(other_s, 1),
                    "recording_s": round(recording_s, 1),
                    "database_mb": round(bytes_on_disk / 1e6, 1),
                    **costs,
                },
                indent=2,
            )
        )


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(main())
