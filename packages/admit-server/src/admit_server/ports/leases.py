"""The port of leases. Each change is one compare-and-set statement: what ran out or ended never comes back."""

from typing import Protocol

from ..domain.lease import Lease


class Leases(Protocol):
    """The lives of app sessions."""

    async def add(self, lease: Lease) -> bool:
        """Make it; False when its session and client have one that is not noted as ended."""
        ...

    async def get(self, lease_id: str) -> Lease | None: ...

    async def by_digest(self, digest: bytes) -> Lease | None: ...

    async def of_app(self, session_id: str, client_id: str) -> Lease | None:
        """The one lease of a session and client that is not noted as ended; it may have run out."""
        ...

    async def of_session(self, session_id: str) -> list[Lease]:
        """Those of its apps that are not noted as ended, oldest first."""
        ...

    async def join(self, lease_id: str, *, length_s: int, now: int) -> Lease | None:
        """Renew it for a new grant, whose length counts if it is shorter; None when it is over."""
        ...

    async def renew(self, lease_id: str, *, holder: str | None, now: int) -> Lease | None:
        """Let it live for its length from now on; None when it is over. `holder`: who does it; None leaves the last one."""
        ...

    async def shorten(self, lease_id: str, *, ends_at: int, holder: str | None, now: int) -> Lease | None:
        """Let it end by then; never later than it would. None where nothing was to change, or another holder renewed it last."""
        ...

    async def end(self, lease_id: str, *, if_run_out: bool, now: int) -> Lease | None:
        """Note its end. Of any number of callers exactly one gets it. `if_run_out`: only when nobody renewed it in time."""
        ...

    async def run_out(self, *, now: int, limit: int) -> list[str]:
        """Ids of some that ran out and are not noted as ended, oldest first."""
        ...
