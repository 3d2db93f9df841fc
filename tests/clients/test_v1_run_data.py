"""The data of runs: what scripts are given, what they leave, and who used what."""

import json
import threading

import pytest
from azureml.core import Dataset, Datastore, Experiment, Run, ScriptRunConfig
from azureml.core.runconfig import Data, DataLocation, DataPath, RunConfiguration
from azureml.core.runconfig import Dataset as DatasetSection
from azureml.data import LinkTabularOutputDatasetConfig, OutputFileDatasetConfig
from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
from azureml.exceptions import ActivityFailedException, UserErrorException
from live import LiveRuns, until
from scripted import Reply, ScriptedServer

SAY = """
import json, os, sys
def say(**words):
    print("SAID " + json.dumps(words), flush=True)
def below(folder):
    return sorted(os.path.relpath(os.path.join(p, n), folder)
                  for p, _, names in os.walk(folder) for n in names)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("data")
    for number, name in enumerate(("a.csv", "b.csv", "deep/c.csv")):
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_text(f"x,y\n{number},1.5\n{number + 10},2.5\n")
    return made


@pytest.fixture
def store(workspace, folder):
    found = workspace.get_default_datastore()
    found.upload(str(folder), "in", show_progress=False)
    return found


@pytest.fixture
def csv_files(store):
    return Dataset.File.from_files((store, "in/*.csv"))


@pytest.fixture
def submitted(workspace, tmp_path):
    """Runs a script with arguments; returns the run and what the script said."""

    def run(text, *arguments, wait=True, **settings):
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        (source / "train.py").write_text(SAY + text)
        config = ScriptRunConfig(str(source), "train.py", arguments=list(arguments), **settings)
        submitted_run = Experiment(workspace, "data").submit(config)
        if not wait:
            return submitted_run
        submitted_run.wait_for_completion()
        return submitted_run, said(submitted_run)

    return run


def log(run, path="user_logs/std_log.txt"):
    return run.get_details_with_logs()["logFiles"].get(path, "")


def said(run):
    lines = [line for line in log(run).splitlines() if line.startswith("SAID ")]
    return json.loads(lines[-1][5:]) if lines else None


def failure(run):
    with pytest.raises(ActivityFailedException):
        run.wait_for_completion()
    return run.get_details()["error"]["error"]


def test_a_table_is_read_under_its_name(workspace, store, submitted):
    table = Dataset.Tabular.from_delimited_files((store, "in/*.csv"))
    table = table.register(workspace, "trained on", create_new_version=True)
    run, words = submitted(
        """
from azureml.core import Run
data = Run.get_context().input_datasets["training_data"].to_pandas_dataframe()
say(argument=sys.argv[2], variable=os.environ["training_data"], total=int(data.x.sum()))
""",
        "--input-data",
        table.as_named_input("training_data"),
    )
    assert words == {"argument": table.id, "variable": table.id, "total": 22}
    used = run.get_details()["inputDatasets"]
    assert [one["dataset"].name for one in used] == ["trained on"]
    assert used[0]["consumptionDetails"] == {
        "type": "RunInput",
        "inputName": "training_data",
        "mechanism": "Direct",
    }
    uses = workspace._nouns.datasets.uses(table.id)
    assert [(one.run_id, one.direction) for one in uses] == [(run.id, "input")]


def test_files_are_fetched_and_shown(store, csv_files, submitted):
    single = Dataset.File.from_files((store, "in/deep/c.csv"))
    run, words = submitted(
        """
from pathlib import Path
from azureml.core import Run
given = Run.get_context().input_datasets
say(argv=sys.argv[1:] == [given["got"], given["shown"], given["single"], given["here"]],
    got=below(given["got"]), shown=below(given["shown"]),
    linked=os.path.islink(given["shown"] + "/a.csv"),
    copied=not os.path.islink(given["got"] + "/a.csv"), here=os.path.relpath(given["here"]),
    single=os.path.basename(given["single"]), text=Path(given["single"]).read_text(),
    variable=os.environ["AZUREML_DATAREFERENCE_got"] == given["got"])
