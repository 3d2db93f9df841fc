"""Environments as v1 programs ask for them, really built."""

import asyncio
import hashlib
import http.server
import io
import os
import tarfile
import threading

import pytest
from building import ask, build, need_index, served, wheel
from zaffre.adapters.builders.uv import UvBuilder
from zaffre.domain import curated
from zaffre.domain.environments import EnvironmentSpec, Image
from zaffre.domain.errors import InvalidError, UnavailableError


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    need_index()
    return tmp_path_factory.mktemp("environments")


def test_the_documented_environment(home):
    built, said = build(
        home, conda_packages=("scikit-learn", "pip"), pip_packages=("azureml-defaults",)
    )
    assert "zaffre-sdk[data,defaults] stands in for azureml-defaults." in said
    assert ask(built, "import sklearn, pip, requests, azureml; print('ready')") == "ready"


def test_an_old_python_gets_the_nearest_and_old_code_runs(home):
    built, said = build(
        home,
        python_version="3.6.2",
        conda_packages=("numpy",),
        pip_packages=("azureml-dataprep[pandas]",),
    )
    assert ask(built, "import numpy; print(numpy.float(1), numpy.bool(0))") == "1.0 False"
    assert ask(built, "import duckdb, pandas, pyarrow; print('read')") == "read"
    assert ask(built, "import pkg_resources; print('ready')").endswith("ready")
    assert any(line.startswith("Python 3.6.2 was asked for; using Python 3.") for line in said)
    assert any("numpy<1.24" in line for line in said)
    _, again = build(
        home,
        python_version="3.6.2",
        conda_packages=("numpy",),
        pip_packages=("azureml-dataprep[pandas]",),
    )
    assert any("numpy<1.24" in line for line in again)


def test_an_old_numpy_loads_beside_what_reads_data(home):
    built, _ = build(home, pip_packages=("numpy==1.23.5", "azureml-defaults"))
    assert (
        ask(built, "import duckdb, pandas, pyarrow, numpy; print(numpy.__version__)") == "1.23.5"
    )


def test_pins_that_contradict_the_age_win(home):
    built, said = build(home, python_version="3.7", pip_packages=("numpy==1.26.4",))
    assert "numpy==1.26.4" in built.packages
    assert any(line.startswith("numpy<1.24 is not held") for line in said)


def test_versions_of_the_submitter_are_tried_first_and_dropped_when_they_do_not_go(home):
    built, _ = build(home, pip_packages=("six",), preferred_packages=("six==1.15.0",))
    assert "six==1.15.0" in built.packages
    built, said = build(home, pip_packages=("six",), preferred_packages=("six==999.0",))
    assert any(line.startswith("six==1.") for line in built.packages)
    assert any("submitting program (six==999.0), so others were taken" in line for line in said)


def test_genuine_packages_live_beside_ours(home):
    built, _ = build(home, pip_packages=("azureml-mlflow",))
    assert not any(
        line.startswith(("azureml-core==", "azureml-dataprep==")) for line in built.packages
    )
    assert ask(built, "import azureml.mlflow, azureml, zaffre_sdk; print('ready')") == "ready"


def test_c76_an_unknown_package_is_named(home):
    with pytest.raises(UnavailableError) as failed:
        build(home, pip_packages=("zaffre-no-such-package",))
    assert failed.value.code == "EnvironmentBuildFailed"
    assert "`zaffre-no-such-package` is not on the package index" in failed.value.message


def test_c77_contradicting_pins_are_told_with_who_asked_for_what(home):
    with pytest.raises(UnavailableError) as failed:
        build(home, pip_packages=("pandas==2.0.0", "numpy==1.19.5"))
    assert "the environment asks for `numpy==1.19.5`" in failed.value.message
    assert "`pandas==2.0.0`, which is asked for, needs `numpy>=1.2" in failed.value.message
    assert "the version of numpy, or that of pandas" in failed.value.hint


