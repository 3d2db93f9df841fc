"""Shapes that client and server share: what travels over the native API.

`…In` is what a client sends: unknown fields are refused. `…Out` is what a server answers: clients
ignore fields they do not know, so that an older client understands a newer server. Times are
seconds since the epoch in UTC unless a field says otherwise; digests are SHA-256 in lower-case
hexadecimal digits.
"""
