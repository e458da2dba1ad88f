"""Values to strings and back: opaque tokens, signed tokens, sealed envelopes."""
