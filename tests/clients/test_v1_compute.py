"""Compute targets as v1 programs and the command line see them, against a real server."""

import json

import pytest
from azureml.core import Experiment, Model, ScriptRunConfig, Workspace
from azureml.core.compute import (
    AksCompute,
    AmlCompute,
    BatchCompute,
    ComputeTarget,
    DatabricksCompute,
    DataFactoryCompute,
    HDInsightCompute,
    KubernetesCompute,
    RemoteCompute,
    SynapseCompute,
)
from azureml.core.compute.aks import AksUpdateConfiguration
from azureml.core.compute_target import ComputeTargetException
from azureml.core.model import InferenceConfig
from azureml.core.webservice import AksWebservice
from azureml.exceptions import UserErrorException, WebserviceException
from click.testing import CliRunner
from kube import fake_cluster
from live import until
from zaffre.cli.main import main

SECRET = "1234-abc-5678-defg-90"  # noqa: S105 (of nobody)
WAITS = """
import pathlib, sys, time
deadline = time.monotonic() + 60
while not pathlib.Path(sys.argv[1]).exists() and time.monotonic() < deadline:
    time.sleep(0.02)
"""


@pytest.fixture
def name(request, workspace):
    """A name of its own, of which nothing is left."""
    chosen = request.node.name.replace("_", "-").partition("[")[0][5:29].strip("-")
    yield chosen
    for target in ComputeTarget.list(workspace):
        if target.name == chosen:
            workspace._nouns.computes.delete(chosen)


@pytest.fixture
def cluster(workspace, name):
    size = AmlCompute.provisioning_configuration(vm_size="STANDARD_DS11_V2", max_nodes=2)
    made = ComputeTarget.create(workspace, name, size)
    made.wait_for_completion()
    return made


@pytest.fixture
def zaffre(server, workspace):
    def call(*arguments, code=0, asked=None, noun="compute"):
        given = [noun, arguments[0], "--home", str(server.home), "-w", workspace.name]
        done = CliRunner().invoke(main, [*given, *arguments[1:]], input=asked)
        assert done.exit_code == code, done.output
        return done.output

    return call


@pytest.fixture
def submit(workspace, tmp_path):
    """Submits a script that waits for a file; returns the run and how to let it go."""
    runs = []

    def submitted(target):
        (tmp_path / "train.py").write_text(WAITS)
        gate = tmp_path / f"gate-{len(runs)}"
        config = ScriptRunConfig(
            str(tmp_path), script="train.py", arguments=[str(gate)], compute_target=target
        )
        runs.append(Experiment(workspace, "compute").submit(config))
        return runs[-1], gate.touch

    yield submitted
    for run in runs:
        if run.get_status() not in ("Completed", "Failed", "Canceled"):
            run.cancel()
            run.wait_for_completion(raise_on_error=False)


def test_the_program_that_creates_a_cluster_unless_it_is_there(workspace, name, capsys):
    for _ in range(2):
        try:
            training = ComputeTarget(workspace=workspace, name=name)
            print("Found existing cluster.")  # noqa: T201 - as programs do
        except ComputeTargetException:
            config = AmlCompute.provisioning_configuration(vm_size="STANDARD_DS12_V2", max_nodes=4)
            training = ComputeTarget.create(workspace, name, config)
        training.wait_for_completion(show_output=True)

    printed = capsys.readouterr().out
    assert printed.count("Found existing cluster.") == 1
    assert printed.count("Succeeded\nAmlCompute wait for completion finished") == 2
    assert "Minimum number of nodes requested have been provisioned" in printed
    for compute_name in workspace.compute_targets:
        compute = workspace.compute_targets[compute_name]
        print(compute.name, ":", compute.type)  # noqa: T201 - as programs do
    assert f"{name} : AmlCompute" in capsys.readouterr().out


def test_c100_an_unknown_target_lists_those_there_are(workspace, cluster):
    with pytest.raises(ComputeTargetException, match=r"^ComputeTargetNotFound: ") as caught:
        ComputeTarget(workspace=workspace, name="absent")
    assert f"`{cluster.name}`" in caught.value.message
    assert "`local`" in caught.value.message


