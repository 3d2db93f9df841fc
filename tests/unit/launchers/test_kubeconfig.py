"""How clusters of Kubernetes are reached."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from zaffre.adapters.launchers.kubernetes.api import ApiRefusedError, KubernetesApi
from zaffre.adapters.launchers.kubernetes.kubeconfig import AccessError, Accesses, read_kubeconfig


def config(cluster: Any = None, user: Any = None, **context: str) -> str:
    cluster = {"server": "https://kube.example.org:6443/", **(cluster or {})}
    return yaml.safe_dump(
        {
            "current-context": "one",
            "contexts": [
                {"name": "one", "context": {"cluster": "c", "user": "u", **context}},
                {"name": "two", "context": {"cluster": "c", "user": "u", "namespace": "other"}},
            ],
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": user or {"token": "t1"}}],
        }
    )


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_what_a_kubeconfig_says():
    access = read_kubeconfig(
        config(
            {"certificate-authority-data": encoded("ca"), "tls-server-name": "kube"},
            {"client-certificate-data": encoded("cert"), "client-key-data": encoded("key")},
            namespace="ml",
        )
    )
    assert (access.url, access.namespace) == ("https://kube.example.org:6443", "ml")
    assert (access.authority, access.certificate, access.key) == ("ca", "cert", "key")
    assert (access.server_name, access.is_verified, access.token) == ("kube", True, "")
    other = read_kubeconfig(config(), context="two")
    assert (other.namespace, other.token) == ("other", "t1")
    assert "t1" not in repr(other)
    login = read_kubeconfig(config(user={"username": "ada", "password": "p"}))
    assert login.login == ("ada", "p")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "is no YAML"),
        ("just words", "is none"),
        ("a: b", "a current context"),
        (config({"server": "kube"}), "no address of a server"),
        (config({"server": "ftp://x"}), "no address of a server"),
        (config({"server": "http://x/latest?"}), "no address of a server"),
        (config({"server": "http://ada:pw@x"}), "holds a login"),
        (config({"server": ["http://x"]}), "`server` of the kubeconfig is no text"),
        (config(namespace="../../x"), "which is no name"),
        (config({"proxy-url": "http://p"}), "names a proxy"),
        (config(user={"exec": {"command": "aws"}}), "by a program \\(`exec`\\)"),
        (config(user={"auth-provider": {"name": "gcp"}}), "by a program"),
        (config({"certificate-authority-data": "%"}), "cannot be read"),
        (config({"certificate-authority-data": "ü"}), "cannot be read"),
        ("a: &a [1]\nb: [*a, *a]", "has aliases"),
        (config({"certificate-authority": "/etc/shadow"}), "names a file .*--flatten"),
        (config(user={"tokenFile": "/etc/shadow"}), "names a file"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_says_why(text: str, said: str):
    with pytest.raises(AccessError, match=said):
        read_kubeconfig(text)
    with pytest.raises(AccessError, match="`three` among its contexts"):
        read_kubeconfig(config(), context="three")


def test_a_kubeconfig_that_is_no_yaml_is_not_shown():
    with pytest.raises(AccessError, match=r"\(line 2\)") as caught:
        read_kubeconfig("users:\n- token: @secret")
    assert "secret" not in str(caught.value)


def test_a_kubeconfig_of_the_server_is_found_by_the_name_of_the_cluster(tmp_path: Path):
    folder = tmp_path / "kubernetes"
    folder.mkdir()
    (folder / "mine.yaml").write_text(config({"certificate-authority": "ca.pem"}))
    (folder / "ca.pem").write_text("ca")
    accesses = Accesses(folder, {})
    resource_id = "/subscriptions/s/resourceGroups/g/providers/M.C/managedClusters/mine"
    assert accesses.of({"resource_id": resource_id}, {}).authority == "ca"
    assert accesses.of({"kubeconfig": "mine"}, {}).authority == "ca"
    assert accesses.of({"resource_id": resource_id}, {"kubeconfig": config()}).authority == ""
    for name in ("other", "../mine", "/etc/passwd"):
        with pytest.raises(AccessError, match="There is no kubeconfig"):
            accesses.of({"kubeconfig": name}, {})
    with pytest.raises(AccessError, match="How the cluster is reached is not known"):
        accesses.of({"resource_id": "/x/other"}, {})


def test_a_server_in_a_pod_uses_its_own_account(tmp_path: Path):
    account = tmp_path / "account"
    account.mkdir()
    for name, text in {"token": "t2\n", "ca.crt": "ca", "namespace": "ml\n"}.items():
        (account / name).write_text(text)
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    accesses = Accesses(tmp_path, environ, account)
    access = accesses.of({}, {})
    assert (access.url, access.namespace) == ("https://10.0.0.1:443", "ml")
    assert access.token_file == str(account / "token")
    # Another cluster is not taken for the one that we are in.
    with pytest.raises(AccessError, match="not known"):
        accesses.of({"resource_id": "/x/other"}, {})
    assert accesses.of({"resource_id": "/x/other", "in_cluster": True}, {}) == access


def test_certificates_that_are_none_are_said():
    text = config({"certificate-authority-data": encoded("no certificate")})
    with pytest.raises(ApiRefusedError, match="certificates of the cluster are of no use"):
        KubernetesApi(read_kubeconfig(text))
    KubernetesApi(read_kubeconfig(config({"insecure-skip-tls-verify": True})))
