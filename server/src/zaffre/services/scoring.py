"""What answers right now: kept by the engine, read by the scoring door with every request."""

import hmac
from collections.abc import Callable
from typing import Final

from zaffre.domain.endpoints import AuthMode
from zaffre.domain.scoring import MAX_TOKEN_LENGTH, key_digest, token_expiry
from zaffre.ports.replicas import Replica

_MAX_KNOWN_TOKENS: Final = 1024


class LiveEndpoint:
    """An endpoint as the scoring door needs it.

    Attributes:
        state: In words, for callers when nothing answers.
        replicas: Those that answer; replaced as a whole.
    """

    __slots__ = ("_auth_mode", "_key_digests", "_known_tokens", "_secret", "replicas", "state")

    def __init__(
        self, auth_mode: AuthMode, *, key_digests: tuple[bytes, bytes], signing_secret: bytes
    ) -> None:
        self._known_tokens: dict[str, int] = {}
        self.state = ""
        self.replicas: tuple[Replica, ...] = ()
        self.admit(auth_mode, key_digests=key_digests, signing_secret=signing_secret)

    def admit(
        self, auth_mode: AuthMode, *, key_digests: tuple[bytes, bytes], signing_secret: bytes
    ) -> None:
        """Set who may score from now on."""
        self._auth_mode = auth_mode
        self._key_digests = key_digests
        self._secret = signing_secret
        self._known_tokens.clear()

    def is_admitted(self, credential: str | None, now: Callable[[], float]) -> bool:
        """Tell whether a bearer credential opens the endpoint.

        Args:
            credential: What the caller showed, without the word `Bearer`.
            now: Tells the time in seconds since the epoch.
        """
        if self._auth_mode is AuthMode.NONE:
            return True
        if credential is None:
            return False
        if self._auth_mode is AuthMode.KEY:
            seen = key_digest(credential)
            primary, secondary = self._key_digests
            # Both are compared, so that time does not tell which.
            return bool(hmac.compare_digest(seen, primary) | hmac.compare_digest(seen, secondary))
        return self._is_live_token(credential, now())

    def least_busy(self) -> Replica | None:
        """Return the replica that will answer first."""
        alive = [replica for replica in self.replicas if replica.is_alive]
        if len(alive) > 1:
            return min(alive, key=_waiting)
        return alive[0] if alive else None

    def _is_live_token(self, token: str, now: float) -> bool:
        expiry = self._known_tokens.get(token)
        if expiry is None:
            expiry = token_expiry(self._secret, token)
            if expiry is None:
                return False
            if len(self._known_tokens) >= _MAX_KNOWN_TOKENS or len(token) > MAX_TOKEN_LENGTH:
                self._known_tokens.clear()
            self._known_tokens[token] = expiry
        return now < expiry


class ScoringTable:
    """The live endpoints by id; used on the event loop alone."""

    def __init__(self) -> None:
        self._endpoints: dict[str, LiveEndpoint] = {}

    def find(self, endpoint_id: str) -> LiveEndpoint | None:
        """Return the endpoint of that id."""
        return self._endpoints.get(endpoint_id)

    def put(self, endpoint_id: str, endpoint: LiveEndpoint) -> None:
        """Let it be scored."""
        self._endpoints[endpoint_id] = endpoint

    def remove(self, endpoint_id: str) -> None:
        """Let it not be scored any more."""
        self._endpoints.pop(endpoint_id, None)


def _waiting(replica: Replica) -> int:
    return replica.waiting
