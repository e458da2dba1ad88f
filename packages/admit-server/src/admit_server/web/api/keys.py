"""Signing keys and settings at the API."""

from typing import Literal

from ...domain.errors import NotAllowed, NotFound
from ...domain.signing_key import SigningKey
from ...flows import keys
from .operations import Call, Nothing, Operation, Wire


class KeyOut(Wire):
    """A key that signs, will sign, or has signed. Never its private half."""

    kid: str
    alg: str
    state: str
    published_at: int
    signs_from: int | None
    signs_until: int | None
    removed_at: int | None


class KeyList(Wire):
    """Every key, in the order in which they were made."""

    items: list[KeyOut]


class RotateIn(Wire):
    """Which algorithm. `at_once`: although some verifiers may not know the next key yet."""

    alg: Literal["ES256", "RS256"] = "ES256"
    at_once: bool = False


class RotatedOut(Wire):
    """The key that signs next, from when, and the one it replaces."""

    kid: str
    alg: str
    signs_from: int
    replaces: str | None


class SettingOut(Wire):
    """A setting; secrets are masked. `origin`: where the value came from."""

    name: str
    value: str
    origin: str


class SettingList(Wire):
    """Every setting of the process that answers."""

    items: list[SettingOut]


def _shown(key: SigningKey, *, now: int) -> KeyOut:
    return KeyOut(
        kid=key.kid,
        alg=key.alg,
        state=key.state(now),
        published_at=key.published_at,
        signs_from=key.signs_from,
        signs_until=key.signs_until,
        removed_at=key.removed_at,
    )


def _rotation(done: keys.Rotation) -> RotatedOut:
    return RotatedOut(kid=done.kid, alg=done.alg, signs_from=done.signs_from, replaces=done.replaces)


async def _list(call: Call[None, Nothing]) -> KeyList:
    now = call.rt.clock()
    return KeyList(items=[_shown(key, now=now) for key in await keys.every(rt=call.rt)])


async def _rotate(call: Call[RotateIn, Nothing]) -> RotatedOut:
    body = call.body
    return _rotation(await keys.rotate(body.alg, at_once=body.at_once, rt=call.rt, caller=call.caller))


async def _retire(call: Call[None, Nothing]) -> RotatedOut:
    return _rotation(await keys.retire(call.path["kid"], rt=call.rt, caller=call.caller))


async def _settings(call: Call[None, Nothing]) -> SettingList:
    rows = call.site.settings_shown()
    return SettingList(items=[SettingOut(name=name, value=value, origin=origin) for name, value, origin in rows])


OPERATIONS = (
    Operation(
        id="keys_list",
        method="GET",
        path="/keys",
        scope="keys:read",
        summary="List the keys that sign.",
        does=_list,
        answer=KeyList,
        gives={"kid": "/items/0/kid"},
    ),
    Operation(
        id="keys_rotate",
        method="POST",
        path="/keys/rotate",
        scope="keys:write",
        summary="Let the next key sign; tokens of the old one stay good until they end.",
        body=RotateIn,
        body_required=False,
        does=_rotate,
        answer=RotatedOut,
        changes=True,
        errors=(NotAllowed,),
        example={"alg": "ES256"},
    ),
    Operation(
        id="keys_retire",
        method="POST",
        path="/keys/{kid}/retire",
        scope="keys:write",
        summary="Take a key that leaked out of use: whatever it signed is refused everywhere from now on.",
        does=_retire,
        answer=RotatedOut,
        changes=True,
        errors=(NotFound, NotAllowed),
    ),
    Operation(
        id="settings_list",
        method="GET",
        path="/settings",
        scope="settings:read",
        summary="Show the settings, secrets masked, and where each came from.",
        does=_settings,
        answer=SettingList,
    ),
)
