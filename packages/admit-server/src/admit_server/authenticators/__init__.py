"""Ways to prove identity. Built-ins are written with `api` and nothing else, as a stranger's would be."""
