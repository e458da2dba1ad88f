"""What an operation of the API is. One row says everything: the address, who may call it, what comes in and goes out, and what is done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from ...domain.errors import AdministrationError
from ...flows.admin.changing import KEEP, Keep
from ...flows.runtime import Caller, Runtime

if TYPE_CHECKING:
    from ..site import Site

T = TypeVar("T")
B = TypeVar("B")
Q = TypeVar("Q")

# A body of one operation is small: the longest list of a client is bounded by these.
LIMIT = 65_536


class Wire(msgspec.Struct, forbid_unknown_fields=True):
    """A JSON object that comes in or goes out. Its schema in the OpenAPI document is made of the very type that is checked."""


class Thing(Wire):
    """A whole thing as its own address shows it: it is sent with its ETag."""


class Ended(Wire):
    """What a change did: whether anything was different before, and how many sessions and grants ended with it."""

    changed: bool
    ended: int = 0


class Nothing(Wire):
    """No parameters."""


Limit = Annotated[int, Meta(ge=1, le=200, description="At most so many.")]
Cursor = Annotated[str, Meta(min_length=1, max_length=1000, description="`next` of the page before.")]


class Paged(Wire):
    """Parameters of a list."""

    limit: Limit = 50
    cursor: Cursor | None = None


def keep(value: T | msgspec.UnsetType) -> T | Keep:
    """What a change says of a member: what is not sent stays as it is."""
    return KEEP if isinstance(value, msgspec.UnsetType) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[B, Q]):
    """One call of an operation, parsed and allowed.

    Attributes:
        rt: With which the flows are called; inside the unit where the operation changes something.
        caller: Who acts, and with which powers.
        path: The variable parts of the address, decoded.
        query: The parameters.
        body: What came in.
        site: The running server, for what is no flow.
    """

    rt: Runtime
    caller: Caller
    path: dict[str, str]
    query: Q
    body: B
    site: "Site"


Handler = Callable[[Call[Any, Any]], Awaitable[Any]]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A row of the table.

    Attributes:
        id: Its name in the OpenAPI document: area and verb.
        path: Below `/api/v1`; `{name}` is a variable part.
        scope: Which the caller needs.
        summary: One line. `description`: what more there is to know.
        does: Calls one flow and says what came of it, as `answer`.
        answer: What goes out.
        body: What comes in; None: nothing. `query`: the parameters.
        created: It makes something new: 201, and an Idempotency-Key is honoured.
        changes: It changes something: one unit of work, and `dry_run` is honoured.
        of: Reads what is changed: its ETag has to be sent as If-Match. None: nothing can be lost.
        long: It may end too much for one unit: If-Match is looked at before, and it works in several.
        gives: Variable parts of other addresses that the answer names, by where it does (JSON pointer): links in the document.
        errors: What it refuses beside what every operation does.
        example: A body for the documentation.
    """

    id: str
    method: Method
    path: str
    scope: str
    summary: str
    does: Handler
    answer: type[Wire]
    description: str = ""
    body: type[msgspec.Struct] | None = None
    body_required: bool = True
    query: type[Wire] = Nothing
    created: bool = False
    changes: bool = False
    of: Handler | None = None
    long: bool = False
    gives: dict[str, str] = field(default_factory=dict)
    errors: tuple[type[AdministrationError], ...] = ()
    example: dict[str, Any] = field(default_factory=dict)

    @property
    def success(self) -> int:
        """The status when all goes well."""
        return 201 if self.created else 200

    @property
    def area(self) -> str:
        """The group in the documentation: the first part of the address."""
        return self.path.split("/")[1]
