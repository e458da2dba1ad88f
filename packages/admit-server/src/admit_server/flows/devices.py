"""Browsers and apps with which people sign in: one that is new is told to its person."""

from dataclasses import dataclass

from ..domain.audit import AuditEvent
from ..domain.devices import device_in_words
from ..domain.outgoing_mail import OutgoingMail
from ..domain.user import User
from ..ports.transaction import Tx
from . import mailing
from .notices import notices
from .runtime import Caller, Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Somebody signs in with something. `vouched`: the browser's own sealed cookie says that this person did so before."""

    user: User
    digest: bytes
    vouched: bool
    event: AuditEvent
    mails: list[OutgoingMail]
    at: int


async def sighting(
    user: User, *, device: str | None, client_id: str | None, rt: Runtime, caller: Caller, now: int
) -> Sighting:
    """What `note` will need, made before the unit.

    Args:
        user: Who signs in.
        device: The browser's id; None: an app without a browser, which is told by its client and its network.
        client_id: The app for which the sign-in is.
        rt: The runtime.
        caller: From where, with what.
        now: Seconds, UTC.
    """
    what = f"browser {device}" if device is not None else f"app {client_id} {caller.network}"
    details: dict[str, str | int | bool | None] = {"device": device_in_words(caller.user_agent)}
    return Sighting(
        user=user,
        digest=rt.vault.mac("known device", what.encode()),
        vouched=device is not None and caller.device == (user.id, device),
        event=rt.event("sign_in.new_device", user.id, actor=user.id, caller=caller, now=now, details=details),
        mails=await notices(user, "new_device", rt=rt, caller=caller, now=now),
        at=now,
    )


async def note(tx: Tx, seen: Sighting, *, rt: Runtime) -> bool:
    """Within the unit that makes the session, before it is made: note the device; True, and told, where it is new to this person.

    The very first sign-in of an account is no news. Of any number of sign-ins at once with a new device one tells it.
    """
    devices, user_id = tx.known_devices, seen.user.id
    been_here = await devices.has_any(user_id) or bool(await tx.sessions.page(user_id=user_id, alive_at=None, limit=1))
    if not await devices.see(user_id, seen.digest, now=seen.at) or seen.vouched or not been_here:
        return False
    await mailing.add(tx, seen.mails, rt=rt)
    await tx.audit.append(seen.event)
    return True
