"""Bringing people over from another system, with the hashes of their passwords."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...domain import ids
from ...domain.audit import AuditEvent
from ...domain.email_address import address_key, check_email
from ...domain.errors import AdministrationError, NotAllowed
from ...domain.password_dumps import Dumped, read
from ...domain.password_hash import PasswordHash, stand_in
from ...domain.user import User, check_role, check_username, username_key
from ...ports.password_schemes import PasswordScheme
from ...ports.store import UniqueViolation
from ...ports.transaction import Tx
from ...ports.users import Credential
from ..new_password import PASSWORD
from ..runtime import Caller, Runtime
from . import powers

# People of one unit of work: all of them come, or none.
BATCH = 500
# Beyond this the file has to be cut: everything is read before anything is written.
MOST_PEOPLE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Immigrant:
    """One person of the file, as it says. `line` counts from 1. Without a hash they have to be given another way to sign in.

    `email_verified`: the other system knew that the person reads what comes there; here it is then as good as verified.
    """

    line: int
    username: str
    email: str | None = None
    email_verified: bool = False
    roles: tuple[str, ...] = ()
    disabled: bool = False
    password: Dumped | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """How many came, and by which makes of hashes ('' for none)."""

    people: int
    schemes: Mapping[str, int]


class NotImported(NotAllowed):
    """Something is wrong with the file; nothing of what `problems` name was written.

    Attributes:
        problems: The number of the line, and what is wrong with it.
        done: How many people of batches before are there already.
    """

    def __init__(self, problems: Sequence[tuple[int, str]], *, done: int = 0) -> None:
        lines = f"{len(problems)} lines" if len(problems) > 1 else "1 line"
        came = f"{done} people before them were imported" if done else "nothing was imported"
        super().__init__(f"{lines} can't be imported; {came}.")
        self.problems = tuple(problems)
        self.done = done


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A person who was found to be importable, with everything that is written for them."""

    line: int
    user: User
    key: str
    credential: Credential | None
    hashed: PasswordHash | None
    event: AuditEvent
    address: str = ""


async def import_users(people: Sequence[Immigrant], *, dry_run: bool, rt: Runtime, caller: Caller) -> Imported:
    """Make accounts of a file's people, in batches; everything is checked before the first batch is written.

    An imported hash is replaced by one of ours at the first right password.

    Raises:
        NotImported: Lines that can't be; with `dry_run` too.
        ExceedsPowers: A role that holds more than the caller has.
    """
    arrivals = await _checked(people, rt=rt, caller=caller)
    schemes = Counter(each.hashed.parameters if each.hashed else "" for each in arrivals)
    if not dry_run:
        for start in range(0, len(arrivals), BATCH):
            await _write(arrivals[start : start + BATCH], done=start, rt=rt, caller=caller)
    return Imported(people=len(arrivals), schemes=dict(schemes))


async def _checked(people: Sequence[Immigrant], *, rt: Runtime, caller: Caller) -> list[_Arrival]:
    if len(people) > MOST_PEOPLE:
        raise NotAllowed(f"A file has at most {MOST_PEOPLE} people; cut this one of {len(people)}.")
    arrivals: list[_Arrival] = []
    problems: list[tuple[int, str]] = []
    seen: dict[str, int] = {}
    owned: dict[str, int] = {}
    for person in people:
        try:
            arrival = _arrival(person, rt=rt, caller=caller)
        except AdministrationError as error:
            problems.append((person.line, str(error)))
            continue
        if (before := seen.setdefault(arrival.key, person.line)) != person.line:
            problems.append((person.line, f"The user name {person.username!r} is that of line {before}."))
        elif await rt.store.read.users.by_username_key(arrival.key) is not None:
            problems.append((person.line, f"There is a user {person.username!r} already."))
        if arrival.address:
            if (before := owned.setdefault(arrival.address, person.line)) != person.line:
                problems.append((person.line, f"The verified address {person.email!r} is that of line {before}."))
            elif (owner := await rt.store.read.addresses.owner(arrival.address)) is not None:
                problems.append((person.line, f"The user {owner.username!r} has verified {person.email!r} already."))
        arrivals.append(arrival)
    if problems:
        raise NotImported(problems)
    return arrivals


def _arrival(person: Immigrant, *, rt: Runtime, caller: Caller) -> _Arrival:
    username, now = check_username(person.username), rt.clock()
    if person.email_verified and person.email is None:
        raise NotAllowed("'email_verified' is of an 'email', and there is none.")
    if ids.looks_like("usr", username):
        raise NotAllowed("This user name has the shape of an id.")
    user = User(
        id=rt.new_id("usr"),
        username=username,
        email=check_email(person.email) if person.email is not None else None,
        roles=tuple(dict.fromkeys(check_role(role) for role in person.roles)),
        created_at=now,
        updated_at=now,
        disabled_at=now if person.disabled else None,
    )
    hashed = read(person.password) if person.password is not None else None
    credential = None
    if hashed is not None:
        credential = Credential(
            id=rt.new_id("crd"),
            user_id=user.id,
            authenticator=PASSWORD,
            data=hashed.encode(),
            version=1,
            created_at=now,
            updated_at=now,
        )
    details: dict[str, str | int | bool | None] = {"username": username, "imported": True}
    event = rt.event("user.added", user.id, actor=caller.actor, caller=caller, now=now, details=details)
    address = address_key(user.email) if user.email is not None and person.email_verified else ""
    return _Arrival(person.line, user, username_key(username), credential, hashed, event, address)


async def _write(batch: Sequence[_Arrival], *, done: int, rt: Runtime, caller: Caller) -> None:
    now = rt.clock()
    made = {each.hashed.parameters: stand_in(each.hashed).encode() for each in batch if each.hashed is not None}

    async def unit(tx: Tx) -> None:
        for parameters, nobody in made.items():
            await tx.password_schemes.note(PasswordScheme(parameters, nobody, now))
        for each in batch:
            await powers.over_roles(tx, each.user.roles, caller=caller)
            await tx.users.add(each.user, username_key=each.key)
            if each.credential is not None:
                await tx.credentials.put(each.credential)
            if each.address and not await tx.addresses.verify(
                each.user.id, address=each.user.email or "", address_key=each.address, now=now
            ):
                text = f"Somebody verified {each.user.email!r} meanwhile; begin again at line {batch[0].line}."
                raise NotImported([(each.line, text)], done=done)
            await tx.audit.append(each.event)

    try:
        await rt.store.write(unit)
    except UniqueViolation:
        text = f"Somebody took a user name of the lines {batch[0].line} to {batch[-1].line} meanwhile; begin again after them."
        raise NotImported([(batch[0].line, text)], done=done) from None
