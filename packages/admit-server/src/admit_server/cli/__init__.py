"""The `admit` command: one file for each noun. Reads what was typed, calls a flow, and shows what came of it."""
