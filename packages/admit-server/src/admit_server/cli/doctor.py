"""`admit doctor`: is everything as it should be, and if not, what to do."""

from ..flows.runtime import Caller, Runtime
from ..settings import Settings, origins
from . import checks, output
from .checks import Finding
from .db import Looked, look
from .issuer import remembered
from .noun import noun
from .place import Place, placed
from .refusal import Refused

app = noun("Check everything and say how to mend what is wrong.")


@app.command("doctor")
@placed
def doctor(place: Place) -> None:
    """Check settings, data directory, key file, database, signing keys, clock, issuer and mail; ends with 1 when one needs mending."""
    findings = _examine(place)
    bad = sum(finding.status == "error" for finding in findings)
    if place.as_json:
        place.show([finding.as_document() for finding in findings], "")
    else:
        place.show(None, _report(findings))
    if bad:
        raise Refused(f"{bad} thing{'s need' if bad > 1 else ' needs'} mending; see the lines marked error.")
    place.tell("Everything needed is in order.")


def _examine(place: Place) -> list[Finding]:
    try:
        settings = place.settings()
    except Refused as error:
        mend = "Correct that value in the flag, the environment variable or the settings file."
        return [Finding("settings", "error", str(error), mend)]
    findings = [
        Finding(f"setting {name}", "ok", f"{value or 'not set'} ({origin})")
        for name, value, origin in origins(settings)
    ]
    looked: Looked | None = None
    findings += checks.data_directory(settings)
    try:
        looked = look(settings.database)
        about_database = [checks.database(looked), *checks.server_clock(looked)]
    except Refused as error:
        is_server = settings.database.startswith("postgres")
        mend = (
            "Start the database server, or correct --database and its password."
            if is_server
            else "Make room on the disk, run as the file's owner, or restore a backup."
        )
        about_database = [Finding("database", "error", str(error), mend)]
    findings.append(checks.key_file(settings, looked))
    findings += about_database
    findings += checks.issuer(settings, remembered(settings))
    findings.append(checks.mail(settings))
    if looked is not None and not any(finding.status == "error" for finding in findings):
        findings += _inside(place, settings)
    return findings


def _inside(place: Place, settings: Settings) -> list[Finding]:
    """What can be seen only with the database and the key file open."""

    async def work(rt: Runtime, caller: Caller) -> list[Finding]:
        return [
            *await checks.signing_keys(rt),
            await checks.history(rt),
            *await checks.forward_auth(rt, settings),
            *await checks.outbox(rt),
        ]

    try:
        return place.run(work)
    except Refused as error:
        return [Finding("signing keys", "error", str(error), "Put back the key file that belongs to this database.")]


def _report(findings: list[Finding]) -> str:
    settings = [finding for finding in findings if finding.check.startswith("setting ")]
    others = [finding for finding in findings if not finding.check.startswith("setting ")]
    parts: list[str] = []
    if settings:
        rows = [(f.check.removeprefix("setting "), f.message) for f in settings]
        parts.append(output.table(("setting", "value (and where it comes from)"), rows))
    rows3 = [(f.check, f.status, f.message + (f". {f.mend}" if f.mend else "")) for f in others]
    parts.append(output.table(("check", "status", "what was found, and how to mend it"), rows3))
    return "\n\n".join(parts)
