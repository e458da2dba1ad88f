"""`admit key`: the keys that sign tokens."""

from typing import Annotated, Any

import typer

from ..domain.signing_key import SigningKey
from ..flows import keys
from ..flows.runtime import Caller, Runtime
from . import output
from .noun import noun
from .place import Place, placed

app = noun("The keys that sign tokens.")


def as_document(key: SigningKey, *, now: int) -> dict[str, Any]:
    """The JSON of a key, without its private half."""
    return {
        "kid": key.kid,
        "alg": key.alg,
        "state": key.state(now),
        "published_at": key.published_at,
        "signs_from": key.signs_from,
        "signs_until": key.signs_until,
        "removed_at": key.removed_at,
    }


@app.command("list")
@placed
def show_all(
    place: Place,
    removed: Annotated[bool, typer.Option("--all", help="Also those that are no longer published.")] = False,
) -> None:
    """List the keys: the one that signs, the next one, and old ones whose tokens may still be alive."""

    async def work(rt: Runtime, caller: Caller) -> tuple[list[SigningKey], int]:
        return await rt.store.read.keys.all(), rt.clock()

    stored, now = place.run(work)
    order = ("active", "next", "retiring", "removed")
    found = sorted(
        (key for key in stored if removed or key.state(now) != "removed"),
        key=lambda key: (key.alg, order.index(key.state(now)), key.published_at),
    )
    heads = ("kid", "alg", "state", "published", "signs from", "signs until", "removed")
    rows = (
        (
            k.kid,
            k.alg,
            k.state(now),
            *(output.when(at) for at in (k.published_at, k.signs_from, k.signs_until, k.removed_at)),
        )
        for k in found
    )
    place.show([as_document(key, now=now) for key in found], output.table(heads, rows))


@app.command("rotate")
@placed
def rotate(
    place: Place,
    alg: Annotated[
        str,
        typer.Option("--alg", metavar="|".join(keys.ALGORITHMS), help="ES256 signs access tokens, RS256 ID tokens."),
    ] = keys.ALGORITHMS[0],
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Emergency: sign now, although some verifiers may not know the key yet.")
    ] = False,
) -> None:
    """Let the next key sign, as soon as every verifier can know it. Tokens of the old one stay good until they end."""

    async def work(rt: Runtime, caller: Caller) -> keys.Rotation:
        return await keys.rotate(alg.upper(), rt=rt, caller=caller, at_once=at_once)

    done = place.run(work)
    document = {"kid": done.kid, "alg": done.alg, "signs_from": done.signs_from, "replaces": done.replaces}
    lines = [
        ("kid", done.kid),
        ("alg", done.alg),
        ("signs from", output.when(done.signs_from)),
        ("replaces", done.replaces or ""),
    ]
    place.show(document, output.record(lines))


@app.command("retire")
@placed
def retire(
    place: Place, kid: Annotated[str, typer.Argument(metavar="KID", help="As `admit key list` shows it.")]
) -> None:
    """Take a key that leaked out of use. Every token that it signed, or that somebody else signs with it, is refused from now on."""

    async def work(rt: Runtime, caller: Caller) -> keys.Rotation:
        return await keys.retire(kid, rt=rt, caller=caller)

    done = place.run(work)
    place.show(
        {"retired": kid, "kid": done.kid, "alg": done.alg, "signs_from": done.signs_from},
        output.record([("retired", kid), ("signs now", done.kid), ("alg", done.alg)]),
    )
