"""Ending many at once: what is counted is said first, and nothing ends without `--yes`."""

from typing import Annotated

import typer

from ..domain.selection import What
from ..flows.admin import many
from ..flows.runtime import Caller, Runtime
from .place import Place

Where = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="CONDITIONS",
        help='Many at once, such as "client=shop and age>7d". Only counts them, unless --yes is given.',
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="With --where: end them.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="With --where: only count, also with --yes.")]


def end_many(place: Place, where: str, *, what: What, yes: bool) -> None:
    """Count, and with `yes` end, what a text selects."""

    async def work(rt: Runtime, caller: Caller) -> tuple[int, int]:
        selected = await many.select(where, what=what, rt=rt)
        return selected.count, await many.end(selected, rt=rt, caller=caller) if yes else 0

    count, ended = place.run(work)
    if place.as_json:
        place.show({"where": where, "what": what, "count": count, "ended": ended}, "")
    one = what.removesuffix("s")
    if yes:
        place.tell(f"Ended {ended} {one if ended == 1 else what}.")
    elif count:
        place.tell(f"{count} {one if count == 1 else what} would end. Nothing was changed; --yes ends them.")
    else:
        place.tell(f"There are no such {what}.")
