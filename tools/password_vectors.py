"""Has the original libraries make hashes of passwords, for the tests of imports. Not part of the build.

    python -m venv v && v/bin/pip install django passlib "bcrypt<4" argon2-cffi werkzeug
    v/bin/python tools/password_vectors.py > packages/admit-server/tests/machine/vectors/password_hashes.json

`bcrypt<4`, because passlib 1.7.4 asks newer ones for something that they no longer say. What other systems made, and published with
its password, stands below as it was found.
"""

import json
from importlib.metadata import version

import django
from argon2 import PasswordHasher
from django.conf import settings

PLAIN, FOREIGN, LONG = (
    "a good pass phrase",
    "Grüße aus Zürich 你好",
    "seventy-two bytes are what bcrypt reads of a password and not a byte more, or fewer",
)
PASSWORDS = (PLAIN, FOREIGN, LONG)


def main() -> None:
    settings.configure()
    django.setup()
    vectors = [*of_django(), *of_passlib(), *of_werkzeug(), *of_argon2(), *published()]
    print(json.dumps({"comment": __doc__.splitlines()[0], "vectors": vectors}, indent=1, ensure_ascii=False))


def of_django():
    from django.contrib.auth import hashers

    cheap = {
        "pbkdf2_sha256": {"iterations": 1200},
        "pbkdf2_sha1": {"iterations": 1200},
        "bcrypt": {},
        "bcrypt_sha256": {},
        "argon2": {},
        "scrypt": {},
    }
    kinds = (
        hashers.PBKDF2PasswordHasher,
        hashers.PBKDF2SHA1PasswordHasher,
        hashers.Argon2PasswordHasher,
        hashers.BCryptSHA256PasswordHasher,
        hashers.BCryptPasswordHasher,
        hashers.ScryptPasswordHasher,
    )
    for kind in kinds:
        hasher = kind()
        if "bcrypt" in hasher.algorithm:
            hasher.rounds = 4
        for password in PASSWORDS:
            hashed = hasher.encode(password, hasher.salt(), **cheap[hasher.algorithm])
            yield entry(f"Django {version('django')}, {kind.__name__}", "django", password, hashed)


def of_passlib():
    from passlib import hash as handlers

    kinds = (
        handlers.pbkdf2_sha1.using(rounds=1000),
        handlers.pbkdf2_sha256.using(rounds=1000),
        handlers.pbkdf2_sha512.using(rounds=1000),
        handlers.scrypt.using(rounds=8),
        handlers.bcrypt.using(rounds=4),
        handlers.bcrypt_sha256.using(rounds=4),
        handlers.bcrypt_sha256.using(rounds=4, version=1),
        handlers.argon2.using(rounds=2),
    )
    for kind in kinds:
        for password in PASSWORDS:
            yield entry(f"passlib {version('passlib')}, {kind.name}", "passlib", password, kind.hash(password))


def of_werkzeug():
    from werkzeug.security import generate_password_hash

    for method in ("scrypt", "pbkdf2:sha256:1000", "pbkdf2:sha512:1000"):
        for password in PASSWORDS:
            made = generate_password_hash(password, method=method)
            yield entry(f"Werkzeug {version('werkzeug')}, {method}", "werkzeug", password, made)


def of_argon2():
    for password in PASSWORDS:
        hasher = PasswordHasher(time_cost=3, memory_cost=4096, parallelism=4, hash_len=24, salt_len=12)
        yield entry(f"argon2-cffi {version('argon2-cffi')}", "argon2", password, hasher.hash(password))


def published():
    yield entry(
        "firebase/scrypt, README.md, 'Password hashing example'",
        "firebase",
        "user1password",
        "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
        salt="42xEC+ixf3L2lw==",
        firebase={
            "signer_key": "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
            "salt_separator": "Bw==",
            "rounds": 8,
            "memory_cost": 14,
        },
    )
    yield entry(
        "Keycloak: a realm of a data lake demo with Lakekeeper, its documentation of realm.json (user peter)",
        "keycloak",
        "iceberg",
        keycloak(
            '{"value":"BuViHNDGmCq80fvpty/QoggTI8NSt0CuNDGgeoa5f5A=","salt":"RJ0aLMQ2qKbZuROs7qQhcA==",'
            '"additionalParameters":{}}',
            '{"hashIterations":5,"algorithm":"argon2","additionalParameters":{"hashLength":["32"],"memory":["7168"],'
            '"type":["id"],"version":["1.3"],"parallelism":["1"]}}',
        ),
    )
    yield entry(
        "Keycloak: dump of the table CREDENTIAL of a demo in MySQL, April 2024",
        "keycloak",
        "password",
        keycloak(
            '{"value":"5IL4kCCyOerhaEHfdK1BbjYxO6HitYLRtJOxwD8MUZH5wCgc1edmf35rWiP9sRxEwnQDstxch8twKh08Usi1fQ==",'
            '"salt":"JaBKqx57IIB/dLDTpWBu+Q==","additionalParameters":{}}',
            '{"hashIterations":210000,"algorithm":"pbkdf2-sha512","additionalParameters":{}}',
        ),
    )
    yield entry(
        "Keycloak 9: 'Import PBKDF2 hashed user passwords into Keycloak', dev.to/oskarspakers",
        "keycloak",
        "admin",
        keycloak(
            '{"salt": "x/bm4Y3DcuV9eU97ervkPA==","value": "1u7BLvfSPxQFpwc5jpGSA+88EGl9pZYKhaZ8YPIu9N4="}',
            '{"hashIterations": 27500,"algorithm": "pbkdf2-sha256"}',
        ),
    )


def keycloak(secret, data):
    return {"type": "password", "secretData": secret, "credentialData": data}


def entry(source, scheme, password, hashed, **more):
    return {"source": source, "scheme": scheme, "password": password, "password_hash": hashed, **more}


if __name__ == "__main__":
    main()
