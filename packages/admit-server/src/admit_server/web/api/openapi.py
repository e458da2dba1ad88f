"""The OpenAPI 3.1 document, made of the table: what is described is what is checked."""

from functools import cache
from typing import Any

import msgspec

from ...domain.administration import API_PATH, API_SCOPES
from ...domain.errors import AdministrationError, IfMatchMissing, KeyReused, Stale
from .operations import Operation, Wire
from .problems import TITLES

_JSON, _PROBLEM = "application/json", "application/problem+json"
_TEXT = {"type": "string"}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal (RFC 9457). Act on `code`; `denial_id` is what `admit explain` takes."""

    type: str
    title: str
    status: int
    code: str
    detail: str | msgspec.UnsetType = msgspec.UNSET
    field: str | msgspec.UnsetType = msgspec.UNSET
    denial_id: str | msgspec.UnsetType = msgspec.UNSET


@cache
def document(*, issuer: str, version: str) -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(as_dict(issuer=issuer, version=version))


def as_dict(*, issuer: str, version: str) -> dict[str, Any]:
    """The document."""
    from .dispatch import DryRun
    from .table import OPERATIONS

    types: list[Any] = [Problem, DryRun]
    types += [kind for op in OPERATIONS for kind in (op.answer, op.body) if kind]
    types += [op.query for op in OPERATIONS]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    refs = dict(zip(types, schemas, strict=True))
    paths: dict[str, Any] = {}
    for op in OPERATIONS:
        paths.setdefault(op.path, {})[op.method.lower()] = _operation(op, refs, components, DryRun, Problem)
        if links := {
            other.id: _link(other, op) for other in OPERATIONS for name in op.gives if f"{{{name}}}" in other.path
        }:
            paths[op.path][op.method.lower()]["responses"][str(op.success)]["links"] = links
    queries = {op.query.__name__ for op in OPERATIONS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Admit administration API",
            "version": version,
            "description": "What an administrator does, by programs. Times are seconds since 1970, UTC. Refusals are RFC 9457 problems.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": issuer + API_PATH}],
        "tags": [{"name": area} for area in dict.fromkeys(op.area for op in OPERATIONS)],
        "security": [{"oauth": []}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in components.items() if name not in queries},
            "securitySchemes": {
                "oauth": {
                    "type": "oauth2",
                    "description": "A bearer token for this resource (RFC 6750), by a sign-in or by hand.",
                    "flows": {
                        "authorizationCode": {
                            "authorizationUrl": f"{issuer}/authorize",
                            "tokenUrl": f"{issuer}/token",
                            "scopes": API_SCOPES,
                        }
                    },
                }
            },
        },
    }


def _operation(
    op: Operation, refs: dict[Any, Any], components: dict[str, Any], dry_run: type[Wire], problem: type
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": op.id,
        "tags": [op.area],
        "summary": op.summary,
        "security": [{"oauth": [op.scope]}],
        "parameters": [*_path_parameters(op), *_query_parameters(op, refs, components), *_header_parameters(op)],
        "responses": _responses(op, refs, dry_run, problem),
    }
    if op.description:
        described["description"] = op.description
    if op.body is not None:
        content: dict[str, Any] = {"schema": refs[op.body]}
        if op.example:
            content["example"] = op.example
        described["requestBody"] = {"required": op.body_required, "content": {_JSON: content}}
    return described


def _path_parameters(op: Operation) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in op.path.split("/") if part.startswith("{")]
    schema = {"type": "string", "minLength": 1, "maxLength": 500}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]


def _query_parameters(op: Operation, refs: dict[Any, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    schema = components[refs[op.query]["$ref"].rpartition("/")[2]]
    required = schema.get("required", [])
    found = [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(each)}
        for name, each in schema["properties"].items()
    ]
    if op.changes:
        text = "Say what would change, and change nothing."
        found.append(
            {"name": "dry_run", "in": "query", "description": text, "schema": {"type": "boolean", "default": False}}
        )
    return found


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is there or not; it is never null."""
    options = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if not options:
        return schema
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    return rest | (options[0] if len(options) == 1 else {"anyOf": options})


def _header_parameters(op: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if op.created:
        text = "The same key and request are done once; within a day the answer is given again."
        schema = {"type": "string", "pattern": '^("[!#-\\[\\]-~]{1,255}"|[!#-\\[\\]-~]{1,255})$'}
        found.append({"name": "Idempotency-Key", "in": "header", "description": text, "schema": schema})
    if op.of is not None:
        text = "The ETag of what was read; `*` for any."
        found.append({"name": "If-Match", "in": "header", "required": True, "description": text, "schema": _TEXT})
    return found


def _responses(op: Operation, refs: dict[Any, Any], dry_run: type[Wire], problem: type) -> dict[str, Any]:
    success: dict[str, Any] = {"description": op.summary, "content": {_JSON: {"schema": refs[op.answer]}}}
    found: dict[str, Any] = {str(op.success): success}
    if op.changes:
        tried = {_JSON: {"schema": refs[dry_run]}}
        if op.success == 200:
            success["content"] = {_JSON: {"schema": {"anyOf": [refs[op.answer], refs[dry_run]]}}}
        else:
            found["200"] = {"description": "A dry run: what would have changed.", "content": tried}
    codes: dict[int, list[str]] = {401: ["missing_token", "invalid_token"], 403: ["insufficient_scope"]}
    codes[400] = ["malformed_request", "invalid_request"]
    codes[404] = ["not_found"] if "{" in op.path else []
    codes[422] = ["invalid_value"]
    codes[503] = ["temporarily_unavailable"]
    if op.changes:
        codes.setdefault(409, []).append("conflict")
    if op.body is not None:
        codes[415], codes[413] = ["unsupported_media_type"], ["body_too_large"]
    for error in (*op.errors, *((IfMatchMissing, Stale) if op.of else ()), *((KeyReused,) if op.created else ())):
        _add(codes, error)
    for status, names in sorted(codes.items()):
        if names:
            text = f"{TITLES[status]}: {', '.join(f'`{name}`' for name in dict.fromkeys(names))}."
            found[str(status)] = {"description": text, "content": {_PROBLEM: {"schema": refs[problem]}}}
    return found


def _link(to: Operation, op: Operation) -> dict[str, Any]:
    values = {name: f"$response.body#{pointer}" for name, pointer in op.gives.items()}
    return {"operationId": to.id, "parameters": values}


def _add(codes: dict[int, list[str]], error: type[AdministrationError]) -> None:
    codes.setdefault(error.status, []).append(error.code)
