"""`admit user import`: people from another system."""

from pathlib import Path
from typing import Annotated

import typer

from ..flows.admin import importing
from ..flows.runtime import Caller, Runtime
from . import arrivals, output
from .place import Place

_TOLD = 20  # lines with problems that are shown one by one


def bring_over(
    place: Place,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One JSON object a line; - for standard input.")],
    scheme: Annotated[
        str, typer.Option("--scheme", metavar="NAME", help="What hashed the passwords, where the file does not say.")
    ] = "",
    firebase: Annotated[
        Path | None, typer.Option("--firebase", metavar="FILE", help="The hash_config of a Firebase project.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and write nothing.")] = False,
) -> None:
    """Bring people over from another system, with the hashes of their passwords."""
    parameters = arrivals.firebase_parameters(firebase) if firebase is not None else None
    found, wrong = arrivals.people(file, scheme=scheme, firebase=parameters)

    async def work(rt: Runtime, caller: Caller) -> importing.Imported:
        try:
            done = await importing.import_users(found, dry_run=dry_run or bool(wrong), rt=rt, caller=caller)
        except importing.NotImported as error:
            raise importing.NotImported(sorted([*wrong, *error.problems]), done=error.done) from None
        if wrong:
            raise importing.NotImported(wrong)
        return done

    try:
        done = place.run(work, create=not dry_run)
    except importing.NotImported as error:
        for line, text in error.problems[:_TOLD]:
            output.tell(f"line {line}: {text}")
        if len(error.problems) > _TOLD:
            output.tell(f"and {len(error.problems) - _TOLD} more")
        raise
    document = {"imported": 0 if dry_run else done.people, "dry_run": dry_run, "people": done.people}
    place.show({**document, "schemes": done.schemes}, "")
    for parameters_of, count in sorted(done.schemes.items()):
        place.tell(f"{count:>7}  {parameters_of or 'without a password'}")
    place.tell(
        f"{done.people} {_people(done.people)} could be imported."
        if dry_run
        else f"Imported {done.people} {_people(done.people)}."
    )


def _people(count: int) -> str:
    return "person" if count == 1 else "people"