""",
        csv_files.as_named_input("got").as_download(),
        csv_files.as_named_input("shown").as_mount(),
        single.as_named_input("single").as_mount(),
        csv_files.as_named_input("here").as_download("my/place"),
    )
    assert words == {
        "argv": True,
        "got": ["a.csv", "b.csv"],
        "shown": ["a.csv", "b.csv"],
        "linked": True,
        "copied": True,
        "here": "my/place",
        "single": "c.csv",
        "text": "x,y\n2,1.5\n12,2.5\n",
        "variable": True,
    }
    lines = log(run, "system_logs/data.txt")
    assert "`got`" in lines
    assert "2 files" in lines
    modes = [one["consumptionDetails"]["mechanism"] for one in run.get_details()["inputDatasets"]]
    assert modes == ["Download", "Mount", "Mount", "Download"]
    assert csv_files.to_path() == ["/a.csv", "/b.csv"], "what was shown is still there"


def test_references_lie_where_they_say(store, submitted):
    _, words = submitted(
        """
a, b, c = sys.argv[1:]
os.makedirs(c + "/more")
open(c + "/more/new.txt", "w").write("new")
say(a=below(a), place=os.path.relpath(a), b=below(b))
""",
        store.path("in").as_download(path_on_compute="training_data"),
        store.path("in/deep"),
        store.path("from-run").as_upload("left", overwrite=True),
    )
    assert words == {
        "a": ["a.csv", "b.csv", "deep/c.csv"],
        "place": "training_data",
        "b": ["c.csv"],
    }
    assert Dataset.File.from_files((store, "from-run")).to_path() == ["/more/new.txt"]


def test_paths_of_a_configuration(store, submitted):
    run_config = RunConfiguration()
    place = DataLocation(data_path=DataPath(store.name, "in/deep"))
    run_config.data["deep"] = Data(place, mechanism="download")
    _, words = submitted(
        "say(files=below(os.environ['AZUREML_DATAREFERENCE_deep']))", run_config=run_config
    )
    assert words == {"files": ["c.csv"]}


def test_an_output_becomes_a_dataset_and_the_next_input(workspace, submitted, store):
    prepared = (
        OutputFileDatasetConfig("prepared", (store, "prepared/{run-id}/{output-name}"))
        .as_upload(source_globs="*.csv")
        .read_delimited_files()
        .register_on_complete("prepared data", tags={"of": "test"})
    )
    run, words = submitted(
        """
from azureml.core import Run
folder = Run.get_context().output_datasets["prepared"]
open(folder + "/made.csv", "w").write("n,word\\n1,one\\n2,two\\n")
open(folder + "/notes.txt", "w").write("not sent")
say(same=folder == sys.argv[1])
""",
        prepared,
    )
    assert words == {"same": True}
    made = Dataset.get_by_name(workspace, "prepared data")
    assert made.tags == {"of": "test"}
    assert made.to_pandas_dataframe().n.sum() == 3
    details = run.get_details()["outputDatasets"]
    assert [one["dataset"].id for one in details] == [made.id]
    assert (details[0]["outputType"], details[0]["outputDetails"]["mechanism"]) == (
        "RunOutput",
        "Upload",
    )
    assert Dataset.File.from_files((store, f"prepared/{run.id}/prepared")).to_path() == [
        "/made.csv"
    ]
    following, words = submitted(
        """
from azureml.core import Run
run = Run.get_context()
say(rows=[len(run.input_datasets[name].to_pandas_dataframe()) for name in ("named", "direct")])
""",
        made.as_named_input("named"),
        prepared.as_input("direct"),
    )
    assert words == {"rows": [2, 2]}
    runs = [(one.run_id, one.direction) for one in workspace._nouns.datasets.uses(made.id)]
    assert runs == [(run.id, "output"), (following.id, "input"), (following.id, "input")]


def test_what_a_failed_script_leaves(workspace, submitted, store):
    mounted = OutputFileDatasetConfig("mounted", (store, "failed/mounted"))
    sent = OutputFileDatasetConfig("sent", (store, "failed/sent")).as_upload()
    run = submitted(
        """
for folder in sys.argv[1:]:
    open(folder + "/some.txt", "w").write("left")
    os.symlink("/etc/hostname", folder + "/of-the-machine")
