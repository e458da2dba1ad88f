"""HTTP only: parse, call a flow, render. Knows no SQL and no storage."""
