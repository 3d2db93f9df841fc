import pytest
from zaffre.domain.containers import address_of, check_container, check_image
from zaffre.domain.environments import Image
from zaffre.domain.errors import InvalidError
from zaffre.domain.runs import Container

DIGEST = "a" * 64


@pytest.mark.parametrize(
    "name",
    [
        "python",
        "python:3.11-slim",
        "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:20240101.v1",
        "localhost:5000/team/a_b/c--d",
        f"registry.example.org/x@sha256:{DIGEST}",
    ],
)
def test_names_of_images(name):
    check_image(Image(name=name))


@pytest.mark.parametrize(
    "name", ["python\nRUN id", "--privileged", "a b", "x;id", "$(id)", "x:", "/x", "x//y", "é", ""]
)
def test_a19_names_that_would_say_more_are_refused(name):
    with pytest.raises(InvalidError) as refused:
        check_image(Image(name=name))
    assert refused.value.code == "InvalidImage"


def test_an_image_has_a_name_or_a_dockerfile():
    check_image(Image(dockerfile="FROM x", files={"a/b.txt": DIGEST}))
    with pytest.raises(InvalidError, match="either a name or a Dockerfile"):
        check_image(Image(name="x", dockerfile="FROM x"))


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (Image(dockerfile="FROM x", files={"../b": DIGEST}), "InvalidPath"),
        (Image(dockerfile="FROM x", files={"b": "no"}), "InvalidDigest"),
        (Image(name="x", registry="a b"), "InvalidImage"),
        (Image(dockerfile="FROM x\0"), "InvalidImage"),
        (
            Image(dockerfile="FROM x", files={"a": DIGEST, "a-": DIGEST, "a/b": DIGEST}),
            "InvalidImage",
        ),
    ],
)
def test_what_else_is_refused(image, code):
    with pytest.raises(InvalidError) as refused:
        check_image(image)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("image", "address"),
    [
        (Image(name="python:3"), "python:3"),
        (Image(name="a/b:1", registry="https://r.example.org/"), "r.example.org/a/b:1"),
        (Image(name="r.example.org/a/b", registry="r.example.org"), "r.example.org/a/b"),
    ],
)
def test_the_registry_stands_before_the_name(image, address):
    assert address_of(image) == address


@pytest.mark.parametrize(
    "arguments",
    [
        ("--cpus=2", "--memory", "4g", "-m", "1GB", "--shm-size=2g"),
        ("--ulimit", "memlock=-1", "--ulimit=nofile=10:20", "--gpus", "all"),
        ("-e", "NAME=any value; of $(any) kind", "--cap-add=SYS_PTRACE", "--rm", "--read-only"),
    ],
)
def test_arguments_that_are_allowed(arguments):
    check_container(Container(arguments=arguments, shm_size="512m"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--privileged",),
        ("-v", "/:/host"),
        ("--volume=/:/host",),
        ("--network=none",),
        ("--user=0",),
        ("--pid=host",),
        ("--ipc=host",),
        ("--cap-add=SYS_ADMIN",),
        ("--cpus=2 --privileged",),
        ("--memory",),
        ("--env", "SECRET"),
        ("--rm=false",),
        ("image",),
    ],
)
def test_arguments_that_are_not(arguments):
    with pytest.raises(InvalidError) as refused:
        check_container(Container(arguments=arguments))
    assert refused.value.code == "InvalidContainerArgument"
    assert "`--shm-size`" in (refused.value.hint or "")
