"""One of several processes that race for the same rows. Not a test: `test_races.py` starts it.

`python racing_process.py DATABASE PARALLEL`, then a digest (hex) a line on standard input: it answers each with the number of
its `PARALLEL` attempts that won.
"""

import asyncio
import sys

from admit_server.storage.open import open_store

CONSUME = """UPDATE authorization_code SET consumed_at = :now
              WHERE digest = :digest AND client_id = :client_id AND consumed_at IS NULL
          RETURNING grant_id"""


def consuming(digest):
    async def unit(tx):
        return len(await tx.all(CONSUME, digest=digest, client_id="cli_1", now=2))

    return unit


async def main(database: str, parallel: int) -> None:
    store = await open_store(database, lambda statements: statements)
    await store.head_seq()
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        wins = await asyncio.gather(*(store.write(consuming(bytes.fromhex(line))) for _ in range(parallel)))
        print(sum(wins), flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
