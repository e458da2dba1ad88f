"""Many grants or sessions at once. Conditions are constant texts; only values come from outside."""

from ...domain.selection import Condition, Selection
from ...ports.store import Statements

Value = str | int | bytes | None
_FROM = {
    "grants": "access_grant x LEFT JOIN app_user u ON u.id = x.user_id",
    "sessions": "session x LEFT JOIN app_user u ON u.id = x.user_id",
}
_ALIVE = {
    "grants": "x.ended_at IS NULL AND (x.expires_at > :now OR x.jwt_alive_until > :now) AND x.created_at <= :as_of",
    "sessions": "x.ended_at IS NULL AND x.expires_at > :now AND x.created_at <= :as_of",
}
_COLUMNS = {
    "user": "x.user_id",
    "client": "x.client_id",
    "resource": "x.audience",
    "session": "x.session_id",
    "format": "x.format",
    "acr": "x.acr",
    "network": "x.network",
}
# Sets stand in the column as words between spaces, or as a JSON array of texts.
_SETS = {
    "scope": ("(' ' || x.scopes || ' ')", "% {} %"),
    "role": ("COALESCE(u.roles, '[]')", '%"{}"%'),
}
_TIMES = {"age": "x.created_at", "signed_in": "COALESCE(x.auth_time, x.created_at)"}


class SelectingStatements:
    """`ports.selecting.Selecting`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def count(self, selection: Selection, *, as_of: int, now: int) -> int:
        where, params = _where(selection, now=now)
        row = await self._tx.one(
            f"SELECT COUNT(*) FROM {_FROM[selection.what]} WHERE {where}", **params, as_of=as_of, now=now
        )
        return row[0] if row else 0

    async def some(self, selection: Selection, *, as_of: int, limit: int, now: int) -> list[str]:
        where, params = _where(selection, now=now)
        rows = await self._tx.all(
            f"SELECT x.id FROM {_FROM[selection.what]} WHERE {where} ORDER BY x.id LIMIT :limit",
            **params,
            as_of=as_of,
            limit=limit,
            now=now,
        )
        return [row[0] for row in rows]


def _where(selection: Selection, *, now: int) -> tuple[str, dict[str, Value]]:
    texts, params = [_ALIVE[selection.what]], dict[str, Value]()
    for number, condition in enumerate(selection.conditions):
        name = f"value_{number}"
        texts.append(_text(condition, name))
        params[name] = _value(condition, now=now)
    return " AND ".join(texts), params


def _text(condition: Condition, name: str) -> str:
    if condition.field in _TIMES:
        # Longer ago is an earlier time.
        return f"{_TIMES[condition.field]} {'<' if condition.operator == '>' else '>'} :{name}"
    if condition.field in _SETS:
        column, _ = _SETS[condition.field]
        return f"{column} {'LIKE' if condition.operator == '=' else 'NOT LIKE'} :{name} ESCAPE '!'"
    return f"COALESCE({_COLUMNS[condition.field]}, '') {'=' if condition.operator == '=' else '<>'} :{name}"


def _value(condition: Condition, *, now: int) -> Value:
    if isinstance(condition.value, int):
        return now - condition.value
    if condition.field in _SETS:
        escaped = condition.value.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        return _SETS[condition.field][1].format(escaped)
    return condition.value