def test_a_name_is_given_once(workspace, cluster):
    size = AmlCompute.provisioning_configuration(max_nodes=1)
    with pytest.raises(ComputeTargetException, match="There is a compute target"):
        ComputeTarget.create(workspace, cluster.name, size)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"vm_size": "STANDARD_NOPE", "max_nodes": 1}, "no size `STANDARD_NOPE`"),
        ({"max_nodes": 1001}, "0 to 1000 nodes"),
    ],
)
def test_c101_what_the_server_refuses_is_an_error_of_compute_targets(
    workspace, name, settings, words
):
    config = AmlCompute.provisioning_configuration(**settings)
    with pytest.raises(ComputeTargetException, match=words):
        ComputeTarget.create(workspace, name, config)


def test_a_cluster_is_changed_and_its_nodes_come(cluster, capsys):
    cluster.update(min_nodes=1, idle_seconds_before_scaledown=60)
    cluster.wait_for_completion(show_output=True, min_node_count=1)

    assert "Minimum number of nodes requested have been provisioned" in capsys.readouterr().out
    status = cluster.get_status()
    assert (status.current_node_count, status.allocation_state) == (1, "Steady")
    assert status.scale_settings.serialize() == {
        "minNodeCount": 1,
        "maxNodeCount": 2,
        "nodeIdleTimeBeforeScaleDown": "PT60S",
    }
    [node] = cluster.list_nodes()
    assert (node["nodeState"], node["runId"]) == ("idle", None)
    with pytest.raises(ComputeTargetException, match="`min_nodes` is 3"):
        cluster.update(min_nodes=3)
    assert cluster.get()["properties"]["status"]["currentNodeCount"] == 1


def test_nodes_that_do_not_come_in_time_are_said(cluster, capsys):
    cluster.wait_for_completion(show_output=True, min_node_count=1, timeout_in_minutes=0)
    printed = capsys.readouterr().out
    assert "Waiting for cluster to scale. 0 out of 1 nodes ready." in printed
    assert "Wait timeout has been reached: 0 of 1 nodes are ready" in printed


def test_runs_of_a_cluster_are_listed_while_they_go(cluster, submit):
    run, let_go = submit(cluster)
    until(lambda: run.get_status() == "Running")

    assert [one.id for one in cluster.get_active_runs()] == [run.id]
    assert [one.id for one in cluster.get_active_runs(status="Running")] == [run.id]
    assert list(cluster.get_active_runs(status="Queued")) == []
    [node] = cluster.list_nodes()
    assert (node["nodeState"], node["runId"]) == ("running", run.id)
    let_go()
    run.wait_for_completion()
    assert list(cluster.get_active_runs()) == []
    assert run.get_details()["target"] == cluster.name


def test_c102_a_cluster_is_not_deleted_while_runs_execute(cluster, submit, capsys):
    run, let_go = submit(cluster.name)
    until(lambda: run.get_status() == "Running")
    with pytest.raises(ComputeTargetException, match="1 runs execute"):
        cluster.delete()
    let_go()
    run.wait_for_completion()

    cluster.delete()
    cluster.wait_for_completion(show_output=True, is_delete_operation=True)
    assert "Deleted" in capsys.readouterr().out
    with pytest.raises(ComputeTargetException, match="ComputeTargetNotFound"):
        cluster.refresh_state()


def test_identities_are_kept(cluster):
    with pytest.raises(ComputeTargetException, match="no identity"):
        cluster.remove_identity()
    cluster.add_identity("UserAssigned", ["one", "two"])
    assert cluster.identity_id == ["one", "two"]
    cluster.remove_identity(["one"])
    assert cluster.get()["identity"] == {
        "type": "UserAssigned",
        "userAssignedIdentities": ["two"],
    }
    cluster.remove_identity()
    assert cluster.identity_type is None


def test_sizes_and_uses_are_listed(workspace, cluster):
    sizes = {one["name"].upper(): one for one in AmlCompute.supported_vmsizes(workspace=workspace)}
    assert (sizes["STANDARD_DS11_V2"]["vCPUs"], sizes["STANDARD_NC6"]["gpus"]) == (2, 1)
    cluster.update(min_nodes=1)
    cluster.wait_for_completion()
    uses = {one["id"]: one for one in AmlCompute.list_usages(workspace, show_all=True)}
    assert uses[f"computes/{cluster.name}"]["currentValue"] == 2
    families = [one["name"]["value"] for one in AmlCompute.list_quotas(workspace)]
    assert "standardDSv2Family" in families
    with pytest.raises(UserErrorException, match="max-running-per-user"):
        AmlCompute.update_quotas(workspace, "standardDSv2Family", 4)


