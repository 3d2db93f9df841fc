"""Options that are refused before anything is done, and what the doctor looks at."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from zaffre.cli.main import main


@pytest.mark.parametrize(
    "address",
    ["ml.example.org", "ftp://ml.example.org", "https://", "https://ml:99999", "http://[::1"],
)
def test_a_public_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    home = tmp_path / "home"
    done = CliRunner().invoke(main, ["up", "--home", str(home), "--public-url", address])
    assert done.exit_code == 2
    assert "is no address such as" in done.output
    assert not home.exists()


def test_a_page_that_is_no_address_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["studio", "--home", str(tmp_path / "home"), "http://[x"])
    assert (done.exit_code, type(done.exception)) == (2, SystemExit)
    assert "PAGE" in done.output


def test_a48_the_doctor_looks_at_both_secrets(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    for name in ("token", "vault.key"):
        secret = home / name
        secret.write_text("x")
        secret.chmod(0o640)
        done = CliRunner().invoke(main, ["doctor", "--home", str(home)])
        assert done.exit_code == 1
        assert f"chmod go-rwx {secret}" in done.output
        secret.chmod(0o600)
