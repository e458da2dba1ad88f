"""The results as a table for the terminal, one JSON document, and the page docs/reference/performance.md."""

import json
import os
import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

from .contestants import CONTESTANTS
from .goals import GOALS, Goal, Outcome, outcome, ratio
from .race import CACHED, Results
from .tokens import ALGORITHMS, PAYLOAD_BYTES

_FIRST = tuple(f"first {alg}" for alg in ALGORITHMS)
_TIMED = (*_FIRST, "again HS256", "issue HS256", "issue ES256", "issue RS256")
_BASIS = "PyJWT 2.15"
_PREFACE = (
    "Written by `make bench-peers`; run it on a machine of yours before you believe a figure. What counts are ratios: all contestants",
    "took turns on the same tokens in one run, each in a process and environment of its own, pinned to one core.",
)
_TOKENS = (
    f"The tokens are access tokens in the form of RFC 9068 with a payload of {PAYLOAD_BYTES} bytes. Checked are the signature, `iss`,",
    "`aud`, `exp` and `nbf`, with keys that were parsed beforehand. `admit` is the whole `Verifier`, which also checks the type, every",
    "registered claim and the revocations (but for new HS256 tokens: a service that has a secret alone follows none). The peers are",
    'called in the shortest way of their documentation. What is called "never seen" counts every token once, so no cache helps. Issuing',
    "gives each token a `jti` and times of its own. Times are of the",
    "processor: waiting for it does not count. A busy machine makes tokens dearer all the same, by its caches: by half at a load of 8 on",
    "two cores; ratios suffer less.",
)
_JUDGED = (
    "Before a contestant is timed it has to take good tokens and refuse bad ones: expired, not yet valid, for another audience, of another",
    "issuer, signed by another key, with the payload of another, with one bit of the signature turned, with `alg: none`, and signed with",
    'the public key as an HMAC secret. Who takes one of these is not timed. The column "takes" lists what a strict check refuses and this',
    "call does not.",
)


def document(results: Results, *, rounds: int) -> dict[str, Any]:
    """Everything, for programs."""
    outcomes = [outcome(goal, results.rows) for goal in GOALS]
    return {
        "machine": machine(),
        "rounds": rounds,
        "versions": results.versions,
        "unit": {
            "first, again, issue": "ns of processor a token",
            "import, first check": "s of a whole process over bare Python",
            "memory": "bytes",
        },
        "rows": {
            row: {
                name: {
                    "median": _short(statistics.median(figures)),
                    "min": _short(min(figures)),
                    "max": _short(max(figures)),
                }
                for name, figures in by_name.items()
            }
            for row, by_name in results.rows.items()
        },
        "missing": results.missing,
        "accepts": results.accepts,
        "barred": results.barred,
        "goals": [
            {
                "goal": wording(each.goal),
                "found": None if each.found is None else _short(each.found),
                "reached": each.reached,
            }
            for each in outcomes
        ],
    }


def text(results: Results, *, rounds: int) -> str:
    """For the terminal."""
    parts = [
        f"{rounds} rounds; microseconds of processor a token (median), and in brackets how many times as fast as {_BASIS}",
        "",
        _aligned(_table(results)),
        "",
        _aligned(_others(results)),
        "",
        _aligned(_goal_rows(results)),
    ]
    for name, wrong in results.barred.items():
        parts += ["", f"{name} is not timed:", *(f"  {each}" for each in wrong)]
    return "\n".join(parts)


def page(results: Results, *, rounds: int) -> str:
    """The page of the reference."""
    where = machine()
    lines = [
        "# Performance of the library",
        "",
        *_PREFACE,
        "",
        f"Measured on {where['date']}: {where['processor']}, {where['cores']} cores, {where['system']}, Python {where['python']}, "
        f"{rounds} rounds. Load of the machine when it ended: {where['load']}.",
        "",
        *_TOKENS,
        "",
        "## Microseconds a token",
        "",
        f"Median over rounds; in brackets how many times as fast as {_BASIS}. Less is better. `cryptography` and `libsodium` are the",
        "bare signature check, or the bare signing: the floor.",
        "",
        *_markdown(_table(results)),
        "",
        "## Start and memory",
        "",
        *_markdown(_others(results)),
        "",
        "## Goals",
        "",
        "What is said of the bare check was measured by turns of a few tokens within one process, so that both meet the same machine.",
        "",
        *_markdown(_goal_rows(results)),
        "",
        "## Who raced",
        "",
        *_markdown(_who(results)),
        "",
        *_JUDGED,
    ]
    for name, wrong in results.barred.items():
        lines += ["", f"{name} was not timed: {'; '.join(wrong)}."]
    return "\n".join(lines) + "\n"


