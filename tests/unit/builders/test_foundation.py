import asyncio
import hashlib

import pytest
from zaffre.adapters.builders.foundation import without_engine
from zaffre.adapters.builders.plan import check
from zaffre.domain.environments import EnvironmentSpec, Image
from zaffre.domain.errors import InvalidError, UnavailableError, ZaffreError


def founded(text="", *, spec=None, name="", **files):
    """What an image comes to without an engine; files by name, with `_` for a dot."""
    contents = {key.replace("_", "."): value.encode() for key, value in files.items()}
    digests = {key: hashlib.sha256(data).hexdigest() for key, data in contents.items()}
    by_digest = {digests[key]: data for key, data in contents.items()}

    async def copy(digest, path):
        path.write_bytes(by_digest[digest])

    image = Image(dockerfile=text, name=name, files=digests)
    return asyncio.run(without_engine(spec or EnvironmentSpec(image=image), image, copy))


def test_a_dockerfile_that_only_installs_packages():
    found = founded(
        "# syntax=docker/dockerfile:1\n"
        "ARG VERSION=3.10\n"
        "FROM python:${VERSION}-slim AS base\n"
        "ENV A=1 \\\n    B='two words'\n"
        "ENV C three words\n"
        "WORKDIR /app\n"
        "RUN --mount=type=cache,target=/root/.cache \\\n"
        "    python -m pip install --no-cache-dir 'six>=1.15' idna==3.4 && rm -rf /root/.cache\n"
        "RUN conda install -y -n base -c conda-forge numpy=1.26 && conda clean -a\n"
        "RUN pip3 install --extra-index-url https://a.test/simple certifi; pip cache purge\n"
        'CMD ["python"]\n'
    )
    assert found.spec == EnvironmentSpec(
        python_version="3.10",
        conda_packages=("numpy=1.26",),
        channels=("conda-forge",),
        pip_packages=("six>=1.15", "idna==3.4", "certifi"),
    )
    assert found.options.extra_indexes == ("https://a.test/simple",)
    assert found.variables == {"A": "1", "B": "two words", "C": "three words"}
    assert any("python:3.10-slim is not used" in note for note in found.notes)


def test_files_of_the_context_are_read():
    found = founded(
        "FROM mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04\n"
        "COPY requirements.txt environment.yml /tmp/\n"
        "RUN pip install -r /tmp/requirements.txt\n"
        "RUN conda env update -n x -f /tmp/environment.yml && conda run -n x pip install a\n",
        requirements_txt="six\n# none\n--pre\n-r more.txt\n",
        more_txt="idna \\\n  >=3\n",
        environment_yml="channels: [c]\ndependencies: [python=3.9, scipy, {pip: [b]}]\n",
    )
    assert sorted(found.spec.pip_packages) == ["a", "b", "idna    >=3", "six"]
    assert found.spec.conda_packages == ("python=3.9", "scipy")
    assert found.options.prereleases


def test_folders_of_an_image_are_not_set():
    found = founded(
        "FROM ubuntu:22.04\nENV P=/opt/x\nENV PATH=$P/bin:$PATH LD_LIBRARY_PATH=$P/lib\n"
    )
    assert found.variables == {"P": "/opt/x"}


