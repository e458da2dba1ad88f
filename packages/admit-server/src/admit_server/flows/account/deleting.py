"""A person deletes their own account."""

import hmac
from dataclasses import replace

from ...domain.errors import NotAllowed
from ...domain.session import Session
from ...domain.user import User, username_key
from .. import mailing, notices
from ..admin import leaving
from ..journeys.full import require_full_sign_in
from ..runtime import Caller, Runtime


async def delete(typed_name: str, *, user: User, current: Session, rt: Runtime, caller: Caller) -> int:
    """Delete the account of who asks; how many sessions and grants ended. Their addresses are told before.

    Args:
        typed_name: The user name, as the person typed it: nobody does this by one press of a button.
        user: Whose account.
        current: Their session.
        rt: The runtime.
        caller: Who asks.

    Raises:
        SignInTooOld: See `require_full_sign_in`.
        NotAllowed: People do not delete their accounts here, or another name was typed.
    """
    now = rt.clock()
    if not rt.account.may_delete:
        raise NotAllowed("Accounts are deleted by the administrator here. Ask there.")
    await require_full_sign_in(current, rt=rt)
    if not hmac.compare_digest(username_key(typed_name).encode(), username_key(user.username).encode()):
        raise NotAllowed("That is not your user name. Nothing was deleted.")
    mails = await notices.notices(user, "account_deleted", rt=rt, caller=caller, now=now)
    # By itself, before: once the account is gone, so are its addresses.
    await rt.store.write(lambda tx: mailing.add(tx, mails, rt=rt))
    _, ended = await leaving.delete_user(user.id, rt=rt, caller=replace(caller, actor=user.id))
    return ended