def test_databricks_is_attached_and_its_token_told_to_nobody(workspace, name, capsys):
    config = DatabricksCompute.attach_configuration(
        resource_group="db_resource_group", workspace_name="db_workspace", access_token=SECRET
    )
    bricks = ComputeTarget.attach(workspace, name, config)
    bricks.wait_for_completion(show_output=True)

    assert 'operation "Succeeded"' in capsys.readouterr().out
    assert bricks.get_credentials()["databricksAccessToken"] == SECRET
    found = ComputeTarget(workspace, name)
    assert isinstance(found, DatabricksCompute)
    assert SECRET not in repr(found.serialize())
    with pytest.raises(ComputeTargetException, match="told to nobody"):
        found.get_credentials()
    found.detach()
    found.wait_for_completion(is_delete_operation=True)
    assert name not in workspace.compute_targets


def test_a_machine_is_attached(workspace, name):
    config = RemoteCompute.attach_configuration(
        username="ada", address="192.0.2.1", ssh_port=2222, password=SECRET
    )
    machine = ComputeTarget.attach(workspace, name, config)

    assert isinstance(ComputeTarget(workspace, name), RemoteCompute)
    assert (machine.address, machine.ssh_port, machine.is_attached) == ("192.0.2.1", 2222, True)
    assert machine.get_credentials()["administratorAccount"]["username"] == "ada"
    with pytest.raises(ComputeTargetException, match=r"use `detach\(\)`"):
        machine.delete()


@pytest.mark.parametrize(
    "config",
    [
        BatchCompute.attach_configuration(resource_group="g", account_name="a"),
        DataFactoryCompute.attach_configuration(resource_group="g", factory_name="f"),
        HDInsightCompute.attach_configuration("ada", address="spark", password=SECRET),
        SynapseCompute.attach_configuration("synapse", "SynapseSpark", "pool"),
    ],
    ids=lambda config: config._compute_type,
)
def test_others_are_attached(workspace, name, config):
    made = ComputeTarget.attach(workspace, name, config)
    made.wait_for_completion()
    found = ComputeTarget(workspace, name)
    assert (type(found), found.type) == (type(made), config._compute_type)
    assert type(found).deserialize(workspace, found.serialize()).name == name
    found.detach()
    assert name not in workspace.compute_targets


def test_a_cluster_of_kubernetes_is_attached(server, workspace, name, tmp_path):
    config = tmp_path / "config"
    for cluster in fake_cluster(tmp_path / "cluster", namespaces=("ml",)):
        config.write_text(cluster.kubeconfig())
        attached = KubernetesCompute.attach_configuration(
            namespace="ml",
            kubeconfig=str(config),
            settings={"server_url": server.url},
        )
        made = ComputeTarget.attach(workspace, name, attached)
        made.wait_for_completion()
        found = workspace.compute_targets[name]
        assert (type(found), found.namespace) == (KubernetesCompute, "ml")
        assert found.get_status().provisioning_state == "Succeeded"
        assert cluster.kubeconfig() not in str(found.serialize())
        found.detach()
    assert name not in workspace.compute_targets


def test_a_cluster_of_kubernetes_that_nobody_knows_says_so(workspace, name):
    attached = KubernetesCompute.attach_configuration(
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/k",
    )
    made = ComputeTarget.attach(workspace, name, attached)
    with pytest.raises(ComputeTargetException, match="How the cluster is reached is not known"):
        made.wait_for_completion()
    made.detach()


def test_a_cluster_that_serves_is_deployed_to(workspace, name, model, tmp_path):
    size = AksCompute.provisioning_configuration(location="eastus")
    production = ComputeTarget.create(workspace, name, size)
    production.wait_for_completion(show_output=True)
    assert (production.location, production.is_attached) == ("eastus", False)
    production.update(AksUpdateConfiguration(load_balancer_type="PublicIp"))
    assert ComputeTarget(workspace, name).load_balancer_type == "PublicIp"
    with pytest.raises(ComputeTargetException, match="get_keys"):
        production.get_credentials()

    (tmp_path / "score.py").write_text("def init(): pass\ndef run(data): return data\n")
    config = InferenceConfig("score.py", source_directory=str(tmp_path))
    service = Model.deploy(
        workspace, "on-aks", [model], config, deployment_target=production, overwrite=True
    )
    assert (service.compute_type, service.compute_name) == ("AKS", name)
    greedy = AksWebservice.deploy_configuration(cpu_cores=8, memory_gb=4, num_replicas=2)
    with pytest.raises(WebserviceException, match=r"16 cores and 8 GB.* has 12 cores"):
        Model.deploy(workspace, "greedy", [model], config, greedy, production)
    with pytest.raises(ComputeTargetException, match="`on-aks`"):
        production.delete()
    service.delete()
    production.delete()
    with pytest.raises(ComputeTargetException, match=r"at least 12.*\n.*DevTest"):
        ComputeTarget.create(
            workspace, name, AksCompute.provisioning_configuration(1, "Standard_D2_v2")
        )