def machine() -> dict[str, Any]:
    """Where and when."""
    processor = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
        processor = names[0] if names else processor
    except OSError:
        pass
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": processor,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def wording(goal: Goal) -> str:
    """A goal in words."""
    what = f"{goal.who}: {_heading(goal.row)}"
    match goal.kind:
        case "times as fast as":
            return f"{what}, at least {goal.value:g}x {goal.against}"
        case "of the bare":
            return f"{what}, at least {goal.value:.2f} of the bare {goal.against}"
        case "on top of":
            return f"{what}, at most {goal.value:g} µs on top of the bare {goal.against}"
        case _:
            return f"{what}, at most {goal.value:g} {goal.unit[0]}"


def _heading(row: str) -> str:
    kind, _, alg = row.partition(" ")
    words = {"first": "never seen", "again": "seen before", "issue": "issue", "memory": f"{CACHED:,} cached tokens"}
    return f"{words.get(kind, kind)} {alg}".strip()


def _table(results: Results) -> list[list[str]]:
    table = [["", *(_heading(row) for row in _TIMED)]]
    for each in CONTESTANTS:
        if each.name in results.barred:
            continue
        table.append([each.name, *(_cell(results, row, each.name) for row in _TIMED)])
    return table


def _cell(results: Results, row: str, name: str) -> str:
    figures = results.rows.get(row, {}).get(name)
    if not figures:
        return "-"
    times = ratio(results.rows, row, name, _BASIS)
    return f"{statistics.median(figures) / 1000:.1f}" + ("" if times is None else f" ({times:.1f})")


def _others(results: Results) -> list[list[str]]:
    heads = (
        "import, ms over bare Python",
        "import, load a key, check one RS256 token",
        f"{CACHED:,} cached tokens, MiB",
        "the same by tracemalloc",
    )
    table = [["", *heads]]
    for each in CONTESTANTS:
        cells = []
        for row, unit in (("import", 0.001), ("first check", 0.001), ("memory", 2**20), ("memory traced", 2**20)):
            figures = results.rows.get(row, {}).get(each.name)
            cells.append(f"{statistics.median(figures) / unit:.1f}" if figures else "-")
        if cells[0] != "-":
            table.append([each.name, *cells])
    return table


def _goal_rows(results: Results) -> list[list[str]]:
    return [["goal", "found", ""], *(_goal_row(outcome(goal, results.rows)) for goal in GOALS)]


def _goal_row(each: Outcome) -> list[str]:
    words = {True: "reached", False: "missed", None: "not measured"}
    return [wording(each.goal), "-" if each.found is None else f"{each.found:.2f}", words[each.reached]]


def _who(results: Results) -> list[list[str]]:
    table = [["", "versions", "takes", "remark"]]
    for each in CONTESTANTS:
        versions = ", ".join(f"{name} {found}" for name, found in results.versions.get(each.name, {}).items())
        missing = ", ".join(results.missing.get(each.name, {}))
        remark = "; ".join(part for part in (each.remark, f"no {missing}" if missing else "") if part)
        table.append([each.name, versions, "; ".join(results.accepts.get(each.name, ())), remark])
    return table


def _markdown(table: Sequence[Sequence[str]]) -> list[str]:
    head, *rows = table
    return [f"| {' | '.join(head)} |", "|" + " --- |" * len(head), *(f"| {' | '.join(row)} |" for row in rows)]


def _aligned(table: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def _short(figure: float) -> float:
    return float(f"{figure:.4g}")


def as_json(found: Mapping[str, Any]) -> str:
    """One line."""
    return json.dumps(found)
