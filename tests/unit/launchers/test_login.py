from pathlib import Path
from typing import Any

import pytest
from zaffre.adapters.launchers.machines.failures import (
    MachineAwayError,
    MachineError,
    PortTakenError,
    failure,
)
from zaffre.adapters.launchers.machines.login import Login, command_for, login_of, pinned_at
from zaffre.domain.computes import ComputeKind
from zaffre.ports.launchers import ComputePlace

SETTINGS = {"address": "gpu1.example.org", "port": 2222, "username": "ada"}


def place(credential: dict[str, str] | None = None, **settings: Any) -> ComputePlace:
    return ComputePlace(
        kind=ComputeKind.MACHINE,
        name="gpu1",
        settings={**SETTINGS, **settings},
        credential={"password": "secret"} if credential is None else credential,
    )


def words_of(login: Login, folder: Path) -> list[str]:
    with command_for(login, folder, forward="127.0.0.1:0:127.0.0.1:1", program="true") as command:
        return command.words[1:]


def test_the_command_asks_nobody_but_the_target(tmp_path: Path):
    words = words_of(login_of(place()), tmp_path)
    assert words[:2] == ["-F", "none"]
    assert words[-3:] == ["--", "gpu1.example.org", "true"]
    for option in (
        "StrictHostKeyChecking=accept-new",
        "GlobalKnownHostsFile=none",
        "IdentityAgent=none",
        "PubkeyAuthentication=no",
        "ForwardAgent=no",
    ):
        assert option in words
    assert words[words.index("-l") + 1] == "ada"
    assert words[words.index("-p") + 1] == "2222"
    assert not any("secret" in word for word in words)


def test_secrets_are_files_of_the_owner_and_go(tmp_path: Path):
    sealed = {"private_key": "-----BEGIN\r\nKEY\r\n-----END", "passphrase": "sesame"}
    with command_for(
        login_of(place(sealed)), tmp_path, forward="127.0.0.1:0:127.0.0.1:1", program="true"
    ) as command:
        answer = Path(command.environ["ZAFFRE_ANSWER"])
        key = answer.with_name("key")
        assert answer.read_text() == "sesame\n"
        assert key.read_bytes() == b"-----BEGIN\nKEY\n-----END\n"
        assert [path.stat().st_mode & 0o77 for path in (answer, key, key.parent)] == [0, 0, 0]
        assert f'IdentityFile="{key}"' in command.words
        assert not {"sesame", "KEY"} & set(command.environ.values())
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_said_is_the_only_one(tmp_path: Path):
    login = login_of(place(host_key="ssh-ed25519 AAAA"))
    assert "StrictHostKeyChecking=yes" in words_of(login, tmp_path)
    assert pinned_at(tmp_path).read_text() == "gpu1.example.org-2222 ssh-ed25519 AAAA\n"


@pytest.mark.parametrize(
    "settings",
    [
        {"address": "-oProxyCommand=x"},
        {"address": "a b"},
        {"address": "ada@host"},
        {"address": "ssh://host"},
        {"address": ""},
        {"address": None},
        {"address": ["a"]},
        {"username": "-l"},
        {"username": 'a"b'},
        {"port": "22 -v"},
        {"port": 0},
        {"port": 65_536},
        {"python": "python3; true"},
        {"python": "$(true)"},
        {"python": "-c"},
        {"host_key": "ssh-ed25519 AAAA\n* ssh-rsa AAAA"},
    ],
    ids=str,
)
def test_a20_settings_are_words_and_never_options(settings: dict[str, Any]):
    with pytest.raises(MachineError, match=next(iter(settings))):
        login_of(place(**settings))


def test_addresses_of_all_sorts():
    for address in ("10.0.0.1", "gpu-1_a.example.org", "::1", "fe80::1"):
        assert login_of(place(address=address)).address == address
    assert login_of(place(username="DOMAIN\\ada")).username == "DOMAIN\\ada"
    assert login_of(place(port="22")).port == 22
    assert login_of(place(work_folder="~/zaffre")).work_folder == "zaffre"


def test_a_machine_that_nothing_opens():
    with pytest.raises(MachineError, match="neither a password nor a private key"):
        login_of(place({}))


CHANGED = """
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
The fingerprint for the ED25519 key sent by the remote host is
SHA256:2nQ.
Host key verification failed.
"""


@pytest.mark.parametrize(
    ("code", "said", "kind", "words"),
    [
        (255, CHANGED, MachineError, r"another host key \(SHA256:2nQ\).*`/pinned`"),
        (255, "ada@gpu1: Permission denied (publickey).", MachineError, "refuses the login"),
        (255, 'Load key "x": invalid format', MachineError, "cannot be read"),
        (
            255,
            "Error: remote port forwarding failed for listen port 5",
            PortTakenError,
            "AllowTcpForwarding",
        ),
        (127, "sh: 1: exec: python3: not found", MachineError, "no such Python.*python3: not"),
        (86, "It is Python 3.6.8.", MachineError, "too old: It is Python 3.6.8"),
        (255, "ssh: connect to host x port 22: Connection refused", MachineAwayError, "refused"),
        (None, "", MachineAwayError, "the connection ended"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_ssh_says_in_words(code: int | None, said: str, kind: type[OSError], words: str):
    error = failure("The machine `x`", code=code, lines=said.splitlines(), pinned="/pinned")
    assert type(error) is kind
    with pytest.raises(kind, match=words):
        raise error
