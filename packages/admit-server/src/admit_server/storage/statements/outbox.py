"""Mails that wait to be sent."""

from ...domain.outgoing_mail import OutgoingMail
from ...ports.store import Row, Statements

_MAIL = "id, template, user_id, sealed, created_at, due_at, expires_at, attempts"


def _mail(row: Row) -> OutgoingMail:
    return OutgoingMail(
        id=row[0],
        template=row[1],
        user_id=row[2],
        sealed=row[3],
        created_at=row[4],
        due_at=row[5],
        expires_at=row[6],
        attempts=row[7],
    )


class OutboxStatements:
    """`ports.mail.Outbox`."""

    def __init__(self, tx: Statements) -> None:
        self._tx = tx

    async def add(self, mail: OutgoingMail) -> None:
        await self._tx.run(
            f"""INSERT INTO mail_outbox ({_MAIL})
                VALUES (:id, :template, :user_id, :sealed, :created_at, :due_at, :expires_at, :attempts)""",
            id=mail.id,
            template=mail.template,
            user_id=mail.user_id,
            sealed=mail.sealed,
            created_at=mail.created_at,
            due_at=mail.due_at,
            expires_at=mail.expires_at,
            attempts=mail.attempts,
        )

    async def due(self, *, now: int, limit: int) -> list[OutgoingMail]:
        rows = await self._tx.all(
            f"SELECT {_MAIL} FROM mail_outbox WHERE due_at <= :now ORDER BY due_at LIMIT :limit", now=now, limit=limit
        )
        return [_mail(row) for row in rows]

    async def claim(self, mail: OutgoingMail, *, again_at: int) -> bool:
        return 1 == await self._tx.run(
            """UPDATE mail_outbox SET attempts = attempts + 1, due_at = :again_at
                WHERE id = :id AND attempts = :attempts""",
            again_at=again_at,
            id=mail.id,
            attempts=mail.attempts,
        )

    async def remove(self, mail_id: str) -> bool:
        return 1 == await self._tx.run("DELETE FROM mail_outbox WHERE id = :id", id=mail_id)

    async def count(self) -> int:
        row = await self._tx.one("SELECT COUNT(*) FROM mail_outbox")
        return int(row[0]) if row else 0
