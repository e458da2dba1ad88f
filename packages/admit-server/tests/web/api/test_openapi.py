"""The OpenAPI document says what is checked."""

import pytest

from admit_server.domain.administration import ALL
from admit_server.web.api.table import OPERATIONS

pytestmark = pytest.mark.anyio


async def test_the_document_describes_every_operation_and_no_other(site):
    document = (await site.get("/api/v1/openapi.json")).json()

    described = {
        (method.upper(), path, operation["operationId"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert document["openapi"] == "3.1.0"
    assert described == {(op.method, op.path, op.id) for op in OPERATIONS}


def test_operations_have_one_name_and_a_scope_that_exists():
    assert len({op.id for op in OPERATIONS}) == len(OPERATIONS)
    assert {op.scope for op in OPERATIONS} <= ALL


def test_what_reads_needs_a_reading_scope_and_what_writes_another():
    for op in OPERATIONS:
        reads = op.scope.endswith(":read")
        assert reads == (not op.changes), op.id


async def test_bounds_of_the_document_are_those_that_are_checked(site):
    document = (await site.get("/api/v1/openapi.json")).json()

    schema = document["components"]["schemas"]["NewUserIn"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["username"]["maxLength"] == 64
    assert schema["required"] == ["username"]
