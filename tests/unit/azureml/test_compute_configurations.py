"""What compute targets are asked for: refused at once where it cannot be."""

from functools import partial

import pytest
from azureml.core.compute import (
    AdlaCompute,
    AksCompute,
    AmlCompute,
    BatchCompute,
    ComputeInstance,
    ComputeTarget,
    DatabricksCompute,
    DataFactoryCompute,
    DsvmCompute,
    HDInsightCompute,
    KubernetesCompute,
    KustoCompute,
    RayCompute,
    RemoteCompute,
    SynapseCompute,
)
from azureml.core.compute.aks import AksUpdateConfiguration, SslConfiguration
from azureml.core.compute_target import ComputeTargetException
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.computes import ComputeIn, Scale

ID = "/subscriptions/s/resourceGroups/g/providers/{}/{}/n"
STRONG = "Correct-Horse1"
OPENED = {"access_token": "t"}


def ordered(configuration):
    return configuration._order("name")


def test_a_cluster_is_asked_for_with_its_scale():
    size = AmlCompute.provisioning_configuration(
        vm_size="STANDARD_DS12_V2", min_nodes=0, max_nodes=4, vm_priority="dedicated"
    )
    assert ordered(size) == ComputeIn(
        name="name",
        kind="cluster",
        type="AmlCompute",
        vm_size="STANDARD_DS12_V2",
        scale=Scale(min_nodes=0, max_nodes=4, idle_seconds=1800),
        settings={"remote_login_port_public_access": "NotSpecified"},
    )


def test_a_cluster_is_asked_for_with_everything():
    order = ordered(
        AmlCompute.provisioning_configuration(
            vm_size="STANDARD_NC6",
            vm_priority="lowpriority",
            min_nodes=1,
            max_nodes=2,
            idle_seconds_before_scaledown=60,
            admin_username="ada",
            admin_user_password=STRONG,
            vnet_resourcegroup_name="g",
            vnet_name="v",
            subnet_name="s",
            tags={"team": 1},
            description="for tests",
            identity_type="UserAssigned",
            identity_id=["one"],
            location="eastus",
        )
    )
    assert order.low_priority
    assert (order.scale.idle_seconds, order.tags, order.location) == (60, {"team": "1"}, "eastus")
    assert order.settings["vnet_name"] == "v"
    assert order.settings["identity_id"] == ["one"]
    assert STRONG not in repr(order)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "`max_nodes` must be given"),
        ({"max_nodes": 1, "min_nodes": 2}, "`min_nodes` is 2, more than the 1"),
        ({"max_nodes": "4"}, "`max_nodes` must be a whole number"),
        ({"max_nodes": 1, "min_nodes": -1}, "`min_nodes` must be a whole number"),
        ({"max_nodes": 1, "vm_priority": "cheap"}, "`vm_priority` is 'cheap'"),
        ({"max_nodes": 1, "admin_user_password": STRONG}, "`admin_username` must be given"),
        ({"max_nodes": 1, "admin_username": "ada"}, "needs `admin_user_password` or"),
        (
            {"max_nodes": 1, "admin_username": "ada", "admin_user_password": "weak"},
            "three of these",
        ),
        ({"max_nodes": 1, "vnet_name": "v"}, "missing: `vnet_resourcegroup_name`, `subnet_name`"),
        ({"max_nodes": 1, "identity_type": "Mine"}, "'Mine'"),
        ({"max_nodes": 1, "identity_type": "UserAssigned"}, "as a list"),
        (
            {"max_nodes": 1, "identity_type": "SystemAssigned", "identity_id": ["x"]},
            "has no ids",
        ),
    ],
)
def test_c101_a_cluster_that_cannot_be_is_refused(settings, words):
    with pytest.raises(ComputeTargetException, match=words):
        AmlCompute.provisioning_configuration("STANDARD_D2_V2", **settings)


def test_an_instance_is_asked_for():
    order = ordered(
        ComputeInstance.provisioning_configuration(
            vm_size="STANDARD_D2_V2",
            ssh_public_access=True,
            admin_user_ssh_public_key="ssh-ed25519 …",
            tags={"a": "b"},
        )
    )
    assert (order.kind, order.type, order.tags) == ("instance", "ComputeInstance", {"a": "b"})
    assert order.settings["ssh_public_access"] is True
    with pytest.raises(ComputeTargetException, match="missing: `vnet_resourcegroup_name`"):
        ComputeInstance.provisioning_configuration(vnet_name="v", subnet_name="s")


