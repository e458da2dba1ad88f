"""What is charged for a try, before the slow hash runs: whose counter, in which browser, from which network."""

from ..domain.email_address import typed_address_key
from ..domain.errors import TooManyTries
from ..domain.throttle import NETWORK, SENDING, ThrottleRule
from ..domain.user import User, username_key
from .charging import Charge, charge, charge_all
from .devices import known_browser
from .runtime import Caller, Runtime

# Names that do not exist share this many counters at most, so that strangers can't fill the table with them.
_UNKNOWN_BUCKETS = 1 << 20


def account_counter(user: User | None, name: str, *, method: str, rt: Runtime, channel: str = "") -> bytes:
    """The counter of an account and a method, all its names together; unknown names fall into a bounded number of counters.

    A success with one method clears that method's counter alone. `channel` keeps the ways in apart: who guesses through a public
    client's id does not lock the owner out of the page.
    """
    if user is not None:
        return rt.vault.mac(f"throttle account {channel} {method}", user.id.encode())
    # All spellings of an address that nobody has share one, as those of a person's address do.
    digest = rt.vault.mac("throttle name", (typed_address_key(name) or username_key(name)).encode())
    bucket = int.from_bytes(digest[:4], "big") % _UNKNOWN_BUCKETS
    return rt.vault.mac(f"throttle unknown {channel} {method}", bucket.to_bytes(4, "big"))


def device_counter(user_id: str, device: str, *, method: str, rt: Runtime) -> bytes:
    """The counter of a method in one browser that signed this person in before."""
    return rt.vault.mac(f"throttle device {method}", f"{user_id} {device}".encode())


def network_counter(caller: Caller, *, rt: Runtime, channel: str = "") -> bytes:
    """The counter of a network, for one way in."""
    return rt.vault.mac(f"throttle network {channel}", caller.network.encode())


async def charge_try(user: User | None, name: str, *, method: str, channel: str, rt: Runtime, caller: Caller) -> Charge:
    """Count a try by a method as failed before it is made.

    Raises:
        TooManyTries: A counter is still blocked.
    """
    device = await known_browser(user, rt=rt, caller=caller)
    if user is not None and device is not None:
        account = device_counter(user.id, device, method=method, rt=rt)
    else:
        account = account_counter(user, name, method=method, channel=channel, rt=rt)
    try:
        return await charge(
            account,
            from_known_device=device is not None,
            network=network_counter(caller, channel=channel, rt=rt),
            rt=rt,
            caller=caller,
            username_known=user.id if user else None,
        )
    except TooManyTries as refusal:
        found = f"too many; tries count again in {refusal.retry_after_s} s"
        caller.trail.failed("failures before", "few, of this person, this browser and this network", found)
        raise


async def charge_sending(
    user: User | None, name: str, *, method: str, channel: str, to_others: bool = False, rt: Runtime, caller: Caller
) -> Charge:
    """Count that something is sent to a person. It is not given back once it was sent.

    A browser that signed this person in before has a counter of its own, as in `charge`: strangers can't keep the owner from their mail.

    Args:
        user: Who; None: nobody is called that.
        name: What was typed.
        method: What is sent.
        channel: The way in.
        to_others: The person says where it goes: then no number of browsers sends more.
        rt: The runtime.
        caller: Who asks.

    Raises:
        TooManyTries: A counter is still blocked.
    """
    what = f"sending {method}"
    device = await known_browser(user, rt=rt, caller=caller) if not to_others else None
    counters: tuple[tuple[bytes, ThrottleRule], ...]
    if user is not None and device is not None:
        counters = ((device_counter(user.id, device, method=f"{what} {channel}", rt=rt), SENDING),)
    else:
        account = account_counter(user, name, method=what, channel=channel, rt=rt)
        counters = ((account, SENDING), (network_counter(caller, channel=f"sending {channel}", rt=rt), NETWORK))
    return await charge_all(counters, rt=rt, caller=caller, username_known=user.id if user else None)
