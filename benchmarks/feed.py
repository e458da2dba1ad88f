"""`python -m benchmarks.feed`: what the revocation feed costs, with few tokens alive and with very many.

Both times 10,000 revocations are live. Then `TOKENS` opaque access tokens (10 million unless the environment says otherwise) are
written into the database with SQL, a tenth as many grants behind them; a JWT leaves no row, so its grant is all there is of it. What
hangs on tokens grows between the two columns, what hangs on revocations does not. SQLite; the server is a process of its own, asked
over HTTP by this one. Last, `FOLLOWERS` streams (1,000) of one process: their memory, and the time from a revocation to the last of them.
Needs about 4 GB of disk and some minutes for 10 million.
"""

import asyncio
import json
import os
import secrets
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.whole.apps import App
from tests.whole.servers import BY_TESTS, Server
from tests.whole.thousand import Crowd, memory_kib, processor_s
from tests.whole.wire import Http

from admit.revocations.memory import Memory
from admit_server.flows.admin import clients, resources, tokens
from admit_server.flows.runtime import Runtime

TOKENS = int(os.environ.get("TOKENS", "10000000"))
REVOCATIONS = int(os.environ.get("REVOCATIONS", "10000"))
FOLLOWERS = int(os.environ.get("FOLLOWERS", "1000"))
ROUNDS = int(os.environ.get("ROUNDS", "200"))
GRANTS_EACH = 10
AUDIENCE = "https://opaque.bench.example"

_VERIFIER = """
import re, sys
from admit import Verifier
def rss(): return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1])
with Verifier(issuer=sys.argv[1], audience=sys.argv[2]) as verifier:
    verifier.verify(sys.argv[3])
    print(rss(), len(verifier._revocations.knowledge))
"""


