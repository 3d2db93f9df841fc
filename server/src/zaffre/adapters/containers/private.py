"""Who may use images that were fetched with a password: whoever knows it."""

import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from zaffre.domain.containers import address_of
from zaffre.domain.environments import Image

_COST: Final = 1 << 12
_MOST_PROOFS: Final = 100


class PrivateImages:
    """Remembers repositories that asked for a password, and what proves that somebody knows it.

    An engine gives an image that is on the machine to all who name it; only its registry knows
    for whom it is. Whoever has no proof is sent there.

    Args:
        folder: Keeps a file for each repository.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def may_use(self, image: Image, names: Iterable[str]) -> bool:
        """Whether its name is nobody's, or its user and password are those of before.

        Args:
            image: What is asked for.
            names: All that the engine calls what it found by that name.
        """
        asked = repository_of(address_of(image))
        others = {repository_of(name) for name in names}
        # An engine also takes the end of a name for the whole: then all of its names count.
        counting = {asked} if asked in others else {asked, *others}
        return all(self._is_proven(image, repository) for repository in counting)

    def are_there(self) -> bool:
        """Whether any repository asked for a password."""
        return next(self._folder.glob("*.json"), None) is not None

    def remember(self, image: Image) -> None:
        """Note that its registry has given it to that user, or to somebody without a password."""
        address = address_of(image)
        file = self._file(address)
        with self._lock:
            if not image.password:
                file.unlink(missing_ok=True)
                return
            known = self._known(address) or {"salt": secrets.token_hex(16), "proofs": []}
            proofs = list(dict.fromkeys([*known["proofs"], _proof(image, known["salt"])]))
            file.parent.mkdir(parents=True, exist_ok=True)
            fresh = file.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps({**known, "proofs": proofs[-_MOST_PROOFS:]}))
            fresh.replace(file)

    def _is_proven(self, image: Image, repository: str) -> bool:
        known = self._known(repository)
        if known is None:
            return True
        proof = _proof(image, known["salt"])
        return any(hmac.compare_digest(proof, one) for one in known["proofs"])

    def _known(self, address: str) -> dict[str, Any] | None:
        try:
            content: dict[str, Any] = json.loads(self._file(address).read_bytes())
        except FileNotFoundError:
            return None
        return content

    def _file(self, address: str) -> Path:
        name = hashlib.sha256(repository_of(address).encode()).hexdigest()
        return self._folder / f"{name}.json"


def repository_of(address: str) -> str:
    """Return the name of an image without its tag and digest."""
    name = address.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    short = f"{folder}{slash}{last.partition(':')[0]}".lower()
    for prefix in ("index.docker.io/", "docker.io/", "library/"):
        short = short.removeprefix(prefix)
    return short


def _proof(image: Image, salt: str) -> str:
    told = f"{image.username}\0{image.password}".encode()
    return hashlib.scrypt(told, salt=bytes.fromhex(salt), n=_COST, r=8, p=1).hex()
