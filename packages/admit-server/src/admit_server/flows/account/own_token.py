"""A person makes a personal token of their own."""

from ...domain.errors import NotAllowed
from ...domain.journey import Complete
from ...domain.session import Session
from .. import personal_tokens
from ..devices import known_browser
from ..journeys.full import require_full_sign_in
from ..journeys.planning import plan_for, proofs_of_session
from ..personal_tokens import Made, NewPersonalToken
from ..runtime import Caller, Runtime


async def make_own(new: NewPersonalToken, *, current: Session, rt: Runtime, caller: Caller) -> Made:
    """Make one, for who proved as much as an app would have to ask of them for the same resource.

    It outlives the session and is never asked for a proof again, so whoever found a session open must not get one.

    Args:
        new: What is wanted, of the person whose session this is.
        current: Their session.
        rt: The runtime.
        caller: Who asks.

    Raises:
        SignInTooOld: See `require_full_sign_in`.
        NotAllowed: A sign-in rule for the resource asks for proofs that this sign-in did not give; or as `personal_tokens.make`.
        NotFound: As there.
    """
    await require_full_sign_in(current, rt=rt)
    plan = await plan_for(
        new.user,
        audience=new.audience,
        client=None,
        new_device=await known_browser(new.user, rt=rt, caller=caller) is None,
        rt=rt,
        caller=caller,
    )
    if not isinstance(plan.next(proofs_of_session(current)), Complete):
        raise NotAllowed(
            f"For {new.audience} a sign-in has to prove more than yours did: {plan.in_words}. "
            "Sign in with all of that, or ask the administrator for the token."
        )
    return await personal_tokens.make(new, by_administrator=False, current=current, rt=rt, caller=caller)
