"""Verifiers in a process of their own. Not a test: `Watchers` in feeds.py starts it.

`python watching.py ISSUER AUDIENCE COUNT`, then an access token a line on standard input. Each of its `COUNT` verifiers, every one
with a follower of its own, has to accept the token; `ready` says that all did. From then on each is asked again and again, until
each has refused; the answer is a line of JSON: for each the moment of its refusal (`time.monotonic`, which all processes of a
machine share) and its code.
"""

import json
import sys
import time

from admit import TokenRejected, Verifier

# Between two rounds of asking. Finer would take the processor from those who are measured.
PAUSE_S = 0.003
PATIENCE_S = 15


def until_refused(verifiers: list[Verifier], token: str) -> list[tuple[float, str]]:
    refused: dict[int, tuple[float, str]] = {}
    ends_at = time.monotonic() + PATIENCE_S
    while len(refused) < len(verifiers) and time.monotonic() < ends_at:
        for number, verifier in enumerate(verifiers):
            if number in refused:
                continue
            try:
                verifier.verify(token)
            except TokenRejected as error:
                refused[number] = (time.monotonic(), error.code)
        time.sleep(PAUSE_S)
    return [refused.get(number, (float("inf"), "accepted")) for number in range(len(verifiers))]


def main(issuer: str, audience: str, count: int) -> None:
    verifiers = [Verifier(issuer=issuer, audience=audience) for _ in range(count)]
    while line := sys.stdin.readline():
        token = line.strip()
        for verifier in verifiers:
            verifier.verify(token)
        print("ready", flush=True)
        print(json.dumps(until_refused(verifiers, token)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
