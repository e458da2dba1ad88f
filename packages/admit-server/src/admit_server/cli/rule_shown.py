"""How `admit rule` shows a rule, and what would be answered."""

from typing import Any

from ..domain.check_rule import CheckRule
from ..flows import check
from ..flows.verdict import Denied, MayPass
from . import output


def as_document(rule: CheckRule) -> dict[str, Any]:
    """The JSON of a rule."""
    return {
        "id": rule.id,
        "host": rule.host,
        "path": rule.path,
        "methods": sorted(rule.methods),
        "public": rule.public,
        "resource": rule.audience,
        "scopes": sorted(rule.scopes),
        "policy": rule.policy,
        "action": rule.action,
        "redeem": rule.redeem,
        "created_at": rule.created_at,
        "updated_at": rule.updated_at,
    }


def as_record(rule: CheckRule) -> list[tuple[str, str]]:
    """The lines about a rule."""
    return [
        ("id", rule.id),
        ("host", rule.host),
        ("path", rule.path),
        ("methods", " ".join(sorted(rule.methods)) or "all"),
        ("resource", rule.audience or "none: public"),
        ("scopes", " ".join(sorted(rule.scopes))),
        ("policy", rule.policy or ""),
        ("action", rule.action or ""),
        ("counts uses", output.yes(rule.redeem)),
        ("created", output.when(rule.created_at)),
        ("changed", output.when(rule.updated_at)),
    ]


def as_answer(tried: check.TriedOut) -> list[tuple[str, str]]:
    """The lines about what `/check` would answer."""
    rule = tried.rule.rule if tried.rule is not None else None
    decides = f"{rule.id}: {' '.join(sorted(rule.methods)) or 'all methods'} {rule.host}{rule.path}" if rule else "none"
    match tried.outcome:
        case Denied() as denied:
            answer = [
                ("answer", f"{denied.status} {denied.code}"),
                ("check", denied.check),
                ("expected", denied.expected),
                ("found", denied.found),
            ]
        case MayPass(use):
            counting = {"none": "nothing", "here": "one use", "upstream": "nothing: whoever is behind the proxy counts"}
            answer = [("answer", "200"), ("would count", counting[use])]
    return [("rule", decides), *answer]
