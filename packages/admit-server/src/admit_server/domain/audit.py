"""Audit events: one security-relevant fact each. No secret, token or password is ever in one."""

from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["done", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Who did what to what, with which outcome, from where. `at` is seconds, UTC; `network` an address or ''."""

    id: str
    at: int
    actor: str
    action: str
    target: str
    outcome: Outcome = "done"
    network: str = ""
    details: dict[str, str | int | bool | None] = field(default_factory=dict)
