"""The token endpoint: one file a grant type."""
