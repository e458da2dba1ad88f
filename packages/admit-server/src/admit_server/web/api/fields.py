"""Fields that several things have, with the bounds that are checked and described."""

from typing import Annotated

from msgspec import Meta

Username = Annotated[
    str,
    Meta(min_length=1, max_length=64, pattern=r"^\S+$", description="To sign in with; no spaces.", examples=["alice"]),
]
Email = Annotated[str, Meta(min_length=3, max_length=254, examples=["alice@example.com"])]
Role = Annotated[str, Meta(pattern="^[a-z][a-z0-9_.:-]{0,63}$", examples=["editor"])]
Roles = Annotated[tuple[Role, ...], Meta(max_length=50)]
Password = Annotated[str, Meta(min_length=15, max_length=1024, description="At least 15 characters; a few words.")]
PolicyName = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_.-]{0,63}$", examples=["short"])]
Scope = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[!#-\[\]-~]+$", examples=["orders:read"])]
Scopes = Annotated[tuple[Scope, ...], Meta(max_length=64)]
ClientName = Annotated[str, Meta(min_length=1, max_length=100, description="What people see.", examples=["Shop"])]
Audience = Annotated[str, Meta(min_length=1, max_length=500, examples=["https://api.example.com"])]
Uri = Annotated[str, Meta(min_length=1, max_length=2000, examples=["https://app.example.com/cb"])]
Uris = Annotated[tuple[Uri, ...], Meta(max_length=50)]
Reference = Annotated[str, Meta(min_length=1, max_length=128, description="Id or name.")]
TokenText = Annotated[str, Meta(min_length=1, max_length=20_000)]
