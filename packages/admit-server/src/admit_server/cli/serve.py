"""`admit serve`: parses flags; the server itself is `admit_server.serving`."""

from typing import Annotated

import typer

from .issuer import remembering
from .noun import noun
from .place import Place, placed
from .refusal import Refused

app = noun("Run the server.")


@app.command("serve")
@placed
def serve(
    place: Place,
    host: Annotated[str | None, typer.Option("--host", metavar="ADDRESS", help="[default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option("--port", metavar="PORT", help="[default: 8100]")] = None,
    issuer: Annotated[
        str | None, typer.Option("--issuer", metavar="URL", help="The public address [default: http://HOST:PORT].")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", metavar="N", help="Only 1 in this version.")] = 1,
    log_level: Annotated[
        str | None, typer.Option("--log-level", metavar="LEVEL", help="debug, info, warning or error [default: info].")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Add a demo user whose password everybody knows; on loopback only.")
    ] = False,
    insecure_http: Annotated[
        bool, typer.Option("--insecure-http", help="UNSAFE: accept a plain http issuer that is not on loopback.")
    ] = False,
) -> None:
    """Run the server until it is interrupted. On a fresh data directory it makes the key file and the database first."""
    if workers != 1:
        raise typer.BadParameter(
            "this version runs one process; start several servers on one PostgreSQL database behind a proxy instead",
            param_hint="--workers",
        )
    settings = place.settings(
        host=host, port=port, issuer=issuer, log_level=log_level, insecure_http=insecure_http or None
    )
    # Imported after the settings were found good: a wrong value is answered before the web parts are loaded.
    from .. import serving
    from ..demo import NotOnLoopback
    from ..starting import StartError

    try:
        with remembering(settings):
            code = serving.run(settings, demo=demo)
    except (StartError, NotOnLoopback) as error:
        raise Refused(str(error)) from None
    raise typer.Exit(code)
