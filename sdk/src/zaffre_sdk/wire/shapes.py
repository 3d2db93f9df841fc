"""The two manners of every shape."""

import msgspec


class In(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a client sends."""


class Out(msgspec.Struct, kw_only=True):
    """What a server answers."""
