"""The aggregates: one SQL text for both engines."""

from .bind import Aggregates, bind

__all__ = ["Aggregates", "bind"]
