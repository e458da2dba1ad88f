"""The checks of `admit doctor`: each looks at one thing and says how to mend it."""

import asyncio
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from ..domain.redirect_uris import is_loopback
from ..flows import keys
from ..flows.runtime import Runtime
from ..ports.mail import MailNotTaken
from ..tokens.envelope import KeyFileInvalid, Vault
from . import output
from .db import Looked

if TYPE_CHECKING:
    from ..settings import Settings

Status = Literal["ok", "warning", "error"]

LOOPBACK = ("127.0.0.1", "::1", "localhost")
LITTLE_SPACE = 100 * 1024 * 1024
# Beyond this, tokens made on one machine are "not yet valid" or already over on another (verifiers allow 60 s at most).
SKEW_WARNING_S, SKEW_ERROR_S = 2.0, 30.0
FIRST_RELEASE_AT = 1_767_225_600  # 2026-01-01: a clock before this was never set


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `mend` says what to do; '' when nothing has to be done."""

    check: str
    status: Status
    message: str
    mend: str = ""

    def as_document(self) -> dict[str, str]:
        """Its JSON."""
        return {"check": self.check, "status": self.status, "message": self.message, "mend": self.mend}


def data_directory(settings: "Settings") -> Iterator[Finding]:
    """Is it there, private, and on a disk with room?"""
    path = settings.data_dir
    if not path.is_dir():
        yield Finding(
            "data directory", "warning", f"{path} does not exist", "`admit serve` makes it, or name yours with --data."
        )
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o022:
        yield Finding("data directory", "error", f"others can write to {path}", f"Run `chmod 700 {path}`.")
    elif mode & 0o077:
        yield Finding("data directory", "warning", f"others can look into {path}", f"Run `chmod 700 {path}`.")
    else:
        yield Finding("data directory", "ok", str(path))
    free = shutil.disk_usage(path).free
    if free < LITTLE_SPACE:
        text = f"{free // 1024 // 1024} MB free on the disk of {path}"
        yield Finding("disk", "error" if free < LITTLE_SPACE // 10 else "warning", text, "Make room, or move the data.")
    else:
        yield Finding("disk", "ok", f"{free // 1024 // 1024 // 1024} GB free")


def key_file(settings: "Settings", looked: Looked | None) -> Finding:
    """Is it there, ours alone, and a key file?"""
    path, name = settings.key_file, "key file"
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="ascii")
        vault = Vault.parse(text)
    except FileNotFoundError:
        if looked is not None and looked.schema.revision is not None:
            mend = "Put it back from your copy, or name it with storage.key_file. Without it the signing keys are lost."
            return Finding(name, "error", f"{path} is missing, and the database was made with one", mend)
        return Finding(name, "warning", f"{path} does not exist yet", "`admit serve` makes it with the database.")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        return Finding(
            name, "error", f"{path} can't be read: {reason}", "Run as its owner, or put back the right file."
        )
    except KeyFileInvalid as error:
        return Finding(name, "error", f"{path} is not a key file: {error}", "Put back the right one from your copy.")
    if mode & 0o077:
        return Finding(name, "error", f"{path} can be read by others (mode {mode:04o})", f"Run `chmod 600 {path}`.")
    return Finding(name, "ok", f"{path}, seals with {vault.key_ids[0]}")


def database(looked: Looked) -> Finding:
    """Does the schema fit this version?"""
    schema = looked.schema
    standing = schema.standing.name.lower()
    if not looked.mend:
        return Finding("database", "ok", f"{looked.where}, schema {schema.revision}")
    text = f"{looked.where} is {standing}: schema {schema.revision or 'none'}, this version knows {schema.head}"
    return Finding("database", "error", text, looked.mend)


def issuer(settings: "Settings", last_served: str | None) -> Iterator[Finding]:
    """Is it safe for those who use it, and the one that tokens were issued under?"""
    name = settings.issuer
    parts = urlsplit(name)
    if parts.scheme == "https":
        yield Finding("issuer", "ok", name)
    elif is_loopback(parts):
        yield Finding("issuer", "ok", f"{name}: plain http, for this machine only")
    else:
        mend = "Put a proxy with TLS in front and set server.issuer to its https address."
        yield Finding("issuer", "warning", f"{name}: passwords and tokens can be read on the way", mend)
    if last_served is not None and last_served != name:
        text = f"the settings name {name}, but the last server of this data directory was {last_served}"
        yield Finding("issuer", "warning", text, "Set server.issuer, so that every command says the same.")


def server_clock(looked: Looked) -> Iterator[Finding]:
    """Do this machine and the database server agree on the time?"""
    now = time.time()
    if now < FIRST_RELEASE_AT:
        yield Finding(
            "clock", "error", f"this machine believes it is {time.strftime('%Y-%m-%d')}", "Set its clock (NTP)."
        )
    elif looked.clock_s is not None:
        skew = abs(looked.clock_s - now)
        text = f"this machine and the database server differ by {skew:.1f} s"
        if skew < SKEW_WARNING_S:
            yield Finding("clock", "ok", text)
        else:
            yield Finding("clock", "error" if skew > SKEW_ERROR_S else "warning", text, "Let NTP set both clocks.")


def mail(settings: "Settings") -> Finding:
    """Does the mail server take us?"""
    name, section = "mail", settings.mail
    if not section.host:
        from ..settings import needs_mail

        if needs := needs_mail(settings):
            return Finding(
                name, "warning", f"off, and {' and '.join(needs)}", "Set up the section mail of the settings."
            )
        return Finding(name, "ok", "off: mail.host is not set, so nobody can reset a password or be invited by mail")
    from ..mail.smtp import SmtpMailer

    where = f"{section.host}:{section.port} ({section.security}), as {section.sender}"
    try:
        asyncio.run(SmtpMailer(issuer=settings.issuer, **section.model_dump()).greet())
    except MailNotTaken as error:
        return Finding(name, "error", str(error), "Correct the section mail of the settings: docs/howto/send-mail.md.")
    if section.security == "insecure_plain" and section.host not in LOOPBACK:
        mend = "Set mail.security to starttls or tls: codes and links can be read on the way."
        return Finding(name, "warning", where, mend)
    return Finding(name, "ok", where)


async def outbox(rt: Runtime) -> list[Finding]:
    """Do mails wait that should have gone?"""
    late = [mail for mail in await rt.store.read.outbox.due(now=rt.clock(), limit=1) if rt.clock() - mail.due_at > 60]
    if not late:
        return []
    waiting, span = await rt.store.read.outbox.count(), output.span(rt.clock() - late[0].due_at)
    text = f"{waiting} mail{'' if waiting == 1 else 's'} in the outbox; one is overdue by {span}"
    return [Finding("outbox", "warning", text, "A running server sends them: is one running, with mail set up?")]


async def history(rt: Runtime) -> Finding:
    """Did the clock go back since the last thing that happened?"""
    latest = await rt.store.read.audit.latest(limit=1)
    ahead = latest[0].at - rt.clock() if latest else 0
    if ahead > SKEW_ERROR_S:
        text = f"the newest audit event is {output.span(ahead)} in the future"
        return Finding("clock", "error", text, "Set this machine's clock (NTP): it went back, or was wrong before.")
    return Finding("clock", "ok", "not behind the newest audit event")


async def forward_auth(rt: Runtime, settings: "Settings") -> list[Finding]:
    """Where there are rules for `/check`: may anybody ask?"""
    rules = await rt.store.read.check_rules.all()
    if not rules:
        return []
    if settings.server.trusted_proxies:
        return [
            Finding("forward auth", "ok", f"{len(rules)} rules; {' '.join(settings.server.trusted_proxies)} may ask")
        ]
    mend = "Set server.trusted_proxies to the address of your proxy; until then /check refuses everybody."
    return [
        Finding(
            "forward auth",
            "warning",
            f"{len(rules)} rule{'' if len(rules) == 1 else 's'}, and no proxy that may ask",
            mend,
        )
    ]


async def signing_keys(rt: Runtime) -> list[Finding]:
    """Does one of each algorithm sign, is the next one published, and does the key file open them?"""
    now, ring = rt.clock(), rt.keys.current.keys
    found: list[Finding] = []
    for alg in keys.ALGORITHMS:
        name = f"signing key {alg}"
        active = [key for key in ring if key.stored.alg == alg and key.stored.state(now) == "active"]
        if not active:
            found.append(Finding(name, "error", "no key signs", f"Run `admit key rotate --alg {alg} --at-once`."))
        elif all(key.private is None for key in active):
            mend = "Put back the key file that belongs to this database."
            found.append(Finding(name, "error", f"the key file does not open {active[0].stored.kid}", mend))
        else:
            found.append(Finding(name, "ok", f"{active[0].stored.kid} signs"))
        if any(key.stored.alg == alg and key.stored.state(now) == "next" for key in ring):
            found.append(Finding(name, "ok", "the next one is published"))
        else:
            mend = "A running server publishes it within seconds; until then a rotation takes 10 minutes to sign."
            found.append(Finding(name, "warning", "no next key is published", mend))
    return found
