"""Options that are refused before anything is done, and what the doctor looks at."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from zaffre.cli.choices import Choices
from zaffre.cli.main import main
from zaffre.cli.options import DataRoot


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


@pytest.mark.parametrize(
    "root", ["data", "=/srv", "data=", "data=relative", "a/b=/srv", "data root=/"]
)
def test_a_data_root_is_a_name_with_a_folder(tmp_path: Path, root: str) -> None:
    home = tmp_path / "home"
    done = CliRunner().invoke(main, ["up", "--home", str(home), "--data-root", root])
    assert done.exit_code == 2
    assert "is no name with a folder" in done.output
    assert not home.exists()


@pytest.mark.parametrize("place", ["/", "home", "home/data", "."])
def test_a11_a_root_that_holds_the_home_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "home" / "data").mkdir(parents=True)
    home, root = str(tmp_path / "home"), f"data={tmp_path / place}"
    done = CliRunner().invoke(main, ["up", "--home", home, "--foreground", "--data-root", root])
    assert done.exit_code == 1
    assert "the secrets of the server would be data" in done.output


def test_a_data_root_that_is_not_there_is_named(tmp_path: Path) -> None:
    root = f"data={tmp_path / 'none'}"
    done = CliRunner().invoke(
        main,
        ["up", "--home", str(tmp_path / "home"), "--foreground"],
        env={"ZAFFRE_DATA_ROOTS": root},
    )
    assert done.exit_code == 1
    assert "`data` is no folder" in done.output


def test_data_roots_reach_the_server_in_the_background() -> None:
    folders = (("data", Path("/srv/my data")), ("more", Path("/mnt")))
    choices = Choices(
        host="127.0.0.1",
        port=None,
        public_url=None,
        allowed_host=(),
        behind_proxy=False,
        local_slots=4,
        lost_after=600,
        data_root=folders,
    )
    given = [word for word in choices.arguments() if word.startswith("--data-root=")]
    assert tuple(DataRoot().convert(word.partition("=")[2], None, None) for word in given) == (
        folders
    )
