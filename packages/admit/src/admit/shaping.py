"""Claims in a form of the application's own: a TypedDict, a dataclass, a msgspec Struct, or whatever a function makes of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, is_typeddict

from admit.errors import MalformedToken
from admit.jose.accelerators import json_converter
from admit.principal import Principal, with_claims

Shape = Callable[[Mapping[str, Any]], Any]


def shape_of(claims: Any) -> Shape:
    """Return what makes the claims of a token into the form that the argument `claims` of `Verifier` means.

    Args:
        claims: A TypedDict, dataclass or msgspec Struct, whose fields are checked against the claims of the same names; claims
            that it does not name are left out. Or a function of the claims, such as `MyModel.model_validate` of pydantic.

    Raises:
        ValueError: It is neither, or one that only `admit[fast]` can fill.
    """
    if is_typeddict(claims) or (isinstance(claims, type) and _has_fields(claims)):
        convert = json_converter()
        if convert is None:
            raise ValueError(
                f"claims={claims.__name__} is filled by msgspec: install it with `pip install 'admit[fast]'`, or pass a function of "
                "the claims"
            )
        return lambda said: convert(dict(said), claims)
    if isinstance(claims, type) or not callable(claims):
        raise ValueError("claims must be a TypedDict, a dataclass, a msgspec Struct or a function of the claims")
    function: Shape = claims
    return function


def shaped(who: Principal[Any], shape: Shape) -> Principal[Any]:
    """Give a principal that is nobody's yet its claims in the form of the application.

    Raises:
        MalformedToken: They do not fit.
    """
    try:
        return with_claims(who, shape(who.claims))
    except (ValueError, TypeError, KeyError) as error:
        raise MalformedToken(f"the claims do not fit what this application expects of them: {error}") from error


def _has_fields(kind: type) -> bool:
    return dataclasses.is_dataclass(kind) or hasattr(kind, "__struct_fields__")