raise SystemExit(3)
""",
        mounted.register_on_complete("never"),
        sent,
        wait=False,
    )
    assert failure(run)["code"] == "UserScriptFailed"
    assert "never" not in workspace.datasets
    files = [one.path for one in workspace._nouns.datastores.files(store.name, prefix="failed/")]
    assert files == ["failed/mounted/some.txt"]


def test_an_output_that_is_there_already_fails_the_run(submitted, store):
    text = "open(sys.argv[1] + '/some.txt', 'w').write('left')\n"
    output = OutputFileDatasetConfig("sent", (store, "twice")).as_upload()
    submitted(text, output)
    error = failure(submitted(text, output, wait=False))
    assert error["code"] == "DataOutputFailed"
    assert "`twice/some.txt`" in error["message"]
    assert "overwrite=True" in error["message"]
    submitted(text, output.as_upload(overwrite=True))


@pytest.mark.usefixtures("store")
def test_a_script_links_a_dataset(workspace, submitted):
    output = LinkTabularOutputDatasetConfig("linked").register_on_complete("linked data")
    run, _ = submitted(
        """
from azureml.core import Dataset, Run
run = Run.get_context()
store = run.experiment.workspace.get_default_datastore()
run.output_datasets["linked"].link(Dataset.Tabular.from_delimited_files((store, "in/a.csv")))
""",
        output,
    )
    made = Dataset.get_by_name(workspace, "linked data")
    assert len(made.to_pandas_dataframe()) == 2
    details = run.get_details()["outputDatasets"]
    assert [one["dataset"].id for one in details] == [made.id]
    assert details[0]["outputDetails"]["mechanism"] == "Link"


def test_what_a_script_looks_up_is_noted(workspace, csv_files, submitted):
    registered = csv_files.register(workspace, "looked up", create_new_version=True)
    run, _ = submitted(
        """
from azureml.core import Dataset, Run
Dataset.get_by_name(Run.get_context().experiment.workspace, "looked up")
"""
    )
    used = run.get_details()["inputDatasets"]
    assert [one["dataset"].id for one in used] == [registered.id]
    assert used[0]["consumptionDetails"]["type"] == "Reference"


def test_an_input_that_is_not_there_is_named(csv_files, submitted):
    run, words = submitted(
        """
from azureml.core import Run
run = Run.get_context()
try:
    run.input_datasets["absent"]
except KeyError as error:
    say(words=str(error), there=list(run.input_datasets), found=run.input_datasets.get("absent"))
