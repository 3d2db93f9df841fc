"""What clusters of Kubernetes are asked for."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from zaffre.adapters.launchers.kubernetes.images import image_of, login_of
from zaffre.adapters.launchers.kubernetes.manifests import (
    Attempt,
    Login,
    job_of,
    label,
    login_of_registry,
    secret_of,
    server_key,
)
from zaffre.adapters.launchers.kubernetes.settings import (
    PodSettings,
    PodSettingsError,
    Reach,
    pod_settings,
)
from zaffre.domain.computes import ComputeKind, NodeResources
from zaffre.domain.environments import EnvironmentSpec, Image
from zaffre.ports.launchers import ComputePlace, RunnerOrder

TYPES = {
    "gpu": {
        "nodeSelector": {"accelerator": "a100"},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "resources": {
            "requests": {"cpu": "1", "memory": "8Gi"},
            "limits": {"cpu": "2500m", "memory": "16Gi", "nvidia.com/gpu": 1},
        },
    }
}


def attempt(run_id: str = "exp_1_Ab", number: int = 2) -> Attempt:
    return Attempt(server="s1", workspace_id="w", compute="pods", run_id=run_id, number=number)


def place(*, instance_type: str = "", size: NodeResources | None = None, **settings: Any):
    return ComputePlace(
        kind=ComputeKind.KUBERNETES,
        name="pods",
        settings=settings,
        resources=size or NodeResources(),
        instance_type=instance_type,
    )


def pod_of(settings: PodSettings, **job: Any) -> dict[str, Any]:
    made = job_of(attempt(), settings, **{"image": "i", "max_seconds": None, **job})
    return made["spec"]["template"]["spec"]


def test_an_attempt_has_one_name_that_any_cluster_takes():
    first = attempt().name
    assert first == attempt().name
    assert first.startswith("zaffre-exp-1-ab-")
    others = {attempt(number=3).name, attempt("exp_1_AB").name, attempt("exp-1-ab").name}
    assert len({first, *others}) == 4
    for run_id in ("x" * 255, "_._", "Ünï", "a" * 29 + "_b"):
        name = attempt(run_id, 1234).name
        assert len(name) <= 63 - 6, "pods put something behind it"
        assert name.replace("-", "").isalnum()
        assert name.islower()
    assert label("exp_1") == "exp_1"
    assert len(label("x" * 100)) == 32
    assert label("-a") != "-a"


def test_a_key_that_was_not_written_whole_is_made_anew(tmp_path: Path):
    folder = tmp_path / "kubernetes"
    folder.mkdir()
    (folder / ".server").touch()
    key = server_key(folder)
    assert len(key) == 16
    assert server_key(folder) == key


def test_a_job_is_one_attempt_and_its_pod_is_never_made_again():
    job = job_of(attempt(), PodSettings(), image="python:3.11", max_seconds=60)
    assert job["spec"]["backoffLimit"] == 0
    pod = job["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert pod["activeDeadlineSeconds"] == 3660
    assert pod["automountServiceAccountToken"] is False
    assert pod["containers"][0]["image"] == "python:3.11"
    labels = job["metadata"]["labels"]
    assert labels == job["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/managed-by"] == "zaffre"
    assert (labels["zaffre/run"], labels["zaffre/attempt"]) == ("exp_1_Ab", "2")
    secret = secret_of(attempt(), "uid1", {"order.json": "{}"})
    assert secret["metadata"]["ownerReferences"][0]["uid"] == "uid1"
    assert pod["volumes"][0]["secret"]["secretName"] == secret["metadata"]["name"]


def test_a_size_is_what_the_container_may_take():
    size = NodeResources(cores=4, memory_mb=2048, gpus=1)
    settings = pod_settings(place(size=size))
    asked = {"cpu": "4", "memory": "2048Mi", "nvidia.com/gpu": "1"}
    container = pod_of(settings)["containers"][0]
    assert container["resources"] == {"requests": asked, "limits": asked}
    assert container["env"] == [{"name": "OMP_NUM_THREADS", "value": "4"}]
    own = pod_settings(place(size=size, cpu="500m", memory="1Gi", gpus=0))
    assert own.resources["limits"] == {"cpu": "500m", "memory": "1Gi"}
    assert own.threads == 1
    assert "resources" not in pod_of(pod_settings(place()))["containers"][0]


def test_an_instance_type_says_where_and_how_much():
    by_name = pod_settings(place(instance_type="gpu", instance_types=TYPES, cpu=1))
    usual = pod_settings(place(default_instance_type="gpu", instance_types=TYPES))
    assert by_name == usual
    assert by_name.resources["limits"]["nvidia.com/gpu"] == "1"
    assert by_name.threads == 3
    pod = pod_of(by_name)
    assert pod["nodeSelector"] == {"accelerator": "a100"}
    assert pod["tolerations"] == TYPES["gpu"]["tolerations"]
    with pytest.raises(PodSettingsError, match="Did you mean `gpu`"):
        pod_settings(place(instance_type="gpus", instance_types=TYPES))
    with pytest.raises(PodSettingsError, match="Instance types: none"):
        pod_settings(place(instance_type="gpu"))


def test_pods_are_made_as_the_target_says():
    pod = pod_of(
        pod_settings(
            place(
                service_account="trainer",
                node_selector={"disk": "ssd"},
                image_pull_secrets="registry",
                priority_class="low",
                labels={"kueue.x-k8s.io/queue-name": "q"},
                host_network=True,
                restricted=True,
                python="/opt/bin/python",
            )
        )
    )
    assert (pod["serviceAccountName"], pod["priorityClassName"]) == ("trainer", "low")
    assert pod["automountServiceAccountToken"] is True
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["containers"][0]["command"][0] == "/opt/bin/python"
    queued = pod_settings(place(labels={"zaffre/run": "no", "q": "a"}))
    labels = job_of(attempt(), queued, image="i", max_seconds=None)["metadata"]["labels"]
    assert (labels["q"], labels["zaffre/run"]) == ("a", "exp_1_Ab")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"namespace": "My Space"}, "no name of a namespace"),
        ({"node_selector": "ssd"}, "`node_selector` is `ssd`; expected is names with values"),
        ({"tolerations": {"key": "a"}}, "expected is a list"),
        ({"host_network": "yes"}, "expected is true or false"),
        ({"image_pull_secrets": [1]}, "expected is a list of names"),
        ({"image": ["a"]}, "expected is a text"),
        ({"default_instance_type": "a", "instance_types": ["a"]}, "no instance type `a`"),
    ],
)
def test_settings_that_make_no_pod_are_said(settings: dict[str, Any], said: str):
    with pytest.raises(PodSettingsError, match=said):
        pod_settings(place(**settings))


def test_pods_are_told_an_address_that_the_server_answers_to():
    reach = Reach("https://zaffre.example.org", frozenset({"zaffre.example.org", "zaffre.ml"}))
    assert reach.url({}) == "https://zaffre.example.org"
    assert reach.url({"server_url": "http://zaffre.ml:8642/"}) == "http://zaffre.ml:8642"
    assert reach.url({"server_url": "http://127.0.0.1:8642"}) == "http://127.0.0.1:8642"
    with pytest.raises(PodSettingsError, match=r"ZAFFRE_ALLOWED_HOSTS=10\.0\.0\.5"):
        reach.url({"server_url": "http://10.0.0.5:8642"})
    for wrong in ("zaffre.ml:8642", "ftp://zaffre.ml", "http://["):
        with pytest.raises(PodSettingsError, match="no http"):
            reach.url({"server_url": wrong})
    with pytest.raises(PodSettingsError, match="listens on its own machine alone"):
        Reach("", frozenset()).url({})


def asked(**spec: Any) -> RunnerOrder:
    return RunnerOrder(
        workspace_id="w",
        run_id="r",
        attempt=1,
        token="t",  # noqa: S106 (of nothing)
        server_url="",
        python="/nowhere/bin/python",
        place=ComputePlace(environment=EnvironmentSpec(**spec)),
    )


def image(settings: PodSettings | None = None, **spec: Any) -> str:
    return image_of(asked(**spec), settings or PodSettings())


def test_the_image_is_that_of_the_environment_or_one_with_its_python():
    version = ".".join(map(str, sys.version_info[:2]))
    assert image() == f"docker.io/library/python:{version}-slim"
    assert image(PodSettings(image="my/python")) == "my/python"
    named = Image(name="pytorch/pytorch:2.4", registry="registry.example.org")
    assert image(image=named) == "registry.example.org/pytorch/pytorch:2.4"
    whole = Image(name="r.example.org/a:1", registry="r.example.org")
    assert image(PodSettings(image="my/python"), image=whole) == "r.example.org/a:1"
    with pytest.raises(PodSettingsError, match="is a Dockerfile"):
        image(image=Image(dockerfile="FROM python"))


@pytest.mark.parametrize(
    ("name", "registry", "opened"),
    [
        ("a/b:1", "r.example.org", "r.example.org"),
        ("r.example.org:5000/a", "", "r.example.org:5000"),
        ("ada/model", "", "https://index.docker.io/v1/"),
        ("a", "https://r.example.org/", "r.example.org"),
    ],
)
def test_a_private_registry_is_opened_by_a_secret_that_goes_with_the_job(
    name: str, registry: str, opened: str
):
    private = Image(name=name, registry=registry, username="ada", password="p")  # noqa: S106
    login = login_of(asked(image=private))
    assert login == Login(opened, "ada", "p")
    secret = login_of_registry(attempt(), "uid1", login)
    config = json.loads(secret["stringData"][".dockerconfigjson"])
    assert config["auths"][opened]["password"] == "p"  # noqa: S105
    assert secret["metadata"]["ownerReferences"][0]["uid"] == "uid1"
    named = PodSettings(image_pull_secrets=("usual",))
    pod = pod_of(named, has_login=True)
    names = [one["name"] for one in pod["imagePullSecrets"]]
    assert names == ["usual", secret["metadata"]["name"]]
    assert login_of(asked(image=Image(name=name))) is login_of(asked()) is None
