"""The rounds: every contestant in turn, one after the other, on the same tokens."""

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import tokens
from .contestants import CONTESTANTS, ROOT, Contestant
from .goals import primitive

COUNTS = {"HS256": 1500, "RS256": 300, "ES256": 500, "PS256": 300, "Ed25519": 500}
WARM = 100
ISSUED = ("HS256", "ES256", "RS256")
CACHED = 100_000
_TRACED = 20_000


@dataclass
class Results:
    """Nanoseconds (or bytes, or seconds) of each round, by row and contestant.

    Attributes:
        rows: "first HS256", "again HS256", "issue HS256", "import": contestant -> a figure per round.
        versions: Of what each contestant stands on.
        missing: Why a contestant has no row of an algorithm.
        accepts: Doubtful tokens that a contestant takes.
        barred: Contestants that took a bad token, and which.
    """

    rows: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, dict[str, str]] = field(default_factory=dict)
    accepts: dict[str, list[str]] = field(default_factory=dict)
    barred: dict[str, list[str]] = field(default_factory=dict)

    def add(self, row: str, name: str, figure: float) -> None:
        """Note a figure."""
        self.rows.setdefault(row, {}).setdefault(name, []).append(figure)


class Process:
    """A worker at the other end of two pipes."""

    def __init__(self, contestant: Contestant, *, core: int | None) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self._process = subprocess.Popen(
            [str(contestant.python), "-W", "ignore", "-m", "benchmarks.peers.worker", contestant.adapter],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
            preexec_fn=lambda: pin(core),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout

    def ask(self, what: str, **arguments: Any) -> Any:
        """Have something done.

        Raises:
            RuntimeError: It could not be done.
        """
        self._to.write(json.dumps({"do": what, **arguments}) + "\n")
        self._to.flush()
        line = self._from.readline()
        answer = json.loads(line) if line else {"error": "the worker is gone"}
        if "error" in answer:
            raise RuntimeError(f"{what}: {answer['error']}")
        return answer["is"]

    def close(self) -> None:
        """Let it end."""
        self._to.close()
        self._from.close()
        self._process.wait()


def run(rounds: int, *, contestants: tuple[Contestant, ...] = CONTESTANTS, note: Any = lambda text: None) -> Results:
    """Judge, then race."""
    core = 0 if (os.cpu_count() or 1) > 1 else None
    if core is not None:
        pin(1)
    keys = {alg: tokens.make_keys(alg) for alg in tokens.ALGORITHMS}
    results = Results()
    workers = {each.name: Process(each, core=core) for each in contestants}
    try:
        for name, worker in workers.items():
            _introduce(name, worker, keys, results)
        with tempfile.TemporaryDirectory() as folder:
            for number in range(rounds):
                note(f"round {number + 1} of {rounds}")
                _round(number, Path(folder), keys, workers, results)
    finally:
        for worker in workers.values():
            worker.close()
    _imports(rounds, contestants, core, keys["RS256"], results)
    note("memory")
    _memory(contestants, core, keys, results)
    return results


def judged(worker: Process, keys: dict[str, tokens.Keys], algorithms: list[str]) -> tuple[list[str], list[str]]:
    """Return what a contestant does wrong, and which doubtful tokens it takes."""
    wrong: list[str] = []
    takes: dict[str, list[str]] = {}
    for alg in algorithms:
        fine = tokens.good(keys[alg], first=0, count=2)
        wrong += [f"{alg}: refuses a good token: {why}" for why in worker.ask("judge", alg=alg, tokens=fine) if why]
        refused = tokens.bad(keys[alg])
        answers = worker.ask("judge", alg=alg, tokens=list(refused.values()))
        wrong += [f"{alg}: takes a token {what}" for what, why in zip(refused, answers, strict=True) if why is None]
        maybe = tokens.doubtful(keys[alg])
        answers = worker.ask("judge", alg=alg, tokens=list(maybe.values()))
        for what, why in zip(maybe, answers, strict=True):
            if why is None:
                takes.setdefault(what, []).append(alg)
    return wrong, [what + ("" if taken == algorithms else f" ({', '.join(taken)})") for what, taken in takes.items()]


def pin(core: int | None) -> None:
    """Keep this process on one core, where the system lets us."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [core])


def _introduce(name: str, worker: Process, keys: dict[str, tokens.Keys], results: Results) -> None:
    answer = worker.ask("open", keys={alg: each.as_json() for alg, each in keys.items()})
    results.versions[name], results.missing[name] = answer["versions"], answer["missing"]
    if name in ("cryptography", "libsodium"):
        return
    algorithms = [alg for alg in keys if alg not in answer["missing"]]
    wrong, results.accepts[name] = judged(worker, keys, algorithms)
    for alg in set(ISSUED) & set(algorithms):
        (why,) = worker.ask("judge", alg=alg, tokens=[worker.ask("issued", alg=alg)])
        wrong += [f"{alg}: issues what it refuses itself: {why}"] if why else []
    if wrong:
        results.barred[name] = wrong


def _round(
    number: int, folder: Path, keys: dict[str, tokens.Keys], workers: dict[str, Process], results: Results
) -> None:
    for alg in tokens.ALGORITHMS:
        path = folder / f"{alg}-{number}"
        count = COUNTS[alg] + WARM
        path.write_text("\n".join(tokens.good(keys[alg], first=1000 + number * count, count=count)))
        for name, worker in _racing(alg, workers, results):
            results.add(f"first {alg}", name, worker.ask("first", alg=alg, path=str(path), warm=WARM))
        _beside_bare(number, folder, keys[alg], workers, results)
        if alg == "HS256":
            for name, worker in _racing(alg, workers, results):
                results.add(f"again {alg}", name, worker.ask("again", alg=alg, path=str(path), seconds=0.03))
        if alg in ISSUED:
            for name, worker in _racing(alg, workers, results):
                results.add(f"issue {alg}", name, worker.ask("issue", alg=alg, seconds=0.03))


def _beside_bare(number: int, folder: Path, keys: tokens.Keys, workers: dict[str, Process], results: Results) -> None:
    alg, count = keys.alg, COUNTS[keys.alg] // 2 + WARM
    path = folder / f"{alg}-bare-{number}"
    path.write_text("\n".join(tokens.good(keys, first=10_000_000 + number * count, count=count)))
    for name, worker in _racing(alg, workers, results):
        if not name.startswith("admit"):
            continue
        own, share = worker.ask(
            "beside_bare", alg=alg, bare=adapter_of(primitive(alg, name)), path=str(path), warm=WARM
        )
        results.add(f"on top first {alg}", name, own)
        results.add(f"share first {alg}", name, share)
        if alg in ISSUED:
            own, share = worker.ask("issue_beside_bare", alg=alg, bare="bare")
            results.add(f"on top issue {alg}", name, own)
            results.add(f"share issue {alg}", name, share)


def adapter_of(name: str) -> str:
    """The adapter of a contestant."""
    return next(each.adapter for each in CONTESTANTS if each.name == name)


def _racing(alg: str, workers: dict[str, Process], results: Results) -> list[tuple[str, Process]]:
    return [
        (name, each)
        for name, each in workers.items()
        if alg not in results.missing[name] and name not in results.barred
    ]


def _imports(
    rounds: int, contestants: tuple[Contestant, ...], core: int | None, keys: tokens.Keys, results: Results
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one"
        (token,) = tokens.good(keys, first=1, count=1)
        path.write_text(json.dumps({"alg": keys.alg, "keys": keys.as_json(), "token": token}))
        for number in range(rounds + 1):
            for each in contestants:
                if each.module is None or each.name in results.barred:
                    continue
                bare = _processor_s(each, ["-c", "pass"], core)
                full = _processor_s(each, ["-c", f"import {each.module}"], core)
                checked = _processor_s(each, ["-m", "benchmarks.peers.worker", each.adapter, str(path)], core)
                if number:  # the first turn only writes the byte code
                    results.add("import", each.name, full - bare)
                    results.add("first check", each.name, checked - bare)


def _processor_s(contestant: Contestant, arguments: list[str], core: int | None) -> float:
    command = [str(contestant.python), "-W", "ignore", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    process = subprocess.Popen(command, env=environment, cwd=ROOT, preexec_fn=lambda: pin(core))
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{contestant.name}: {arguments} fails")
    return used.ru_utime + used.ru_stime


def _memory(
    contestants: tuple[Contestant, ...], core: int | None, keys: dict[str, tokens.Keys], results: Results
) -> None:
    for each in contestants:
        if each.adapter != "admit" or each.name in results.barred:
            continue
        for count, traced in ((CACHED, False), (_TRACED, True)):
            worker = Process(each, core=core)
            try:
                worker.ask("open", keys={"HS256": keys["HS256"].as_json() | {"cached": count}})
                held = worker.ask("memory", count=count, traced=traced)
            finally:
                worker.close()
            results.add("memory traced" if traced else "memory", each.name, held * CACHED / count)
