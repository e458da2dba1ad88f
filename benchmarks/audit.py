"""`python -m benchmarks.audit`: what writing the audit costs: refreshed tokens a second with it and without, in turn, in one run.

Each refresh appends one event in its own unit of work. "on" is the server as it is: append, and after each turn (about a second's
tokens) the sealer, within the turn's time. "appended" leaves the sealer out. "off" is the same flow on a store whose
`audit.append` does nothing. Flows are called in this process, on SQLite, without HTTP, so the share is larger than any that a client
could see. Read the ratios: each is of turns next to each other, and the median over rounds counts. The processor's time is told
beside the clock's, because it does not depend on what else the machine does.
"""

import asyncio
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import uvloop

from admit_server.app import open_runtime
from admit_server.domain.audit import AuditEvent
from admit_server.flows.admin import clients, resources, tokens, users
from admit_server.flows.audit.sealing import Sealer
from admit_server.flows.client_auth import AuthenticatedClient
from admit_server.flows.runtime import Caller, Runtime
from admit_server.flows.token import refresh_token
from admit_server.ports.store import Statements
from admit_server.settings import load_settings
from admit_server.storage.open import open_store
from admit_server.storage.statements import Aggregates, bind
from admit_server.storage.statements.security import AuditStatements

ROUNDS = int(os.environ.get("ROUNDS", "25"))
FAMILIES = int(os.environ.get("FAMILIES", "32"))
WARM_UP = 4
EACH = int(os.environ.get("EACH", "30"))
CALLER = Caller(actor="bench", network="192.0.2.1")


class Switched(AuditStatements):
    """The audit, with a switch: off, appending does nothing."""

    on = True

    async def append(self, event: AuditEvent) -> None:
        """Append, or not."""
        if Switched.on:
            await super().append(event)


def bind_switched(statements: Statements) -> Aggregates:
    """The aggregates, with the audit that can be switched off."""
    return replace(bind(statements), audit=Switched(statements))


async def families(rt: Runtime, form: str) -> Callable[[], Awaitable[None]]:
    """So many sign-ins that refresh without end; returns what refreshes each of them `EACH` times."""
    audience = f"https://{form}.bench.example"
    new = resources.NewResource(audience=audience, scopes={"read": "Read"}, format=form)  # type: ignore[arg-type]
    await resources.add(new, rt=rt, caller=CALLER)
    app = clients.NewClient(name=form, redirect_uris=("https://app.example/",), audiences=(audience,))
    added = (await clients.add(app, rt=rt, caller=CALLER)).client
    user = await users.add(users.NewUser(username=f"user-{form}"), rt=rt, caller=CALLER)
    who = AuthenticatedClient(added, proved=True)
    new_token = tokens.NewToken(user=user.username, client=form, resource=audience)
    newest: list[str] = []
    for _ in range(FAMILIES):
        issued = (await tokens.issue(new_token, rt=rt, caller=CALLER)).tokens
        newest.append(issued.refresh_token or "")

    async def refresh(number: int) -> None:
        for _ in range(EACH):
            grant = refresh_token.RefreshGrant(newest[number])
            issued = await refresh_token.exchange(grant, who=who, rt=rt, caller=CALLER)
            newest[number] = issued.refresh_token or ""

    async def all_of_them() -> None:
        await asyncio.gather(*(refresh(number) for number in range(FAMILIES)))

    return all_of_them


async def turn(load: Callable[[], Awaitable[None]], sealer: Sealer, kind: str) -> tuple[float, float]:
    """Seconds of one turn, and the processor's seconds in it, over all threads."""
    Switched.on = kind != "off"
    began, busy = time.perf_counter(), time.process_time()
    await load()
    if kind == "on":
        await sealer.seal()
    return time.perf_counter() - began, time.process_time() - busy


async def main() -> None:
    """Run it and print."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = load_settings(data=folder / "data")
        opened = await stack.enter_async_context(open_runtime(settings))
        store = await open_store(settings.database, bind_switched)
        stack.push_async_callback(store.close)
        rt = replace(opened, store=store)
        sealer = Sealer.of(rt)
        report: dict[str, object] = {"rounds": ROUNDS, "tokens_a_turn": FAMILIES * EACH}
        print(f"{ROUNDS} rounds, {FAMILIES * EACH} refreshes a turn; median (middle half)")
        print(
            "cost: tokens a second lost; best: the best quarter of the turns of each, where the machine did nothing else\n"
        )
        heads = {
            "tokens/s": 24,
            "processor µs/token": 26,
            "cost": 26,
            "cost, processor": 26,
            "best": 8,
            "best, processor": 18,
        }
        print(f"{'format':<19}" + "".join(f"{head:>{width}}" for head, width in heads.items()))
        for form in ("opaque", "jwt"):
            Switched.on = True
            load = await families(rt, form)
            turns: dict[str, list[tuple[float, float]]] = {"off": [], "appended": [], "on": []}
            for number in range(-WARM_UP, ROUNDS):
                for name in random.sample(list(turns), 3):
                    measured = await turn(load, sealer, name)
                    await sealer.seal()
                    if number >= 0:
                        turns[name].append(measured)
            for name, measured_ in turns.items():
                rate = _spread([FAMILIES * EACH / clock for clock, _ in measured_], "{:,.0f}")
                processor = _spread([busy * 1e6 / FAMILIES / EACH for _, busy in measured_], "{:,.0f}")
                # Throughput lost: 1 - on/off.
                pairs = list(zip(turns["off"], measured_, strict=True))
                costs = [[1 - without[i] / with_[i] for without, with_ in pairs] for i in (0, 1)]
                shares = "".join(f"{_spread(each, '{:.1%}') if name != 'off' else '':>26}" for each in costs)
                best = [1 - _quick(turns["off"], i) / _quick(measured_, i) for i in (0, 1)]
                shares += f"{best[0]:>8.1%}{best[1]:>18.1%}" if name != "off" else ""
                print(f"{form:<9}{name:<10}{rate:>24}{processor:>26}{shares}")
                if name != "off":
                    medians = [statistics.median(each) for each in costs]
                    report[f"{form}_{name}"] = [round(share, 4) for share in (*medians, *best)]
        print("\n" + json.dumps(report))


def _quick(turns: list[tuple[float, float]], which: int) -> float:
    return statistics.mean(sorted(each[which] for each in turns)[: max(1, len(turns) // 4)])


def _spread(values: list[float], shape: str) -> str:
    low, middle, high = (shape.format(value) for value in statistics.quantiles(values, n=4))
    return f"{middle} ({low}-{high})"


if __name__ == "__main__":
    uvloop.run(main())
