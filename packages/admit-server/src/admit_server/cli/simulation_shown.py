"""How a simulation is shown."""

from typing import Any

from ..domain.decision import Decision
from ..flows.admin.simulation import ALLOWED, OTHERWISE, REFUSED, UNKNOWN, Change, Group, Simulation
from ..flows.replay import REASONS
from . import limits, output

_WORDS = {
    REFUSED: "newly refused",
    ALLOWED: "newly allowed",
    OTHERWISE: "refused otherwise",
    UNKNOWN: "can't be told",
}
_MOST_GROUPS = 20
UNSEEN = "JWTs that libraries accept by themselves are never seen by the server: only that they were issued is in these records."


def as_text(found: Simulation) -> str:
    """The answer for people."""
    kinds = ", ".join(f"{amount} {kind}" for kind, amount in sorted(found.kinds.items()))
    head = output.record(
        [
            ("policy", found.name),
            ("as it is", limits.in_one_line(found.current) or "none"),
            ("as it would be", limits.in_one_line(found.candidate) or "none"),
            ("decisions", f"{found.total}{f' ({kinds})' if kinds else ''}"),
            ("it had a part in", str(found.concerned)),
            *((_WORDS[outcome], str(found.outcomes[outcome])) for outcome in _WORDS),
            ("affected", f"{found.people} people, {found.applications} applications" if found.changes else "nobody"),
        ]
    )
    parts = [head]
    if not found.changes:
        parts.append(
            "Nothing would change." if not found.outcomes[UNKNOWN] else "Nothing that can be told would change."
        )
    if found.groups:
        parts.append(
            output.table(
                ("decisions", "outcome", "from", "to", "user", "client", "resource"),
                [_row(group) for group in found.groups[:_MOST_GROUPS]],
            )
        )
    if found.unknown:
        reasons = [(str(amount), REASONS[why]) for why, amount in found.unknown.most_common()]
        parts.append(output.table(("decisions", "not told by the records"), reasons))
    if found.examples:
        shown = [_example(change, found.names) for change in found.examples]
        parts.append(output.table(("at", "outcome", "code", "who", "what", "from where", "grant"), shown))
    return "\n\n".join(parts)


def _row(group: Group) -> tuple[str, ...]:
    first = group.first
    return (
        str(group.amount),
        _WORDS[first.outcome],
        (first.why and "?") or first.before or "allowed",
        (first.why and "?") or first.after or "allowed",
        group.user or first.user_id or "-",
        group.client or first.client_id or "-",
        first.resource or "-",
    )


def _example(change: Change, names: dict[str, str]) -> tuple[str, ...]:
    decision = change.decision
    return (
        output.when(decision.at),
        _WORDS[change.outcome],
        change.after or change.before,
        names.get(change.user_id or change.client_id or "", "-"),
        _what(decision),
        decision.address or "-",
        decision.grant_id or "-",
    )


def _what(decision: Decision) -> str:
    tried = f"{decision.method} {decision.path}" if decision.method and decision.path else decision.action
    return f"{decision.kind}: {tried}" if tried else decision.kind


def as_document(found: Simulation) -> dict[str, Any]:
    """The JSON of the answer. Times are seconds since 1970."""
    return {
        "policy": found.name,
        "current": found.current.as_dict(),
        "candidate": found.candidate.as_dict(),
        "since": found.since,
        "recorded_since": found.recorded_since,
        "decisions": found.total,
        "by_kind": dict(sorted(found.kinds.items())),
        "not_recorded": found.dropped,
        "concerned": found.concerned,
        "changes": found.changes,
        **{outcome: found.outcomes[outcome] for outcome in _WORDS},
        "unknown_because": dict(sorted(found.unknown.items())),
        "untold": list(found.untold),
        "affected": {"users": found.people, "clients": found.applications},
        "groups": [_group(group) for group in found.groups],
        "examples": [_change(change) for change in found.examples],
        "unseen": UNSEEN,
    }


def _group(group: Group) -> dict[str, Any]:
    first = group.first
    return {
        "outcome": first.outcome,
        "amount": group.amount,
        "before": first.before or None,
        "after": first.after or None,
        "because": first.why or None,
        "user_id": first.user_id,
        "username": group.user,
        "client_id": first.client_id,
        "client": group.client,
        "resource": first.resource,
        "first": _change(first),
    }


def _change(change: Change) -> dict[str, Any]:
    decision = change.decision
    return {
        "at": decision.at,
        "outcome": change.outcome,
        "decision": decision.kind,
        "before": change.before or None,
        "after": change.after or None,
        "because": change.why or None,
        "method": decision.method,
        "path": decision.path,
        "action": decision.action,
        "address": decision.address,
        "rule": decision.rule,
        "token_id": decision.token_id or None,
        "grant_id": decision.grant_id,
        "user_id": change.user_id,
        "client_id": change.client_id,
        "resource": change.resource,
    }
