"""Between the wire and the domain, in pure functions: `to_…` goes in, `from_…` comes out."""
