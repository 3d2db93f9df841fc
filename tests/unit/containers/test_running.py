from zaffre_sdk.containers.engines import Engine
from zaffre_sdk.containers.running import (
    Mount,
    Process,
    client_environ,
    container_name,
    run_words,
    steering_text,
)

ENGINE = Engine("/usr/bin/podman", "podman", "5", limits=frozenset({"cpu", "memory"}))
CLIENT = {"PATH": "/usr/bin", "AZUREML_RUN_ID": "run"}


def process(**settings):
    said = {"name": "c", "image": "i", "command": ("python", "a b"), "environ": {}, "folder": "/w"}
    return Process(**{**said, **settings})


def words(engine=ENGINE, **settings):
    return run_words(engine, process(**settings), client=CLIENT)


def test_the_command_stands_behind_the_image_without_its_entrypoint():
    assert words()[-5:] == ["--entrypoint", "", "i", "python", "a b"]


def test_secrets_are_on_no_command_line():
    said = process(environ={"AZUREML_RUN_TOKEN": "secret", "AZUREML_RUN_ID": "run"})
    line = run_words(ENGINE, said, client=CLIENT)
    assert "--env=AZUREML_RUN_TOKEN" in line
    assert not any("secret" in word for word in line)
    assert client_environ(said, CLIENT) == {**CLIENT, "AZUREML_RUN_TOKEN": "secret"}


def test_what_would_steer_the_engine_does_not_reach_it():
    steering = {
        "PATH": "/opt/bin",
        "LD_PRELOAD": "x.so",
        "CONTAINER_HOST": "ssh://far",
        "HOME": "/",
    }
    said = process(environ=steering)
    line = run_words(ENGINE, said, client=CLIENT)
    assert {f"--env={name}={value}" for name, value in steering.items()} <= set(line)
    assert client_environ(said, CLIENT) == CLIENT


def test_what_would_steer_the_engine_travels_in_a_file():
    told = {"DOCKER_PASSWORD": "secret", "LD_PRELOAD": "a\nb", "A": "1"}
    said = process(environ=told, variables_file="/w/variables")
    line = run_words(ENGINE, said, client=CLIENT)
    assert "--env-file=/w/variables" in line
    assert not any("secret" in word for word in line)
    assert "--env=LD_PRELOAD=a\nb" in line
    assert steering_text(told, CLIENT) == "DOCKER_PASSWORD=secret\n"


def test_limits_are_said_where_the_engine_knows_them():
    assert {"--cpus=2", "--memory=64m", "--memory-swap=64m"} <= set(words(cores=2, memory_mb=64))
    none = ENGINE._replace(limits=frozenset())
    assert not any("--memory" in word for word in words(none, cores=2, memory_mb=64))


def test_nobody_asks_for_more_than_the_run_has():
    said = words(memory_mb=64, arguments=("--memory=64g", "--rm", "--gpus", "all", "--cpus", "1"))
    assert said.index("--memory=64g") < said.index("--memory=64m")
    assert not {"--rm", "--gpus", "all"} & set(said)
    assert said[said.index("--cpus") + 1] == "1"


def test_gpus_are_given_unless_none_are_asked_for():
    docker = ENGINE._replace(kind="docker", has_gpus=True)
    assert "--gpus=all" in words(docker)
    assert "--device=nvidia.com/gpu=all" in words(docker._replace(kind="podman"))
    assert "--gpus=all" not in words(docker, gpus=0)
    assert not {"--gpus", "2"} & set(words(docker, gpus=0, arguments=("--gpus", "2")))


def test_mounts_of_any_name():
    mounts = (Mount("/plain"), Mount('/with, "quotes"', read_only=True))
    said = [word for word in words(mounts=mounts) if word.startswith("--mount=")]
    assert said == [
        "--mount=type=bind,source=/plain,target=/plain",
        '--mount=type=bind,"source=/with, ""quotes""","target=/with, ""quotes""",readonly',
    ]


def test_names_of_containers_are_told_apart():
    assert container_name("w", "run", 1) == container_name("w", "run", 1)
    assert container_name("w", "run", 1) != container_name("w", "run1")
