"""The first house: users to audit.

Revision ID: 0001
Revises: (none)
"""

from admit_server.storage.migrations.ddl import execute

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Types are TEXT, BIGINT and BLOB only; `execute` writes them for the engine at hand and ends each table with the engine's own words.
# Flags are 0/1 or a time `..._at` (seconds, UTC); JSON is text that we encode.
TABLES = [
    """CREATE TABLE installation (
        id BIGINT PRIMARY KEY CHECK (id = 1),
        nonce TEXT NOT NULL,
        created_at BIGINT NOT NULL
    )""",
    """CREATE TABLE app_user (
        id TEXT PRIMARY KEY,
        username TEXT NOT NULL,
        username_key TEXT NOT NULL UNIQUE,
        email TEXT,
        roles TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        disabled_at BIGINT
    )""",
    """CREATE TABLE credential (
        id TEXT PRIMARY KEY,
        user_id TEXT NOT NULL REFERENCES app_user (id),
        authenticator TEXT NOT NULL,
        data TEXT NOT NULL,
        version BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        last_used_at BIGINT
    )""",
    "CREATE INDEX credential_by_user ON credential (user_id, authenticator)",
    """CREATE TABLE token_policy (
        name TEXT PRIMARY KEY,
        limits TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL
    )""",
    """CREATE TABLE client (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        first_party BIGINT NOT NULL,
        secret_digest BLOB,
        redirect_uris TEXT NOT NULL,
        post_logout_redirect_uris TEXT NOT NULL,
        grant_types TEXT NOT NULL,
        scopes TEXT NOT NULL,
        audiences TEXT NOT NULL,
        pkce_required BIGINT NOT NULL,
        policy TEXT REFERENCES token_policy (name),
        created_at BIGINT NOT NULL,
        disabled_at BIGINT
    )""",
    """CREATE TABLE client_origin (
        origin TEXT NOT NULL,
        client_id TEXT NOT NULL REFERENCES client (id),
        PRIMARY KEY (origin, client_id)
    ) WITHOUT ROWID""",
    """CREATE TABLE resource (
        audience TEXT PRIMARY KEY,
        scopes TEXT NOT NULL,
        format TEXT NOT NULL,
        policy TEXT REFERENCES token_policy (name),
        client_id TEXT REFERENCES client (id),
        created_at BIGINT NOT NULL
    )""",
    """CREATE TABLE session (
        id TEXT PRIMARY KEY,
        digest BLOB UNIQUE,
        user_id TEXT NOT NULL REFERENCES app_user (id),
        auth_time BIGINT NOT NULL,
        amr TEXT NOT NULL,
        acr TEXT NOT NULL,
        network TEXT NOT NULL,
        user_agent TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        jwt_alive_until BIGINT NOT NULL,
        ended_at BIGINT,
        end_reason TEXT
    )""",
    "CREATE INDEX session_by_user ON session (user_id, created_at)",
    "CREATE INDEX session_by_expiry ON session (expires_at)",
    """CREATE TABLE access_grant (
        id TEXT PRIMARY KEY,
        client_id TEXT NOT NULL REFERENCES client (id),
        user_id TEXT REFERENCES app_user (id),
        session_id TEXT REFERENCES session (id),
        end_with_session BIGINT NOT NULL,
        format TEXT NOT NULL,
        lifetime_s BIGINT NOT NULL,
        auth_time BIGINT,
        acr TEXT NOT NULL,
        amr TEXT NOT NULL,
        scopes TEXT NOT NULL,
        audience TEXT NOT NULL,
        policy TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        jwt_alive_until BIGINT NOT NULL,
        ended_at BIGINT,
        end_reason TEXT
    )""",
    "CREATE INDEX grant_by_user ON access_grant (user_id)",
    "CREATE INDEX grant_by_session ON access_grant (session_id)",
    "CREATE INDEX grant_by_client ON access_grant (client_id, audience)",
    "CREATE INDEX grant_by_expiry ON access_grant (expires_at)",
    """CREATE TABLE authorization_code (
        digest BLOB PRIMARY KEY,
        grant_id TEXT NOT NULL,
        client_id TEXT NOT NULL,
        redirect_uri TEXT NOT NULL,
        code_challenge TEXT,
        nonce TEXT,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        keep_until BIGINT NOT NULL,
        consumed_at BIGINT
    ) WITHOUT ROWID""",
    "CREATE INDEX authorization_code_by_keep ON authorization_code (keep_until)",
    """CREATE TABLE refresh_token (
        digest BLOB PRIMARY KEY,
        grant_id TEXT NOT NULL,
        client_id TEXT NOT NULL,
        parent_digest BLOB,
        scopes TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        keep_until BIGINT NOT NULL,
        consumed_at BIGINT,
        reuse_window_s BIGINT NOT NULL,
        successor_digest BLOB,
        sealed_successor BLOB,
        replays BIGINT NOT NULL,
        last_replay_at BIGINT
    ) WITHOUT ROWID""",
    "CREATE INDEX refresh_token_by_keep ON refresh_token (keep_until)",
    "CREATE INDEX refresh_token_sealed ON refresh_token (consumed_at) WHERE sealed_successor IS NOT NULL",
    """CREATE TABLE access_token (
        digest BLOB PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        grant_id TEXT NOT NULL,
        client_id TEXT NOT NULL,
        user_id TEXT,
        session_id TEXT,
        audience TEXT NOT NULL,
        scopes TEXT NOT NULL,
        issued_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        revoked_at BIGINT
    ) WITHOUT ROWID""",
    "CREATE INDEX access_token_by_expiry ON access_token (expires_at)",
    """CREATE TABLE feed_head (
        id BIGINT PRIMARY KEY CHECK (id = 1),
        seq BIGINT NOT NULL,
        nonce TEXT NOT NULL
    )""",
    """CREATE TABLE revocation (
        seq BIGINT PRIMARY KEY,
        nonce TEXT NOT NULL,
        handle TEXT,
        before_at BIGINT,
        until_at BIGINT NOT NULL,
        revoked_at BIGINT NOT NULL
    )""",
    "CREATE INDEX revocation_by_handle ON revocation (handle)",
    "CREATE INDEX revocation_by_until ON revocation (until_at)",
    """CREATE TABLE signing_key (
        kid TEXT PRIMARY KEY,
        alg TEXT NOT NULL,
        public_jwk TEXT NOT NULL,
        sealed_private BLOB NOT NULL,
        published_at BIGINT NOT NULL,
        signs_from BIGINT,
        signs_until BIGINT,
        removed_at BIGINT
    )""",
    """CREATE TABLE throttle (
        counter BLOB PRIMARY KEY,
        failures BIGINT NOT NULL,
        window_started_at BIGINT NOT NULL,
        blocked_until BIGINT NOT NULL,
        expires_at BIGINT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX throttle_by_expiry ON throttle (expires_at)",
    """CREATE TABLE denial (
        id TEXT PRIMARY KEY,
        at BIGINT NOT NULL,
        code TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        client_id TEXT,
        user_id TEXT,
        network TEXT NOT NULL,
        checks TEXT NOT NULL
    )""",
    "CREATE INDEX denial_by_time ON denial (at)",
    """CREATE TABLE denial_count (
        code TEXT NOT NULL,
        network TEXT NOT NULL,
        minute BIGINT NOT NULL,
        amount BIGINT NOT NULL,
        PRIMARY KEY (code, network, minute)
    ) WITHOUT ROWID""",
    "CREATE INDEX denial_count_by_minute ON denial_count (minute)",
    """CREATE TABLE audit_event (
        id TEXT PRIMARY KEY,
        at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        target TEXT NOT NULL,
        outcome TEXT NOT NULL,
        network TEXT NOT NULL,
        details TEXT NOT NULL
    )""",
    "CREATE INDEX audit_event_by_time ON audit_event (at)",
]


def upgrade() -> None:
    """Make every table of the first release."""
    for statement in TABLES:
        execute(statement)
