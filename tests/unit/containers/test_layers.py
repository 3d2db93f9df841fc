import json

from zaffre.adapters.builders.pip_options import PipOptions
from zaffre.adapters.builders.plan import Attempt, Plan
from zaffre.adapters.containers import layers
from zaffre.adapters.containers.engine import _pass_on

ANY = Attempt((), "")
NOTHING = layers.Settings({}, ())


def made(*requirements, **settings):
    plan = Plan(requirements, (), (), settings.pop("wheels_only", ()), (), **settings)
    return layers.environment(plan, python="/usr/bin/python3", wheels=(), sdk="s", attempt=ANY)


def test_a19_no_word_of_a_request_reaches_a_shell_or_a_line_of_its_own():
    calls = [["venv"], ["pip", "install", "--", "x; $(id)\nRUN id"]]
    text = layers.containerfile("base", calls, NOTHING, key="k")
    runs = [line for line in text.splitlines() if line.startswith("RUN")]
    assert len(runs) == 2
    command = json.loads(runs[1][runs[1].index('["') :])
    assert command[:2] == ["/bin/sh", "/run/zaffre/uv.sh"]
    assert "x; $(id)\nRUN id" in command
    assert "RUN id" not in layers.files_of(None, ())["uv.sh"]


def test_passwords_of_indexes_are_not_in_the_image():
    address = "https://ann:word@index.example.org/simple"
    settings = layers.settings_of({"UV_DEFAULT_INDEX": address}, has_certificates=True)
    assert f"export UV_DEFAULT_INDEX={address}" in settings.text()
    assert "SSL_CERT_FILE=/run/zaffre/certificates.pem" in settings.text()
    assert "word" not in layers.containerfile("base", made("x"), settings, key="k")


def test_folders_of_packages_are_seen_at_their_paths(tmp_path):
    links = f"{tmp_path},/nowhere,https://example.org/files"
    index = f"file://{tmp_path}"
    told = {"UV_FIND_LINKS": links, "UV_INDEX": index, "HOME": "/root"}
    settings = layers.settings_of(told, has_certificates=False)
    assert settings.folders == (tmp_path,)
    assert "HOME" not in settings.variables
    text = layers.containerfile("base", made("x"), settings, key="k")
    assert f"--mount=type=bind,source=folder0,target={tmp_path}" in text


def test_a_python_that_is_brought_is_told_from_one_that_is_there():
    plan = Plan(("x",), (), (), ("pinned",), (), options=PipOptions(no_binary=("y",)))
    venv, install = layers.environment(
        plan,
        python="3.12",
        wheels=["w @ file:///w.whl"],
        sdk="s",
        attempt=Attempt(("numpy<2",), ""),
    )
    assert "--managed-python" in venv
    assert {"--only-binary=numpy", "--only-binary=pinned", "--no-binary=y"} <= set(install)
    assert install[-4:] == ["--", "x", "w @ file:///w.whl", "s"]


def test_ours_comes_first_and_what_it_needs_comes_last():
    sdk, needs = layers.beside(python="/usr/bin/python3", sdk="s")
    assert "--no-deps" in sdk
    assert "--no-deps" not in needs
    assert "sys.path.insert(0, '/opt/zaffre/sdk')" in layers.files_of(None, ())["adopt.py"]


def test_what_engines_say_of_themselves_is_left_out():
    heard = []
    lines = ["STEP 2/3: RUN x", "--> 9d8e", "a" * 64, "#8 0.345 Resolved 6 packages", "#8 DONE"]
    for line in [*lines, "#7 ERROR: failed", "# a comment", "plain", "", "------"]:
        _pass_on(line, heard.append)
    assert heard == ["Resolved 6 packages", "ERROR: failed", "# a comment", "plain"]