@pytest.mark.parametrize(
    ("attach", "part", "provider"),
    [
        (AdlaCompute, "account_name", "Microsoft.DataLakeAnalytics"),
        (AksCompute, "cluster_name", "Microsoft.ContainerService"),
        (BatchCompute, "account_name", "Microsoft.Batch"),
        (DataFactoryCompute, "factory_name", "Microsoft.DataFactory"),
        (DatabricksCompute, "workspace_name", "Microsoft.Databricks"),
    ],
)
def test_a_resource_is_named_in_one_way(attach, part, provider):
    name = attach.attach_configuration
    by_parts = ordered(name(resource_group="g", **{part: "n"}))
    assert by_parts.settings == {"resource_group": "g", part: "n"}
    resource_id = ID.format(provider, "things")
    assert ordered(name(resource_id=resource_id)).settings == {"resource_id": resource_id}
    with pytest.raises(ComputeTargetException, match="must be given"):
        name()
    with pytest.raises(ComputeTargetException, match=f"`{part}` of the attached"):
        name(resource_group="g")
    with pytest.raises(ComputeTargetException, match="together with resource_id"):
        name(resource_id=resource_id, resource_group="g")
    with pytest.raises(ComputeTargetException, match="names nothing of"):
        name(resource_id=ID.format("Microsoft.Other", "things"))


@pytest.mark.parametrize(
    ("attach", "part", "provider"),
    [
        (RemoteCompute, "vm_name", "Microsoft.Compute"),
        (HDInsightCompute, "cluster_name", "Microsoft.HDInsight"),
    ],
)
def test_a_machine_is_named_in_one_way(attach, part, provider):
    name = attach.attach_configuration
    order = ordered(name("ada", address="gpu1", ssh_port="2222", password=STRONG))
    assert order.settings == {"address": "gpu1", "port": 2222, "username": "ada"}
    assert order.credential == {"password": STRONG}
    whole = {"subscription_id": "s", "resource_group": "g", part: "n"}
    name("ada", **whole)
    name("ada", resource_id=ID.format(provider, "things"))
    for wrong, words in (
        ({}, "must be named by"),
        ({**whole, "address": "gpu1"}, "`address` must not be given"),
        ({"address": "gpu1", part: "n"}, f"`{part}` must not be given"),
        ({"address": "gpu1", "ssh_port": 99_999}, "`ssh_port` must be a number"),
        ({"resource_id": ID.format("Microsoft.Other", "x")}, "names nothing of"),
    ):
        with pytest.raises(ComputeTargetException, match=words):
            name("ada", **wrong)
    with pytest.raises(ComputeTargetException, match="`username` must be given"):
        name("", address="gpu1")


def test_a_machine_is_opened_by_a_password_or_a_key(tmp_path):
    key = tmp_path / "key"
    key.write_text("-----BEGIN KEY-----\nx\n-----END KEY-----\n")
    name = RemoteCompute.attach_configuration
    order = ordered(
        name("ada", address="gpu1", private_key_file=str(key), private_key_passphrase=STRONG)
    )
    assert order.credential == {"private_key": key.read_text(), "passphrase": STRONG}
    with pytest.raises(ComputeTargetException, match="neither was given"):
        ordered(name("ada", address="gpu1"))
    with pytest.raises(ComputeTargetException, match="not both"):
        ordered(name("ada", address="gpu1", password=STRONG, private_key_file=str(key)))
    with pytest.raises(ComputeTargetException, match="cannot be read"):
        ordered(name("ada", address="gpu1", private_key_file=str(tmp_path / "none")))


def test_a_machine_of_azure_is_reached_by_its_address_alone():
    of_azure = RemoteCompute.attach_configuration(
        "ada", resource_id=ID.format("Microsoft.Compute", "virtualMachines"), password=STRONG
    )
    with pytest.raises(ComputeTargetException, match="give its `address`"):
        ordered(of_azure)


def test_machines_are_not_made():
    size = DsvmCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", ssh_port=22)
    with pytest.raises(ComputeTargetException, match=r"RemoteCompute\.attach_configuration"):
        ordered(size)
    with pytest.raises(ComputeTargetException, match="`ssh_port`"):
        DsvmCompute.provisioning_configuration(ssh_port="x")


def test_a_cluster_of_kubernetes_is_named_by_its_id():
    resource_id = ID.format("Microsoft.Kubernetes", "connectedClusters")
    named = KubernetesCompute.attach_configuration(resource_id, namespace="ml")
    assert ordered(named).settings == {"resource_id": resource_id, "namespace": "ml"}
    assert named.to_dict()["identity_type"] is None
    for wrong in (None, "mine", ID.format("Microsoft.Batch", "x")):
        with pytest.raises(ComputeTargetException, match="names no cluster"):
            KubernetesCompute.attach_configuration(wrong)