def test_r37_an_index_that_refuses_is_named_and_its_password_is_not(tmp_path):
    class Broken(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments):
            """Say nothing: uv's own words are what is tested."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Broken) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_port}"
        environ = {
            "PATH": os.environ["PATH"],
            "UV_CACHE_DIR": str(tmp_path / "cache"),
            "UV_DEFAULT_INDEX": f"http://somebody:hunter2@{address}/simple",
            "UV_HTTP_RETRIES": "0",
        }
        said = []
        with pytest.raises(UnavailableError) as failed:
            build(tmp_path, environ=environ, log=said.append, pip_packages=("six",))
        server.shutdown()
    assert failed.value.code == "EnvironmentBuildFailed"
    assert f"The package index `http://{address}/simple` refused" in failed.value.message
    assert "401" in failed.value.message
    assert "hunter2" not in "\n".join([failed.value.message, failed.value.hint, *said])


def test_r37_an_unreachable_index_is_named(tmp_path):
    environ = {
        "PATH": os.environ["PATH"],
        "UV_CACHE_DIR": str(tmp_path / "cache"),
        "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
        "UV_HTTP_RETRIES": "0",
    }
    with pytest.raises(UnavailableError, match=r"The package index `http://127\.0\.0\.1:9`"):
        build(tmp_path, environ=environ, pip_packages=("six",))


def test_a_private_wheel_is_installed_with_what_it_needs(tmp_path):
    data = wheel("mine", needs="six")
    digest = hashlib.sha256(data).hexdigest()

    async def copy(asked, path):
        assert asked == digest
        path.write_bytes(data)

    builder = UvBuilder(tmp_path, environ=os.environ, copy=copy)
    spec = EnvironmentSpec(wheels={"mine-1.0-py3-none-any.whl": digest}, python_version=">=3.9")
    built = asyncio.run(builder.build(spec, print))
    assert ask(built, "import mine, six; print(mine.__name__)") == "mine"
    assert "mine==1.0" in built.packages
    with pytest.raises(UnavailableError, match="no longer in the workspace"):
        build(tmp_path / "other", wheels={"mine-1.0-py3-none-any.whl": digest})
    with pytest.raises(InvalidError, match="would lie over zaffre-sdk"):
        build(tmp_path, wheels={"azureml_core-1.0-py3-none-any.whl": digest})
    with pytest.raises(InvalidError, match="no name of a wheel"):
        build(tmp_path, wheels={"../mine.whl": digest})


def test_an_index_of_the_environment_wins_where_it_has_the_package(tmp_path):
    """As with pip others are asked for what it lacks, and nobody slips in a higher version."""
    page = tmp_path / "index" / "simple" / "six"
    page.mkdir(parents=True)
    (page / "six-0.1-py3-none-any.whl").write_bytes(wheel("six", version="0.1"))
    with served(tmp_path / "index") as url:
        option = f"--extra-index-url {url.replace('://', '://me:secret@')}/simple"
        asked = {"pip_packages": ("six", "idna"), "pip_options": (option, "--no-cache-dir")}
        built, said = build(tmp_path, **asked)
    assert "six==0.1" in built.packages
    assert any(line.startswith("idna==") for line in built.packages)
    assert "--no-cache-dir has no effect here." in said
    assert not any("secret" in line for line in said)


def test_a_dockerfile_that_only_installs_packages_is_built_without_an_engine(home):
    text = "FROM python:3.11\nENV GREETING=hello\nRUN pip install six==1.16.0\n"
    built, said = build(home, image=Image(dockerfile=text), interpreter="python")
    assert "six==1.16.0" in built.packages
    assert built.variables == {"GREETING": "hello"}
    assert "The image python:3.11 is not used: its packages are installed on this machine." in said


@pytest.mark.parametrize("name", ["AzureML-sklearn-1.0-ubuntu20.04-py38-cpu", "AzureML-minimal"])
def test_curated_environments_are_built(home, name):
    spec = curated.find("w", name, None).spec
    built, _ = build(home, python_version=spec.python_version, pip_packages=spec.pip_packages)
    modules = "azureml.core" + (", sklearn, pandas" if "sklearn" in name else "")
    assert ask(built, f"import {modules}; print('ready')").endswith("ready")


def test_a_package_that_is_built_with_tools_of_its_time(tmp_path):
    """As chainer is: it imports `pkg_resources` to be built, which setuptools no longer has."""
    need_index()
    setup = "import pkg_resources\nfrom setuptools import setup\n"
    setup += "setup(name='antique', version='1.0', py_modules=['antique'])\n"
    files = {
        "setup.py": setup,
        "antique.py": "",
        "PKG-INFO": "Metadata-Version: 2.1\nName: antique\nVersion: 1.0\n",
    }
    links = tmp_path / "links"
    links.mkdir()
    with tarfile.open(links / "antique-1.0.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"antique-1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    environ = {**os.environ, "UV_FIND_LINKS": str(links), "UV_CACHE_DIR": str(tmp_path / "cache")}
    built, said = build(tmp_path, environ=environ, pip_packages=("antique",))
    assert "A package is built as in its time: with setuptools<81." in said
    assert "antique==1.0" in built.packages
