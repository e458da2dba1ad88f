"""`/api/v1`: the administration API. `operations` says what an operation is, `table` has all; see CONTRIBUTING.md."""
