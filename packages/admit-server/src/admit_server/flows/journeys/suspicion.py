"""A credential that may have been copied: its owner hears of it, in the log of the account and by mail."""

from ...domain.audit import AuditEvent
from ...domain.outgoing_mail import OutgoingMail
from ...domain.user import User
from ..notices import notices
from ..runtime import Caller, Runtime


async def warning(
    user: User, credential_id: str, *, rt: Runtime, caller: Caller, now: int
) -> tuple[AuditEvent, list[OutgoingMail]]:
    """What the unit that notes the refusal writes as well. The sign-in was refused; nothing else changes by itself."""
    every = await rt.store.read.credentials.all_of_user(user.id)
    label = next((each.label for each in every if each.id == credential_id), "")
    details: dict[str, str | int | bool | None] = {"credential": credential_id, "label": label}
    event = rt.event(
        "credential.suspected", user.id, actor="", caller=caller, now=now, outcome="refused", details=details
    )
    return event, await notices(user, "method_suspected", rt=rt, caller=caller, now=now, method=label)
