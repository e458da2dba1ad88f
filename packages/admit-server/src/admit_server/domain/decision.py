"""Decisions about tokens as they are recorded, for `admit policy simulate`."""

from typing import Literal, NamedTuple

# issue: an access token was issued. refresh: the same, for a refresh token; or one that was too old was refused. report: a library refused
# a token. The others: a use.
DecisionKind = Literal["issue", "refresh", "introspect", "check", "userinfo", "api", "report"]
# Refusals that come from a policy, so another policy may mean another answer. All others stay what they are.
BY_POLICY = frozenset(
    {
        "token_expired",
        "refresh_expired",
        # Of an issue: nothing was proved where the policy asks for it (`flows.binding.not_proved`).
        "invalid_dpop_proof",
        "invalid_request",
        "session_ended",
        "lease_ended",
        "step_up_required",
        "action_not_allowed",
        "network_not_allowed",
        "hour_not_allowed",
        "uses_exhausted",
        "idle_timeout",
        "token_bound",
        "limits_not_enforceable",
    }
)


class Decision(NamedTuple):
    """One decision. Times are seconds, UTC; '' and None: not known, or none.

    Attributes:
        at: When.
        kind: What was decided.
        code: '' for what was allowed, else the stable code of the refusal.
        grant_id: The grant of the token. None: a request at a rule of `/check` that came to no token.
        token_id: The access token's id.
        made_at: When the token was issued (of a refresh: the refresh token that was shown).
        ends_at: When the access token ends by itself.
        method: What was tried, as `admit.limits.Attempt` has it.
        path: See `method`.
        action: See `method`.
        address: See `method`.
        use_id: The number of the use, the same when the resource asks again.
        enforces: The resource said that it enforces limits.
        jkt: What the token is bound to (`domain.confirmation.Confirmation`).
        x5t: See `jkt`.
        proved_jkt: What its holder proved.
        proved_x5t: See `proved_jkt`.
        rule: The rule of `/check` that decided.
        by_dpop: It came to `/check` as `Authorization: DPoP`.
        cut: Something of the path was not kept.
    """

    at: int
    kind: DecisionKind
    code: str = ""
    grant_id: str | None = None
    token_id: str = ""
    made_at: int = 0
    ends_at: int = 0
    method: str | None = None
    path: str | None = None
    action: str | None = None
    address: str | None = None
    use_id: str | None = None
    enforces: bool = False
    jkt: str = ""
    x5t: str = ""
    proved_jkt: str = ""
    proved_x5t: str = ""
    rule: str | None = None
    by_dpop: bool = False
    cut: bool = False


class Batch(NamedTuple):
    """What one server process recorded in about a second.

    Attributes:
        at: When it was written.
        id: Unique among those of the same second: ten digits that put those of one process in their order, then `process`.
        decisions: In the order in which they were made.
        dropped: So many more were made, but not kept.
    """

    at: int
    id: str
    decisions: tuple[Decision, ...]
    dropped: int = 0

    @property
    def process(self) -> str:
        """Which process it was."""
        return self.id[10:]
