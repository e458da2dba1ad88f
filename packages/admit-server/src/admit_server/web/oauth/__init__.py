"""Endpoints for programs: RFC 6749 and its family."""
