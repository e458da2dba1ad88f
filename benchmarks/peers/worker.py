"""One contestant: reads a command a line, answers a line. Runs in the contestant's environment; times with the process's own clock.

Times are seconds of processor, not of the wall: waiting for the core does not count.
"""

import base64
import gc
import hashlib
import hmac
import json
import os
import statistics
import sys
import time
import tracemalloc
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from . import adapters

_CHUNK = 64
_TURN = 20


class Worker:
    """Keeps what was opened, and does what it is told."""

    def __init__(self, adapter: str) -> None:
        self._adapter = adapter
        self._keys: dict[str, dict[str, Any]] = {}
        self._ways: dict[str, tuple[Any, ...]] = {}

    def open(self, keys: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Load the keys of each algorithm; say which this library has, and its versions."""
        missing = {}
        for alg, each in keys.items():
            for name in ("secret", "public_pem", "private_pem"):
                each[name] = base64.b64decode(each[name])
            try:
                self._ways[alg] = getattr(adapters, self._adapter)(alg, each)
            except Exception as error:
                missing[alg] = f"{type(error).__name__}: {error}"[:200]
        self._keys = keys
        return {"missing": missing, "versions": _versions(adapters.PACKAGES[self._adapter])}

    def judge(self, alg: str, tokens: list[str]) -> list[str | None]:
        """Say of each token why it is refused; None where it is taken."""
        check = self._ways[alg][0]
        return [_refusal(check, token) for token in self._prepared(alg, tokens)]

    def first(self, alg: str, path: str, warm: int) -> float:
        """Check each token of a file once; nanoseconds a token, those that warm up left out."""
        check = self._ways[alg][0]
        with open(path) as file:
            tokens = self._prepared(alg, file.read().split())
        for token in tokens[:warm]:
            check(token)
        timed = tokens[warm:]
        began = time.process_time_ns()
        for token in timed:
            check(token)
        return (time.process_time_ns() - began) / len(timed)

    def again(self, alg: str, path: str, seconds: float) -> float:
        """Check the same tokens over and over; nanoseconds a token."""
        ways = self._ways[alg]
        check = ways[2] if len(ways) > 2 else ways[0]
        with open(path) as file:
            tokens = self._prepared(alg, file.read().split()[:_CHUNK])
        for token in tokens:
            check(token)
        return _rate(lambda: [check(token) for token in tokens], len(tokens), seconds)

    def issue(self, alg: str, seconds: float) -> float:
        """Issue tokens; nanoseconds a token."""
        make = self._ways[alg][1]()
        numbers = range(16)
        for _ in numbers:
            make()
        return _rate(lambda: [make() for _ in numbers], len(numbers), seconds)

    def beside_bare(self, alg: str, bare: str, path: str, warm: int) -> list[float]:
        """Check tokens and their bare signatures by turns, a few of each, in this one process.

        Returns:
            What ours takes on top (nanoseconds) and the share of the bare one in ours: medians over turns.
        """
        check, primitive = self._ways[alg][0], Worker(bare)
        primitive.take(alg, self._keys[alg])
        with open(path) as file:
            tokens = file.read().split()
        pairs, bare_check = primitive._prepared(alg, tokens), primitive._ways[alg][0]
        for token in tokens[:warm]:
            check(token)
        turns = [(tokens[k : k + _TURN], pairs[k : k + _TURN]) for k in range(warm, len(tokens) - _TURN + 1, _TURN)]
        return _medians(
            [
                (lambda some=some: [check(one) for one in some], lambda some=those: [bare_check(one) for one in some])
                for some, those in turns
            ],
            _TURN,
        )

    def issue_beside_bare(self, alg: str, bare: str) -> list[float]:
        """Issue tokens and make bare signatures by turns, in this one process.

        Returns:
            What ours takes on top (nanoseconds) and the share of the bare one in ours: medians over turns.
        """
        make, primitive = self._ways[alg][1](), Worker(bare)
        primitive.take(alg, self._keys[alg])
        bare_make, numbers = primitive._ways[alg][1](), range(8)
        turn = (lambda: [make() for _ in numbers], lambda: [bare_make() for _ in numbers])
        return _medians([turn] * 16, len(numbers))

    def take(self, alg: str, keys: dict[str, Any]) -> None:
        """Load the keys of one algorithm, read already."""
        self._ways[alg] = getattr(adapters, self._adapter)(alg, keys)

    def issued(self, alg: str) -> str:
        """Issue one token."""
        made = self._ways[alg][1]()()
        return made if isinstance(made, str) else made.decode("latin-1") if isinstance(made, bytes) else ""

    def memory(self, count: int, traced: bool) -> float:
        """Check that many different tokens, each twice; bytes that the process then holds more than before."""
        check, keys = self._ways["HS256"][0], self._keys["HS256"]
        check(_minted(keys, -1))
        gc.collect()
        if traced:
            tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0] if traced else _resident()
        for number in range(count):
            token = _minted(keys, number)
            for _ in range(2):  # a verifier may remember from the second time on
                check(token)
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] if traced else _resident()) - before

    def _prepared(self, alg: str, tokens: list[str]) -> list[Any]:
        if self._adapter not in ("bare", "libsodium"):
            return tokens
        pairs = [_taken_apart(alg, token) for token in tokens]
        return pairs if self._adapter == "bare" else [signature + data for signature, data in pairs]


def _medians(turns: list[tuple[Any, Any]], size: int) -> list[float]:
    ours, theirs = [], []
    for mine, other in turns:
        began = time.process_time_ns()
        mine()
        between = time.process_time_ns()
        other()
        ours.append((between - began) / size)
        theirs.append((time.process_time_ns() - between) / size)
    # Of the difference, not the difference of medians: what the machine did to one turn it did to the one beside it as well.
    own = statistics.median(mine - other for mine, other in zip(ours, theirs, strict=True))
    share = statistics.median(other / mine for mine, other in zip(ours, theirs, strict=True))
    return [own, share]


def _rate(turn: Any, size: int, seconds: float) -> float:
    done, began = 0, time.process_time_ns()
    until = began + int(seconds * 1e9)
    while True:
        turn()
        done += size
        if (now := time.process_time_ns()) >= until:
            return (now - began) / done


def _taken_apart(alg: str, token: str) -> tuple[bytes, bytes]:
    data, _, text = token.rpartition(".")
    signature = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if alg == "ES256":
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        signature = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    return signature, data.encode()


def _minted(keys: dict[str, Any], number: int) -> str:
    now = int(time.time())
    header = {"alg": "HS256", "typ": "at+jwt", "kid": keys["kid"]}
    claims = {**keys["claims"], "iat": now, "nbf": now, "exp": now + 600, "jti": f"{number:022}"}
    text = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{text}.{_base64url(hmac.digest(keys['secret'], text.encode(), hashlib.sha256))}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _refusal(check: adapters.Checker, token: Any) -> str | None:
    try:
        check(token)
    except Exception as error:
        return type(error).__name__
    return None


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def _versions(names: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            pass
    return found


def once(adapter: str, path: str) -> None:
    """Load a key and check one token: what a process has to import before its first answer."""
    with open(path) as file:
        given = json.load(file)
    worker = Worker(adapter)
    worker.open({given["alg"]: given["keys"]})
    (refused,) = worker.judge(given["alg"], [given["token"]])
    sys.exit(refused)


def main() -> None:
    """Answer until the other side closes; or, with the path of a key and a token, check that one."""
    if len(sys.argv) > 2:
        once(sys.argv[1], sys.argv[2])
    # What a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer: dict[str, Any] = {"is": getattr(worker, command.pop("do"))(**command)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