def test_a_cluster_of_kubernetes_is_opened_by_a_file(tmp_path):
    file = tmp_path / "config"
    file.write_text("apiVersion: v1")
    settings = {"server_url": "https://z.example.org", "cpu": 2}
    named = KubernetesCompute.attach_configuration(
        namespace="ml", kubeconfig=str(file), settings=settings
    )
    assert ordered(named).credential == {"kubeconfig": "apiVersion: v1"}
    assert ordered(named).settings == {**settings, "namespace": "ml"}
    assert "apiVersion" not in str(named.to_dict())
    with pytest.raises(ComputeTargetException, match="kubeconfig cannot be read"):
        KubernetesCompute.attach_configuration(kubeconfig=str(tmp_path / "none"))


def test_data_explorer_needs_everything():
    whole = {
        "resource_group": "g",
        "workspace_name": "w",
        "resource_id": ID.format("Microsoft.Kusto", "clusters"),
        "tenant_id": "t",
        "kusto_connection_string": "https://x",
        "application_id": "a",
        "application_key": STRONG,
    }
    order = ordered(KustoCompute.attach_configuration(**whole))
    assert order.credential == {"application_key": STRONG}
    assert "application_key" not in order.settings
    with pytest.raises(ComputeTargetException, match="`tenant_id` must be given"):
        KustoCompute.attach_configuration(**{**whole, "tenant_id": None})


def test_databricks_is_a_name_or_a_place_where_runs_execute():
    attach = partial(DatabricksCompute.attach_configuration, **OPENED)
    named = ordered(attach("group", "bricks"))
    assert (named.kind, named.settings["workspace_name"]) == ("spark", "bricks")
    there = ordered(attach(workspace_url="https://b", existing_cluster_id="c"))
    assert (there.kind, there.type) == ("databricks", "Databricks")
    assert there.credential == OPENED
    assert there.settings == {"workspace_url": "https://b", "existing_cluster_id": "c"}
    for more, said in (
        ({}, "`existing_cluster_id`"),
        ({"existing_cluster_id": "c", "new_cluster": {"num_workers": 1}}, "`new_cluster`"),
        ({"existing_cluster_id": "c", "access_token": ""}, "`access_token`"),
    ):
        with pytest.raises(ComputeTargetException, match=said):
            attach(**{"workspace_url": "https://b", **more})
    with pytest.raises(ComputeTargetException, match="need a `workspace_url`"):
        attach("group", "bricks", existing_cluster_id="c")


def test_a_pool_of_spark_needs_a_linked_service():
    order = ordered(SynapseCompute.attach_configuration("synapse", "SynapseSpark", "pool"))
    assert order.settings == {"linked_service": "synapse", "pool_name": "pool"}
    for service, kind, pool, words in (
        (None, "SynapseSpark", "pool", "`linked_service`"),
        ("synapse", "Sql", "pool", "only `SynapseSpark`"),
        ("synapse", "SynapseSpark", "", "`pool_name`"),
    ):
        with pytest.raises(ComputeTargetException, match=words):
            SynapseCompute.attach_configuration(service, kind, pool)


def test_ray_is_named_by_its_head_or_started():
    assert ordered(RayCompute.attach_configuration()).settings == {}
    order = ordered(RayCompute.attach_configuration("http://ray:8265", slots=4, token=STRONG))
    assert order.settings == {"address": "http://ray:8265", "slots": 4}
    assert order.credential == {"token": STRONG}


def test_a_cluster_that_serves_is_asked_for():
    order = ordered(AksCompute.provisioning_configuration(agent_count=1, location="eastus"))
    assert (order.kind, order.type, order.location) == ("serving", "AKS", "eastus")
    secure = AksCompute.provisioning_configuration().enable_ssl(leaf_domain_label="mine")
    assert ordered(secure).settings["ssl"]["leafDomainLabel"] == "mine"
    for wrong, words in (
        ({"agent_count": 0}, "`agent_count`"),
        ({"ssl_cname": "www"}, "`ssl_cert_pem_file`, `ssl_key_pem_file`"),
        ({"vnet_name": "v"}, "missing:"),
    ):
        with pytest.raises(ComputeTargetException, match=words):
            AksCompute.provisioning_configuration(**wrong)
    with pytest.raises(ComputeTargetException, match="one of PublicIp"):
        AksUpdateConfiguration(load_balancer_type="Other")
    with pytest.raises(ComputeTargetException, match="alone"):
        AksUpdateConfiguration(load_balancer_subnet="s")
    with pytest.raises(ComputeTargetException, match="not be given together"):
        AksUpdateConfiguration(
            SslConfiguration(cert="c", key="k", cname="www", leaf_domain_label="mine")
        )
    kept = AksUpdateConfiguration(SslConfiguration("Enabled", "c", STRONG, "www")).settings()
    assert STRONG not in repr(kept)


@pytest.mark.parametrize(
    ("make", "words"),
    [(ComputeTarget.create, "no provisioning"), (ComputeTarget.attach, "no attach")],
)
def test_what_is_no_configuration_is_refused(make, words):
    with pytest.raises(UserErrorException, match=words):
        make(None, "name", {"vm_size": "STANDARD_D2_V2"})
