"""What PostgreSQL's errors mean to a caller who knows no engine."""

import asyncpg

from admit_server.ports.store import ConstraintViolation, ReferenceViolation, StoreUnavailable, UniqueViolation
from admit_server.storage.location import PostgresServer


class ConnectionLost(StoreUnavailable):
    """The connection died. What ran on it was undone, unless it was the COMMIT itself that got no answer."""


class RunAgain(Exception):
    """The transaction lost against another one; run again it may well win."""


class OutOfDate(RunAgain):
    """The schema has changed under what the connection had prepared; run again on another connection it works."""


# Everything asyncpg raises. OSError holds TimeoutError, which `command_timeout` raises. InternalClientError is what a
# statement meets on a connection that the server is just closing.
ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)

_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,
    OSError,
)
_AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_OUT_OF_DATE = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
_WHY: list[tuple[tuple[type[BaseException], ...], str]] = [
    ((asyncpg.DiskFullError,), "its disk is full: free some space there"),
    ((asyncpg.OutOfMemoryError,), "it is out of memory"),
    ((asyncpg.TooManyConnectionsError,), "it has no connection left: raise max_connections or run fewer workers"),
    (
        (asyncpg.LockNotAvailableError,),
        "another transaction holds the row locked; if this lasts, look for one left open",
    ),
    ((asyncpg.QueryCanceledError, TimeoutError), "it gave no answer in time"),
    ((asyncpg.CannotConnectNowError,), "it is starting or stopping; this passes by itself"),
    (
        (asyncpg.InsufficientResourcesError, asyncpg.PostgresSystemError),
        "it reported a fault of its machine: see its log",
    ),
    ((asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError), "it refused the user or password"),
    ((asyncpg.InvalidCatalogNameError,), "there is no database of that name: create it first"),
    ((asyncpg.InsufficientPrivilegeError,), "the user may not do that: grant it the rights on this database"),
]


def unavailable(error: BaseException, server: PostgresServer) -> StoreUnavailable | None:
    """What to tell about an error of the machine; None when the error is not one."""
    if isinstance(error, _LOST) and not isinstance(error, TimeoutError):
        return ConnectionLost(f"the connection to {server} was lost: is PostgreSQL running and reachable?")
    for kinds, why in _WHY:
        if isinstance(error, kinds):
            return StoreUnavailable(f"the database {server} can't answer: {why}")
    return None


def translated(error: BaseException, server: PostgresServer, *, closed: bool) -> BaseException:
    """The engine-neutral exception for an error of a statement, or the error itself when the statement is wrong.

    Args:
        error: As asyncpg raised it.
        server: For the message.
        closed: Whether the connection is gone; asyncpg speaks of a misuse (`InterfaceError`) then.
    """
    match error:
        case asyncpg.UniqueViolationError():
            return UniqueViolation(error.table_name or "")
        case asyncpg.ForeignKeyViolationError():
            return ReferenceViolation("the row refers to one that does not exist, or is still referred to")
        case asyncpg.IntegrityConstraintViolationError():
            # The server's own text would repeat the row.
            return ConstraintViolation(f"{error.constraint_name or error.column_name} of {error.table_name}")
    if isinstance(error, _AGAIN):
        return RunAgain(str(error))
    if isinstance(error, _OUT_OF_DATE):
        return OutOfDate(f"the schema of {server} has changed")
    if closed and not isinstance(error, TimeoutError):
        return ConnectionLost(f"the connection to {server} was lost: is PostgreSQL running and reachable?")
    return unavailable(error, server) or error