def fill(database: Path, count: int) -> float:
    """Write so many living opaque tokens, and a tenth as many grants; the seconds it took.

    Their keys are numbers in order, since digests would take ten times as long to write; the trees are as deep all the same.
    """
    began, now = time.monotonic(), int(time.time())
    db = sqlite3.connect(database, isolation_level=None)
    db.execute("PRAGMA synchronous=OFF")
    db.execute("PRAGMA cache_size=-2000000")
    again = [
        row[0]
        for row in db.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('access_grant', 'access_token')"
        )
    ]
    for sql in again:
        db.execute(f"DROP INDEX {sql.split()[2]}")
    [template] = db.execute("SELECT grant_id FROM access_token LIMIT 1").fetchone()
    columns = [row[1] for row in db.execute("PRAGMA table_info(access_grant)")]
    copied = ", ".join("printf('grt_%022d', n)" if name == "id" else name for name in columns)
    numbers = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)"
    db.execute("BEGIN")
    db.execute(
        f"INSERT INTO access_grant {numbers} SELECT {copied} FROM numbers, access_grant WHERE id = ?",
        (count // GRANTS_EACH, template),
    )
    names = "digest, id, grant_id, client_id, user_id, session_id, audience, scopes, issued_at, expires_at, revoked_at"
    db.execute(
        f"""INSERT INTO access_token ({names}) {numbers}
            SELECT CAST(printf('%032d', n) AS BLOB), printf('tok_%022d', n), printf('grt_%022d', 1 + n / {GRANTS_EACH}), client_id, user_id,
                   session_id, audience, scopes, {now}, {now + 86_400}, NULL
              FROM numbers, (SELECT * FROM access_token LIMIT 1)""",
        (count,),
    )
    db.execute("COMMIT")
    for sql in again:
        db.execute(sql)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return time.monotonic() - began


async def revoke(rt: Runtime, count: int) -> None:
    """Publish so many."""
    for _ in range(0, count, 500):

        async def unit(tx: Any) -> None:
            for _ in range(500):
                await tx.feed.publish(secrets.token_urlsafe(16), until=rt.clock() + 7200, nonce="n", now=rt.clock())

        await rt.store.write(unit)
    rt.on_revocation()


async def set_up(rt: Runtime) -> dict[str, str]:
    """A resource of opaque tokens, and who asks for them; the credentials that introspect them."""
    reader = await clients.add(clients.NewClient(name="reader", grant_types=frozenset()), rt=rt, caller=BY_TESTS)
    new = resources.NewResource(audience=AUDIENCE, scopes={"read": "Read"}, format="opaque", client=reader.client.id)
    await resources.add(new, rt=rt, caller=BY_TESTS)
    app = clients.NewClient(name="asks", redirect_uris=("https://app.example/",), audiences=(AUDIENCE,))
    await clients.add(app, rt=rt, caller=BY_TESTS)
    return {"client_id": reader.client.id, "client_secret": reader.secret or ""}


def median_ms(times: int, work: Callable[[], None]) -> float:
    """Of so many calls."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return 1000 * statistics.median(took)


def measure(server: Server, credentials: dict[str, str]) -> dict[str, float]:
    """Everything that might hang on how many tokens there are."""
    assert server.program is not None
    pid = server.program.process.pid
    new = tokens.NewToken(user="demo", client="asks", resource=AUDIENCE)
    issued = server.administer(lambda rt: tokens.issue(new, rt=rt, caller=BY_TESTS)).tokens.access_token
    figures: dict[str, float] = {"server's memory, MiB": memory_kib(pid) / 1024}
    with Http(server.url) as http:

        def introspect() -> None:
            assert http.post("/introspect", {"token": issued} | credentials).json["active"]

        introspect()
        figures["introspection, ms"] = median_ms(ROUNDS, introspect)

        def snapshot() -> None:
            # Not one that is shared: something was revoked since.
            server_revokes()
            began = time.perf_counter()
            body = http.get("/revocations").body
            snapshots.append(time.perf_counter() - began)
            sizes.append(len(body))

        def server_revokes() -> None:
            app.revoke(app.sign_in().access)

        snapshots: list[float] = []
        sizes: list[int] = []
        app = App(server)
        for _ in range(10):
            snapshot()
        figures["snapshot, ms"] = 1000 * statistics.median(snapshots)
        figures["snapshot, kB"] = sizes[-1] / 1000
    signing_out = []
    for _ in range(20):
        ticket = app.sign_in()
        began = time.perf_counter()
        app.log_out(str(ticket.id_token))
        signing_out.append(time.perf_counter() - began)
    figures["sign-out, ms"] = 1000 * statistics.median(signing_out)
    figures["server's memory after, MiB"] = memory_kib(pid) / 1024
    command = [sys.executable, "-c", _VERIFIER, server.url, server.demo_api, app.sign_in().access]
    rss, handles = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    figures["verifier's process, MiB"] = int(rss) / 1024
    figures["handles that it holds"] = int(handles)
    app.close()
    return figures


def bytes_a_handle(count: int) -> float:
    """What one revocation costs a verifier."""
    entries = [{"handle": secrets.token_urlsafe(16), "until": time.time() + 600} for _ in range(count)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    memory = Memory()
    for entry in entries:
        memory.add({"handle": entry["handle"], "until": json.loads(json.dumps(entry["until"]))})
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before) / len(memory)


async def crowd(server: Server) -> None:
    """Many followers of one process."""
    assert server.program is not None
    pid = server.program.process.pid
    before, worked = memory_kib(pid), processor_s(pid)
    followers = Crowd(server.url, FOLLOWERS)
    came = await followers.come()
    print(
        f"{FOLLOWERS} followers with a whole snapshot each: {came:.1f} s, {processor_s(pid) - worked:.1f} s of the server's processor, "
        f"{(memory_kib(pid) - before) / 1024:.0f} MiB"
    )
    app, lasts, firsts, busy = App(server), [], [], []
    told = followers.followers[0].heard[b"revoked"]
    for number in range(20):
        ticket = await asyncio.to_thread(app.sign_in)
        worked, began = processor_s(pid), time.monotonic()
        await asyncio.to_thread(app.revoke, ticket.access)
        heard = await followers.heard(b"revoked", told + number + 1)
        firsts.append(1000 * (min(heard) - began))
        lasts.append(1000 * (max(heard) - began))
        busy.append(1000 * (processor_s(pid) - worked))
    print(
        f"revoked to the first of them: median {statistics.median(firsts):.0f} ms; to the last: {statistics.median(lasts):.0f} ms, "
        f"worst {max(lasts):.0f} ms; the server's processor: {statistics.mean(busy):.0f} ms"
    )
    followers.go()
    app.close()


def main() -> None:
    """Run it and print."""
    with tempfile.TemporaryDirectory(prefix="admit-feed-") as folder:
        server = Server(Path(folder) / "data")
        server.start()
        try:
            credentials = server.administer(set_up)
            server.administer(lambda rt: revoke(rt, REVOCATIONS))
            server.stop()
            server.start()
            columns = [measure(server, credentials)]
            server.stop()
            took = fill(server.data / "admit.db", TOKENS)
            size = (server.data / "admit.db").stat().st_size / 1e9
            print(f"{TOKENS:,} tokens written in {took:.0f} s; the database is {size:.1f} GB")
            print(f"the server is ready after {server.start():.1f} s\n")
            columns.append(measure(server, credentials))
            print(f"{'':<30}{'no others':>14}{TOKENS:>14,}")
            for name in columns[0]:
                print(f"{name:<30}" + "".join(f"{column[name]:>14.2f}" for column in columns))
            print(f"\na handle costs a verifier {bytes_a_handle(REVOCATIONS):.0f} bytes")
            asyncio.run(crowd(server))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