""",
        csv_files.as_named_input("present"),
    )
    assert words["there"] == ["present"]
    assert words["found"] is None
    assert "no input `absent`; it has `present`" in words["words"]
    with pytest.raises(UserErrorException, match="for the script of the run"):
        _ = run.input_datasets


def test_an_offline_run_has_no_data(monkeypatch, tmp_path):
    monkeypatch.delenv("AZUREML_RUN_ID", raising=False)
    monkeypatch.setenv("ZAFFRE_HOME", str(tmp_path / "home"))
    run = Run.get_context()
    assert (len(run.input_datasets), len(run.output_datasets)) == (0, 0)
    with pytest.raises(KeyError, match="outside of a run"):
        _ = run.input_datasets["data"]
    with pytest.raises(KeyError, match="no output `data`"):
        _ = run.output_datasets["data"]


def test_c73_files_that_are_not_there_fail_the_run_with_their_pattern(
    workspace, store, folder, submitted
):
    store.upload(str(folder), "gone", show_progress=False)
    dataset = Dataset.File.from_files((store, "gone/*.csv")).register(workspace, "gone")
    workspace._nouns.datastores.remove(store.name, "gone/")
    reference = store.path("no/such/file.csv").as_download()
    for data, words in (
        (dataset.as_named_input("x").as_download(), "gone/*.csv"),
        (reference, "no/such/file.csv"),
    ):
        run = submitted("", data, wait=False)
        error = failure(run)
        assert error["code"] == "DataInputFailed"
        assert f"`{words}`" in error["message"]
        assert f"`{store.name}`" in error["message"]
        assert words in log(run, "system_logs/data.txt")


def test_c75_an_unknown_datastore_is_named_before_the_run_is_queued(workspace, store, submitted):
    run_config = RunConfiguration()
    place = DataLocation(data_path=DataPath("absent", "x"))
    run_config.data["x"] = Data(place, mechanism="download")
    with pytest.raises(Exception, match="`absent`") as error:
        submitted("", run_config=run_config)
    assert "workspaceblobstore" in str(error.value)
    assert Datastore.get_default(workspace).name == store.name


def test_c70_a_file_of_the_source_folder_is_not_replaced(csv_files, submitted, tmp_path):
    (tmp_path / "source" / "mine").mkdir(parents=True)
    (tmp_path / "source" / "mine" / "a.csv").write_text("mine")
    run = submitted("", csv_files.as_named_input("x").as_download("mine"), wait=False)
    error = failure(run)
    assert error["code"] == "DataInputFailed"
    assert "already exists" in error["message"]


@pytest.fixture
def slow_site():
    """A web server that sends no file until it is told to; tells when it was asked for one."""
    asked, go = threading.Event(), threading.Event()

    def answer(request):
        if request.method == "GET":
            asked.set()
            go.wait(60)
        return Reply(body=b"x,y\n1,2\n", headers={"etag": '"1"'})

    site = ScriptedServer(answer).start()
    yield site.url, asked, go
    go.set()
    site.kill()


def test_data_of_the_web_is_fetched_by_the_run(slow_site, submitted):
    url, _, go = slow_site
    go.set()
    dataset = Dataset.File.from_files(f"{url}/table.csv")
    _, words = submitted(
        "say(names=[os.path.basename(one) for one in sys.argv[1:]], "
        "texts=[open(one).read() for one in sys.argv[1:]])",
        dataset.as_named_input("got").as_download(),
        dataset.as_named_input("shown").as_mount(),
    )
    assert words == {"names": ["table.csv"] * 2, "texts": ["x,y\n1,2\n"] * 2}


def test_a_run_whose_data_hangs_is_canceled(slow_site, submitted, server):
    url, asked, _ = slow_site
    dataset = Dataset.File.from_files(f"{url}/table.csv", validate=False)
    run = submitted("say(started=True)", dataset.as_named_input("table").as_download(), wait=False)
    assert asked.wait(60)
    run.cancel()
    assert run.wait_for_completion()["status"] == "Canceled"
    assert said(run) is None
    until(lambda: not LiveRuns(server).processes(run.id), seconds=20)


def test_a_place_of_ones_own_is_left_as_it_was(csv_files, submitted, tmp_path):
    place = tmp_path / "shown"
    place.mkdir()
    (place / "mine.txt").write_text("mine")
    for _ in range(2):
        _, words = submitted(
            "say(files=below(sys.argv[1]))", csv_files.as_named_input("x").as_mount(str(place))
        )
        assert words == {"files": ["a.csv", "b.csv", "mine.txt"]}
        assert [one.name for one in place.iterdir()] == ["mine.txt"]


def test_a_script_sees_the_details_of_its_own_run(csv_files, submitted):
    _, words = submitted(
        """
from azureml.core import Run
used = Run.get_context().get_details()["inputDatasets"]
say(names=[one["consumptionDetails"]["inputName"] for one in used])
""",
        csv_files.as_named_input("x").as_mount(),
    )
    assert words == {"names": ["x"]}


def test_datasets_are_found_by_their_names_when_a_run_is_submitted(
    workspace, csv_files, store, tmp_path
):
    first = csv_files.register(workspace, "named")
    latest = Dataset.File.from_files((store, "in/deep")).register(
        workspace, "named", create_new_version=True
    )
    run_config = RunConfiguration()
    for name, version in (("by_version", "1"), ("by_name", None)):
        place = DataLocation(dataset=DatasetSection(dataset_name="named", dataset_version=version))
        run_config.data[name] = Data(place, mechanism="mount")
    arguments = [
        DatasetConsumptionConfig("latest", (workspace, "named")).as_mount(),
        DatasetConsumptionConfig("numbered", (workspace, "named", 1)).as_mount(),
    ]
    config = ScriptRunConfig(str(tmp_path), "x.py", arguments=arguments, run_config=run_config)
    spec = config.to_spec("snapshot", config.data_for(workspace))
    assert {one.name: one.dataset_id for one in spec.inputs} == {
        "by_version": first.id,
        "by_name": latest.id,
        "latest": latest.id,
        "numbered": first.id,
    }
    absent = DatasetConsumptionConfig("x", (workspace, "absent"))
    with pytest.raises(UserErrorException, match='name "absent"'):
        ScriptRunConfig(str(tmp_path), "x.py", arguments=[absent]).data_for(workspace)