def test_system_packages_that_are_there_are_enough():
    assert founded("FROM debian:12\nRUN apt-get update && apt-get install -y --quiet bash=5*\n")
    with pytest.raises(InvalidError, match="`zaffre-none` with apt"):
        founded("FROM debian:12\nRUN sudo apt-get install -y zaffre-none bash\n")


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("RUN curl https://a.test | sh", "`|` is more than a list of commands"),
        ("RUN make install", "`make` is not followed"),
        ("RUN pip install six > /log", "`>` is more than"),
        ("RUN pip install `id`", "is more than"),
        ("RUN pip install $(id)", "is more than"),
        ("RUN pip install $HOME/x", "the variable `HOME` has no value"),
        ("RUN pip install 'six", "it does not end"),
        ("RUN pip install -e .", "`-e` is not taken"),
        ("RUN pip install --find-links /etc six", "not one of the web"),
        ("RUN pip install -r /etc/passwd", "has no file `/etc/passwd`"),
        ("RUN pip download six", "only `install` is followed"),
        ("RUN conda remove numpy", "`install`, `create` and `env`"),
        ("RUN apt-get remove bash", "of apt only `install`"),
        ("RUN rm -rf /", "more than tidying up"),
        ("RUN rm -rf /tmp/../etc", "more than tidying up"),
        ('RUN ["pip", "install", "six"]', "as one line of a shell"),
        ("COPY . /app", "only files of requirements"),
        ("COPY train.py /app/", "has no file `train.py`"),
        ("COPY --from=base /a /b", "files of other images"),
        ("ONBUILD RUN id", "`ONBUILD` is not followed"),
        ("FROM python:3.9", "a second `FROM`"),
        ("ENV A=1 'b", "are written `NAME=value`"),
    ],
)
def test_a19_what_does_more_than_install_packages_is_refused_with_its_line(line, rule):
    with pytest.raises(InvalidError) as refused:
        founded(f"FROM python:3.10\n\n# a comment\n{line}\n")
    assert refused.value.code == "DockerfileNotSupported"
    assert refused.value.message.startswith("Line 4 of the Dockerfile, ")
    assert rule in refused.value.message
    assert "podman or docker" in refused.value.hint


def test_a19_a_base_that_is_more_than_a_name_is_refused():
    with pytest.raises(ZaffreError):
        founded(name="x\nRUN id")
    with pytest.raises(InvalidError, match="no `FROM`"):
        founded("RUN pip install six\n")
    with pytest.raises(InvalidError, match="at most 100000"):
        founded("FROM python:3.10\n" + "#" * 100_001)


def test_what_would_grow_without_bound_is_refused():
    lines = [f"ENV V{level + 1}={f'$V{level}' * 10}" for level in range(12)]
    with pytest.raises(InvalidError, match="variables add more than"):
        founded("\n".join(["FROM python:3.10", "ENV V0=0123456789", *lines]))
    levels = [f"l{level + 1}: &l{level + 1} [{f'*l{level},' * 10}]" for level in range(9)]
    bomb = "\n".join(["l0: &l0 [a]", *levels, "dependencies: [*l9]"])
    merged = "dependencies: [&a {pip: [b]}, {<<: *a}]"
    for text in (bomb, merged, "[" * 100_000, "dependencies: [2020-99-99]", "channels: 1"):
        with pytest.raises(InvalidError, match="the conda file"):
            founded(
                "FROM python:3.10\nRUN conda env update -f environment.yml", environment_yml=text
            )


def test_files_and_environments_have_a_number_of_options():
    with pytest.raises(InvalidError, match="at most 200"):
        founded("FROM python:3.10\nRUN pip install -r a.txt", a_txt="--pre\n" * 201)
    with pytest.raises(InvalidError, match="at most 200"):
        check(EnvironmentSpec(pip_options=("--pre",) * 201))


def test_an_image_of_a_private_registry_is_another_one():
    image = Image(name="python:3.11", registry="private.example.org")
    with pytest.raises(UnavailableError, match=r"`private\.example\.org/python:3\.11` needs"):
        asyncio.run(without_engine(EnvironmentSpec(image=image), image, None))


def test_an_image_that_holds_more_needs_an_engine():
    with pytest.raises(UnavailableError, match="`pytorch/pytorch:2` needs a container") as refused:
        founded(name="pytorch/pytorch:2")
    assert refused.value.code == "ContainerEngineMissing"
    asked = EnvironmentSpec(python_version="3.9", interpreter="python")
    assert founded(name="python:3.11", spec=asked).spec == EnvironmentSpec(python_version="3.9")
