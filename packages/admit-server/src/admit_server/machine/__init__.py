"""The machine's side of the ports: time, randomness, slow hashing."""
