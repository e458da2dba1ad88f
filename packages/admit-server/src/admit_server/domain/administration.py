"""The administration API as a resource: its audience, its scopes, and the role to which all of them belong."""

from dataclasses import dataclass

# Who has it may do everything at the API. Built in: it can't be deleted, and its scopes are always all of them.
ADMIN_ROLE = "admin"
# The client of tokens that an administrator issues by hand. It has no grant type, so nobody can sign in with it.
ADMIN_CLIENT = "admit-admin"
API_PATH = "/api/v1"

API_SCOPES: dict[str, str] = {
    "users:read": "See who has an account",
    "users:write": "Add, change, disable and delete accounts",
    "roles:read": "See roles",
    "roles:write": "Add, change and delete roles",
    "clients:read": "See applications",
    "clients:write": "Add, change and delete applications, and their secrets",
    "resources:read": "See the APIs that tokens are for",
    "resources:write": "Add, change and delete them",
    "policies:read": "See limits, and what applies to whom",
    "policies:write": "Set and delete limits",
    "journeys:read": "See what sign-ins have to prove, and what somebody would be asked",
    "journeys:write": "Set and delete rules for what sign-ins have to prove",
    "rules:read": "See the rules of /check",
    "rules:write": "Add, change and delete the rules of /check",
    "sessions:read": "See who is signed in",
    "sessions:write": "End sessions",
    "tokens:read": "See grants, and look at tokens",
    "tokens:write": "End tokens and grants",
    "tokens:issue": "Issue tokens in the name of others",
    "revocations:read": "See live revocations",
    "revocations:write": "Revoke a handle, or everything",
    "denials:read": "See why something was refused",
    "audit:read": "Read and check the audit log",
    "keys:read": "See the keys that sign",
    "keys:write": "Rotate and retire keys",
    "settings:read": "See the settings, secrets masked",
}  # fmt: skip
ALL = frozenset(API_SCOPES)


def api_audience(issuer: str) -> str:
    """The audience of the API's tokens."""
    return issuer + API_PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class Powers:
    """What an administrator at the API may do, and so may give to others.

    Attributes:
        scopes: At the API: those of the token that the person's roles still allow.
        others: Scopes of other resources that the person's roles name; None: every one, for the role admin.
    """

    scopes: frozenset[str]
    others: frozenset[str] | None = frozenset()

    def missing(self, wanted: frozenset[str]) -> frozenset[str]:
        """What of the wanted scopes goes beyond these powers."""
        beyond = (wanted & ALL) - self.scopes
        return beyond if self.others is None else beyond | (wanted - ALL - self.others)
