"""The rules of `/check`."""

from ...domain.check_rule import MOST_RULES, CheckRule
from ...domain.token_policy import TokenPolicy
from ...ports.check_rules import RuleInForce
from ...ports.store import Row, Statements
from .columns import from_json, word_set, words

_COLUMNS = (
    "id",
    "host",
    "path",
    "methods",
    "audience",
    "scopes",
    "policy",
    "action",
    "redeem",
    "created_at",
    "updated_at",
)
_RULE = ", ".join(f"r.{name}" for name in _COLUMNS)


def _rule(row: Row) -> CheckRule:
    return CheckRule(
        id=row[0],
        host=row[1],
        path=row[2],
        methods=word_set(row[3]),
        audience=row[4],
        scopes=word_set(row[5]),
        policy=row[6],
        action=row[7],
        redeem=bool(row[8]),
        created_at=row[9],
        updated_at=row[10],
    )


class CheckRuleStatements:
    """`ports.check_rules.CheckRules`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def lock(self) -> None:
        await self._tx.run("UPDATE check_rule_head SET version = version + 1 WHERE id = 1")

    async def add(self, rule: CheckRule) -> None:
        await self._tx.run(
            """INSERT INTO check_rule
                   (id, host, path, methods, audience, scopes, policy, action, redeem, created_at, updated_at)
               VALUES (:id, :host, :path, :methods, CAST(:audience AS TEXT), :scopes, CAST(:policy AS TEXT),
                       CAST(:action AS TEXT), :redeem, :created_at, :updated_at)""",
            created_at=rule.created_at,
            **_values(rule),
        )

    async def get(self, rule_id: str) -> CheckRule | None:
        row = await self._tx.one(f"SELECT {_RULE} FROM check_rule r WHERE r.id = :id", id=rule_id)
        return _rule(row) if row else None

    async def all(self) -> list[RuleInForce]:
        rows = await self._tx.all(
            f"""SELECT {_RULE}, p.limits, s.verifier FROM check_rule r
                  LEFT JOIN token_policy p ON p.name = r.policy
                  LEFT JOIN resource s ON s.audience = r.audience
                 ORDER BY r.id LIMIT {MOST_RULES}"""
        )
        return [
            RuleInForce(
                rule=_rule(row),
                limits=TokenPolicy.from_dict(from_json(row[-2])) if row[-2] is not None else None,
                upstream_enforces=row[-1] == "admit",
            )
            for row in rows
        ]

    async def update(self, rule: CheckRule) -> bool:
        return 1 == await self._tx.run(
            """UPDATE check_rule SET host = :host, path = :path, methods = :methods, audience = CAST(:audience AS TEXT),
                      scopes = :scopes, policy = CAST(:policy AS TEXT), action = CAST(:action AS TEXT), redeem = :redeem,
                      updated_at = :updated_at
                WHERE id = :id""",
            **_values(rule),
        )

    async def remove(self, rule_id: str) -> bool:
        return 1 == await self._tx.run("DELETE FROM check_rule WHERE id = :id", id=rule_id)


def _values(rule: CheckRule) -> dict[str, str | int | None]:
    return {
        "id": rule.id,
        "host": rule.host,
        "path": rule.path,
        "methods": words(rule.methods),
        "audience": rule.audience,
        "scopes": words(rule.scopes),
        "policy": rule.policy,
        "action": rule.action,
        "redeem": int(rule.redeem),
        "updated_at": rule.updated_at,
    }