@pytest.mark.usefixtures("workspace")
def test_default_clusters_come_with_a_workspace():
    made = Workspace.create(
        "with-clusters",
        subscription_id="...",
        resource_group="tests",
        default_cpu_compute_target=Workspace.DEFAULT_CPU_CLUSTER_CONFIGURATION,
    )
    assert made.get_default_compute_target("CPU").name == Workspace.DEFAULT_CPU_CLUSTER_NAME
    assert made.get_default_compute_target("gpu") is None
    with pytest.raises(UserErrorException, match="`CPU` or `GPU`"):
        made.get_default_compute_target("TPU")
    made.delete()


def test_the_command_line_makes_changes_and_shows(zaffre, name, tmp_path):
    (tmp_path / "password").write_text(f"{SECRET}\n")
    zaffre(
        *("create", name, "--size", "STANDARD_D2_V2", "--max-nodes", "2", "--tag", "team=a"),
        *("--max-queued", "3", "--setting", "rack=7", "--secret", f"p={tmp_path / 'password'}"),
    )
    shown = json.loads(zaffre("show", name, "-o", "json"))
    assert (shown["type"], shown["cores"], shown["settings"]) == ("AmlCompute", 2, {"rack": 7})
    assert shown["has_credential"]
    assert SECRET not in json.dumps(shown)
    elsewhere = ("update", name, "--setting", "address=10.6.6.6")
    assert "credential" in zaffre(*elsewhere, code=1)
    zaffre(*elsewhere, "--secret", f"p={tmp_path / 'password'}")
    changed = zaffre("update", name, "--max-nodes", "4", "--max-queued", "0", "-o", "json")
    assert json.loads(changed)["scale"]["max_nodes"] == 4
    assert json.loads(changed)["limits"].get("max_queued") is None
    assert json.loads(changed)["settings"] == {"rack": 7, "address": "10.6.6.6"}
    assert f"{name:<32} AmlCompute" in zaffre("list")
    assert "STANDARD_NC6" in zaffre("sizes", "--gpu").upper()
    assert "Aborted" in zaffre("delete", name, asked="n\n", code=1)
    assert zaffre("delete", name, "-y") == f"Deleted {name}.\n"


@pytest.mark.usefixtures("cluster")
def test_the_command_line_says_what_is_wrong(zaffre, name):
    assert f"`{name}`" in zaffre("show", "absent", code=1)
    assert "is no instance" in zaffre("stop", name, code=1)
    assert "no node `none`" in zaffre("preempt", name, "none", code=1)


def test_the_command_line_tells_why_a_run_waits_and_ends_it(zaffre, name, cluster, submit):
    cluster.update(max_nodes=0)
    run, _ = submit(cluster)
    assert f"{run.id:<48} Queued           {name:<20}" in zaffre("list", noun="runs")
    shown = zaffre("show", run.id, noun="runs")
    assert f"Target       {name}\n" in shown
    assert f"Waits        It waits for a node of `{name}`, which may have none now" in shown
    assert json.loads(zaffre("show", run.id, "-o", "json", noun="runs"))["id"] == run.id
    assert zaffre("cancel", run.id, noun="runs") == f"{run.id} is Canceled.\n"
    assert "no run `absent`" in zaffre("show", "absent", code=1, noun="runs")
    assert "no run `absent`" in zaffre("cancel", "absent", code=1, noun="runs")


def test_the_command_line_takes_a_node_away(zaffre, name, cluster, submit):
    run, let_go = submit(cluster)
    until(lambda: run.get_status() == "Running")
    [line] = zaffre("nodes", name).splitlines()
    assert line.endswith(run.id)
    zaffre("preempt", name, line.split()[0])
    until(lambda: run.get_details().get("status") != "Running" or run._fresh().attempt > 1)
    let_go()
    run.wait_for_completion()
    assert run.get_status() == "Completed"
