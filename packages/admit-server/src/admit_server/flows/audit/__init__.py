"""The sealed audit log: sealing, checking, reading, dropping."""
