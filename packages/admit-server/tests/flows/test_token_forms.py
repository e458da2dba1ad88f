"""A text is told by its form, and never repeated."""

from typing import get_args

import pytest

from admit_server.flows.token_forms import form_of
from admit_server.tokens import opaque


@pytest.mark.parametrize("kind", get_args(opaque.OpaqueKind))
def test_each_kind_of_ours_is_known_by_its_prefix_and_checksum(kind):
    text = opaque.mint(kind, bytes(range(32)))
    assert form_of(text).startswith("a")
    assert "another form" not in form_of(text)
    assert "another form" in form_of(text[:-1])


@pytest.mark.parametrize("text", ["", "x", "adm_at_x", "a.b.c", "adm_zz_" + "a" * 49, "\u2028" * 10, "x" * 100_000])
def test_anything_else_is_another_form(text):
    assert "another form" in form_of(text)
    assert len(text) < 3 or text not in form_of(text)


def test_a_jwt_is_known_by_its_look():
    assert form_of("eyJhbGciOiJub25lIn0.e30.") == "a JWT"
