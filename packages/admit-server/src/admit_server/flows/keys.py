"""The keyring over time: made at the first start, published before use, kept as long as tokens live."""

from dataclasses import dataclass, replace

from admit.jose import Jwk, generate_key

from ..domain.errors import NotAllowed, NotFound
from ..domain.revocation import handle
from ..domain.signing_key import SigningKey, activation_time
from ..ports.transaction import Tx
from ..tokens.envelope import NotSealedHere
from ..tokens.keyring import Keyring, RingKey
from .runtime import Caller, Runtime

ALGORITHMS = ("ES256", "RS256")
# An old key stays published for as long as the longest token that it may have signed, and the greatest leeway.
KEEP_OLD_S = 86_400 + 60
# So long the feed names a key that leaked: longer than any verifier goes on with keys of its cache.
KEY_REVOKED_S = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did: the key that signs next, from when, and the one it replaces."""

    kid: str
    alg: str
    signs_from: int
    replaces: str | None


def _place(kid: str) -> str:
    return f"signing_key/{kid}/sealed_private"


def open_key(stored: SigningKey, *, rt: Runtime) -> RingKey:
    """The usable halves of a stored key; without the private half where the key file does not open it."""
    public = Jwk.parse(dict(stored.public_jwk))
    try:
        der = rt.vault.open(stored.sealed_private, place=_place(stored.kid))
    except NotSealedHere:
        return RingKey(stored, public, None)
    return RingKey(stored, public, lambda: Jwk.from_pkcs8(der, alg=stored.alg, kid=stored.kid))


async def refresh(rt: Runtime) -> None:
    """Load the keyring if the database has other keys than the one in use."""
    stored = await rt.store.read.keys.all()
    have = {k.stored.kid: k for k in rt.keys.current.keys}
    if [k.stored for k in rt.keys.current.keys] == stored:
        return
    opened: list[RingKey] = []
    for key in stored:
        old = have.get(key.kid)
        opened.append(old.stored_as(key) if old else open_key(key, rt=rt))
    rt.keys.current = Keyring(tuple(opened))


def make(alg: str, *, rt: Runtime, now: int, signs_from: int | None) -> SigningKey:
    """A new key pair, sealed. Slow for RSA: not inside a unit."""
    if alg not in ALGORITHMS:
        raise NotAllowed(f"Unknown algorithm {alg!r}; known are {', '.join(ALGORITHMS)}.")
    key = generate_key(alg)
    kid = key.thumbprint()
    named = Jwk.from_pkcs8(key.to_pkcs8(), alg=alg, kid=kid)
    sealed = rt.vault.seal(named.to_pkcs8(), place=_place(kid), nonce=rt.entropy(12))
    return SigningKey(
        kid=kid, alg=alg, public_jwk=named.public_dict(), sealed_private=sealed, published_at=now, signs_from=signs_from
    )


async def every(*, rt: Runtime) -> list[SigningKey]:
    """All keys, in the order in which they were published."""
    return await rt.store.read.keys.all()


async def ensure(rt: Runtime) -> None:
    """Make the keys that are missing: an active one of each algorithm at the first start, and a next one, published in good time."""
    now = rt.clock()
    stored = await rt.store.read.keys.all()
    missing: list[SigningKey] = []
    for alg in ALGORITHMS:
        states = {key.state(now) for key in stored if key.alg == alg}
        if "active" not in states and "next" not in states:
            missing.append(make(alg, rt=rt, now=now, signs_from=now))
    await _add(missing, rt=rt, now=now)
    await refresh(rt)


async def ensure_next(rt: Runtime) -> None:
    """Publish a next key of each algorithm, so that a rotation can begin at once."""
    now = rt.clock()
    stored = await rt.store.read.keys.all()
    missing = [
        make(alg, rt=rt, now=now, signs_from=None)
        for alg in ALGORITHMS
        if not any(key.alg == alg and key.state(now) == "next" for key in stored)
    ]
    await _add(missing, rt=rt, now=now)


async def rotate(alg: str, *, rt: Runtime, caller: Caller, at_once: bool = False) -> Rotation:
    """Let the next key sign: as soon as every verifier can know it, or at once in an emergency.

    Raises:
        NotAllowed: An unknown algorithm, or a rotation is under way already.
    """
    now = rt.clock()
    spare = make(alg, rt=rt, now=now, signs_from=None)
    event = rt.event("key.rotated", "", actor=caller.actor, caller=caller, now=now, details={"alg": alg})

    async def unit(tx: Tx) -> Rotation:
        keys = [key for key in await tx.keys.all() if key.alg == alg]
        waiting = [k for k in keys if k.signs_from is not None and k.signs_from > now]
        if waiting:
            raise NotAllowed(
                f"A rotation of {alg} is under way: {waiting[0].kid} signs from {waiting[0].signs_from} on."
            )
        candidates = [k for k in keys if k.signs_from is None and k.removed_at is None]
        chosen = candidates[0] if candidates else spare
        if not candidates:
            await tx.keys.add(spare)
        begins = now if at_once else activation_time(chosen, now=now)
        if not await tx.keys.activate(chosen.kid, at=begins):
            raise NotAllowed("Another rotation was quicker.")
        active = [k for k in keys if k.state(now) == "active"]
        for old in active:
            await tx.keys.retire(old.kid, signs_until=begins, removed_at=begins + KEEP_OLD_S)
        if candidates:
            await tx.keys.add(spare)
        await tx.audit.append(replace(event, target=chosen.kid))
        return Rotation(chosen.kid, alg, begins, active[-1].kid if active else None)

    rotation = await rt.store.write(unit)
    await refresh(rt)
    return rotation


async def retire(kid: str, *, rt: Runtime, caller: Caller) -> Rotation:
    """Take a key that leaked out of use: whatever it signed, or somebody else signs with it, is refused from now on.

    It leaves `/jwks`, the server verifies nothing with it any more, and the feed names it, so that verifiers which still have it in their
    caches refuse it too. If it was the one that signs, the next one begins at once.

    Raises:
        NotFound: There is no such key.
        NotAllowed: It is out of use already.
    """
    now, nonce, stored = rt.clock(), rt.nonce(), await rt.store.read.keys.all()
    alg = next((key.alg for key in stored if key.kid == kid), None)
    if alg is None:
        raise NotFound(f"There is no key {kid[:64]!r}; `admit key list` shows all.")
    spare = make(alg, rt=rt, now=now, signs_from=None)
    event = rt.event("key.retired", kid, actor=caller.actor, caller=caller, now=now, details={"alg": alg})

    async def unit(tx: Tx) -> Rotation:
        if not await tx.keys.remove(kid, at=now):
            raise NotAllowed(f"The key {kid} is out of use already.")
        keys = [key for key in await tx.keys.all() if key.alg == alg]
        active = [key for key in keys if key.state(now) == "active"]
        begins = active[-1].signs_from or now if active else now
        chosen = active[-1] if active else next((key for key in keys if key.state(now) == "next"), spare)
        if chosen is spare:
            await tx.keys.add(spare)
        if not active:
            # One that a rotation was to begin with later begins now.
            await tx.keys.begin(chosen.kid, at=now)
        await tx.audit.append(event)
        await tx.feed.publish(handle("kid", kid), until=now + KEY_REVOKED_S, nonce=nonce, now=now)
        return Rotation(chosen.kid, alg, begins, kid)

    done = await rt.store.write(unit)
    rt.on_revocation()
    await refresh(rt)
    return done


async def _add(keys: list[SigningKey], *, rt: Runtime, now: int) -> None:
    if not keys:
        return
    events = [
        rt.event("key.made", key.kid, actor="server", caller=Caller(), now=now, details={"alg": key.alg})
        for key in keys
    ]

    async def unit(tx: Tx) -> None:
        present = await tx.keys.all()
        for key, event in zip(keys, events, strict=True):
            # Another process may have been quicker; two keys in one state do no harm, but one is enough.
            if any(k.alg == key.alg and k.state(now) == key.state(now) for k in present):
                continue
            await tx.keys.add(key)
            await tx.audit.append(event)

    await rt.store.write(unit)
