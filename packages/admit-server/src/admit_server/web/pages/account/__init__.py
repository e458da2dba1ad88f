"""Pages of a person's own account. They work without JavaScript."""
