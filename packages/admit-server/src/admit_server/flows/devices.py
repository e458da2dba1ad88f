"""Browsers and apps with which people sign in: one that is new is told to its person, and those that are known can be forgotten."""

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
    """Somebody signs in with something."""

    user: User
    digest: bytes
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
    app = f"app {client_id} {caller.network}"
    details: dict[str, str | int | bool | None] = {"device": device_in_words(caller.user_agent)}
    return Sighting(
        user=user,
        digest=_browser(device, rt=rt) if device is not None else rt.vault.mac("known device", app.encode()),
        event=rt.event("sign_in.new_device", user.id, actor=user.id, caller=caller, now=now, details=details),
        mails=await notices(user, "new_device", rt=rt, caller=caller, now=now),
        at=now,
    )


async def note(tx: Tx, seen: Sighting, *, rt: Runtime) -> bool:
    """Within the unit that makes the session, before it is made: note the device; True, and told, where it is new to this person.

    The very first sign-in of an account is no news. Of any number of sign-ins at once with a new device one tells it.
    """
    devices, user_id = tx.known_devices, seen.user.id
    if not await devices.see(user_id, seen.digest, now=seen.at):
        return False
    if not await devices.has_other(user_id, seen.digest) and not await tx.sessions.page(
        user_id=user_id, alive_at=None, limit=1
    ):
        return False
    await mailing.add(tx, seen.mails, rt=rt)
    await tx.audit.append(seen.event)
    return True


async def known_browser(user: User | None, *, rt: Runtime, caller: Caller) -> str | None:
    """The id of the caller's browser, if it signed this person in before, and was not forgotten since.

    The cookie alone is not believed: whoever holds a copy of it is a stranger again once the person threw everybody out. It is looked
    up once for a request, whoever is named in it (None: nobody), so the time that it takes tells nothing of a name.
    """
    cookie = caller.device
    if cookie is None:
        return None
    if cookie.stands is None:
        digest = _browser(cookie.device, rt=rt)
        cookie.stands = await rt.store.read.known_devices.is_known(cookie.user_id, digest)
    return cookie.device if cookie.stands and user is not None and user.id == cookie.user_id else None


async def forget_others(tx: Tx, user_id: str, *, rt: Runtime, caller: Caller) -> None:
    """Within the unit in which a person ends everything else: only the browser with which they do it stays known."""
    cookie = caller.device
    own = _browser(cookie.device, rt=rt) if cookie is not None and cookie.user_id == user_id else None
    await tx.known_devices.forget(user_id, but=own)


def _browser(device: str, *, rt: Runtime) -> bytes:
    return rt.vault.mac("known device", f"browser {device}".encode())
