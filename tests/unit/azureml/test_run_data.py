"""The data of a submission, as far as no server is needed."""

from types import SimpleNamespace

import pytest
from azureml.core import RunConfiguration, ScriptRunConfig
from azureml.core._run_data import RunData
from azureml.core.runconfig import (
    Data,
    DatacacheConfiguration,
    DataLocation,
    DataPath,
    DataReferenceConfiguration,
    Dataset,
    OutputData,
    Uri,
)
from azureml.data import (
    HDFSOutputDatasetConfig,
    LinkFileOutputDatasetConfig,
    OutputFileDatasetConfig,
)
from azureml.data.data_reference import DataReference
from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
from azureml.data.dataset_factory import DataType
from azureml.data.file_dataset import FileDataset
from azureml.data.output_dataset_config import OutputTabularDatasetConfig
from azureml.data.tabular_dataset import TabularDataset
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.datasets import DataInput, DropColumns, KeepColumns, Split

STORE = SimpleNamespace(name="store", datastore_type="AzureBlob", workspace=None)


@pytest.fixture
def submitted(tmp_path):
    """Returns the specification of a run with these arguments and settings."""
    (tmp_path / "train.py").write_text("")

    def spec(*arguments, **settings):
        run_config = RunConfiguration()
        for name, value in settings.items():
            setattr(run_config, name, value)
        config = ScriptRunConfig(
            str(tmp_path), "train.py", arguments=list(arguments), run_config=run_config
        )
        return config.to_spec("s")

    return spec


def output(submitted, config):
    return submitted(config).outputs[0]


def test_arguments_stand_for_datasets(submitted):
    table = DatasetConsumptionConfig("table", TabularDataset())
    files = DatasetConsumptionConfig("files", FileDataset()).as_download("here")
    spec = submitted("--table", table, "--files", files, "--again", files, 0.5)
    assert spec.arguments == [
        "--table",
        "DatasetConsumptionConfig:table",
        "--files",
        "DatasetConsumptionConfig:files",
        "--again",
        "DatasetConsumptionConfig:files",
        "0.5",
    ]
    assert [(one.name, one.mode, one.path_on_compute) for one in spec.inputs] == [
        ("table", "direct", None),
        ("files", "download", "here"),
    ]
    written = spec.definition["data"]["files"]
    assert written["mechanism"] == "download"
    assert written["environmentVariableName"] == "files"
    assert set(written["dataLocation"]["dataset"]) == {"id", "name", "version"}


def test_modes_are_copies():
    config = DatasetConsumptionConfig("files", FileDataset())
    assert [config.as_mount().mode, config.as_hdfs().mode, config.mode] == [
        "mount",
        "hdfs",
        "direct",
    ]


@pytest.mark.parametrize("name", ["1a", "a b", "", None, "ä"])
def test_names_of_inputs_are_words(name):
    with pytest.raises(UserErrorException, match="Invalid input name"):
        DatasetConsumptionConfig(name, FileDataset())


def test_a_table_is_not_mounted():
    with pytest.raises(UserErrorException, match=r"does not support mount\. Only FileDataset"):
        DatasetConsumptionConfig("table", TabularDataset()).as_mount()


def test_a_bare_dataset_says_what_to_do(submitted):
    with pytest.raises(UserErrorException, match="as_named_input"):
        submitted("--data", FileDataset())


def test_two_inputs_of_one_name_are_named(submitted):
    config = DatasetConsumptionConfig("x", FileDataset())
    with pytest.raises(UserErrorException, match="named `x`"):
        submitted(config, config.as_mount())


def test_references_stand_for_paths(submitted):
    reference = DataReference(STORE, "ref", "data/files", mode="download", path_on_compute="in")
    spec = submitted("--data_folder", reference)
    assert spec.arguments == ["--data_folder", "$AZUREML_DATAREFERENCE_ref"]
    assert spec.inputs == [
        DataInput(
            name="ref",
            mode="download",
            datastore="store",
            path="data/files",
            path_on_compute="in",
        )
    ]
    assert spec.definition["dataReferences"]["ref"]["mode"] == "download"


def test_references_of_the_configuration_are_taken(submitted):
    reference = DataReference(STORE, "ref", "data")
    spec = submitted(str(reference), data_references={"ref": reference.to_config()})
    assert [one.name for one in spec.inputs] == ["ref"]
    with pytest.raises(UserErrorException, match="`absent`, which the run does not have"):
        submitted("$AZUREML_DATAREFERENCE_absent")


def test_data_of_the_configuration_is_taken(submitted):
    dataset = Data(DataLocation(dataset=Dataset("id-1")), mechanism="Mount")
    path = Data(DataLocation(data_path=DataPath("store", "/a/b")), mechanism="download")
    uri = Data(DataLocation(uri=Uri("azureml://datastores/s/paths/a/b.csv")), mechanism="mount")
    inputs = submitted(data={"d": dataset, "p": path, "u": uri}).inputs
    assert [(one.name, one.mode, one.dataset_id, one.datastore, one.path) for one in inputs] == [
        ("d", "mount", "id-1", None, ""),
        ("p", "download", None, "store", "a/b"),
        ("u", "mount", None, "s", "a/b.csv"),
    ]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"data": {"x": Data()}}, "`x` has no `data_location`"),
        ({"data": {"x": Data(DataLocation(data_path=DataPath("s")))}}, "mechanism `direct`"),
        ({"data": {"x": Data(DataLocation(Dataset("1")), mechanism="ftp")}}, "mode `ftp`"),
        ({"data": {"x": Data(DataLocation(uri=Uri("ftp://x")))}}, "`ftp://x`"),
        ({"data": {"x": 3}}, "must be a mapping"),
        ({"data_references": {"x": DataReferenceConfiguration()}}, "no `datastore_name`"),
        ({"datacaches": [DatacacheConfiguration()]}, "`datacaches`"),
        ({"output_data": {"x": OutputData(mechanism="x")}}, "mode `x`"),
    ],
)
def test_what_cannot_be_given_is_named(submitted, settings, words):
    with pytest.raises(UserErrorException, match=words):
        submitted(**settings)


def test_an_output_goes_to_its_own_folder(submitted):
    spec = submitted("--out", OutputFileDatasetConfig("out"))
    assert spec.arguments == ["--out", "DatasetOutputConfig:out"]
    one = spec.outputs[0]
    assert (one.mode, one.datastore) == ("mount", None)
    assert one.path == "dataset/{run-id}/{output-name}"
    assert (one.register, one.definition) == (None, None)


def test_an_output_is_sent_as_it_says(submitted):
    config = OutputFileDatasetConfig("out", (STORE, "/a/{run-id}"), source="made")
    changed = config.as_upload(overwrite=True, source_globs=["*.csv"]).register_on_complete(
        "name", "words", {"a": "b"}
    )
    one = output(submitted, changed)
    assert (one.mode, one.datastore, one.path) == ("upload", "store", "a/{run-id}")
    assert (one.source, one.overwrite, one.globs) == ("made", True, ["*.csv"])
    assert (one.register.name, one.register.description) == ("name", "words")
    assert one.register.tags == {"a": "b"}
    assert output(submitted, config).mode == "mount"


def test_an_output_is_read_as_a_table(submitted):
    table = (
        OutputFileDatasetConfig("out")
        .read_delimited_files(
            separator=";",
            header=False,
            path_glob="*.csv",
            set_column_types={"a": DataType.to_string()},
        )
        .keep_columns(["a", "b"])
        .drop_columns("b")
    )
    definition = output(submitted, table).definition
    assert (definition.kind, definition.reader.separator) == ("tabular", ";")
    assert (definition.reader.header, definition.places[0].path) == ("none", "*.csv")
    assert definition.types["a"].name == "string"
    assert definition.steps == [KeepColumns(columns=["a", "b"]), DropColumns(columns=["b"])]


def test_an_output_is_split_by_chance(submitted):
    table = OutputFileDatasetConfig("out").read_parquet_files()
    first, second = table.random_split(0.8, seed=3)
    outputs = submitted(first, second).outputs
    assert [one.name for one in outputs] == ["out_1", "out_2"]
    assert [one.definition.steps for one in outputs] == [
        [Split(percentage=0.8, seed=3, first=True)],
        [Split(percentage=0.8, seed=3, first=False)],
    ]
    for share in (2, "half"):
        with pytest.raises(ValueError, match="between 0"):
            table.random_split(share)


def test_an_output_names_columns_and_files_as_tables_do(submitted):
    table = OutputFileDatasetConfig("out").read_parquet_files().keep_columns(["a", "a"])
    assert output(submitted, table).definition.steps == [KeepColumns(columns=["a"])]
    with pytest.raises(UserErrorException, match="`columns`"):
        table.drop_columns([])
    with pytest.raises(UserErrorException, match="`path_glob`"):
        OutputFileDatasetConfig("out").read_parquet_files(path_glob=3)


def test_an_output_read_as_a_table_has_no_files_to_mount():
    config = OutputFileDatasetConfig("out").read_parquet_files().as_input("table")
    with pytest.raises(UserErrorException, match="does not support mount"):
        config.as_mount()


def test_a_name_that_no_argument_can_stand_for_is_refused(submitted):
    with pytest.raises(UserErrorException, match="`my-data` cannot be found by its name"):
        submitted(DataReference(STORE, "my-data", "a"))


def test_a_dataset_without_id_and_name_is_refused_when_it_is_submitted():
    assert RunData().dataset_id(Dataset()) == ""
    with pytest.raises(UserErrorException, match="neither `id` nor `name`"):
        RunData(object()).dataset_id(Dataset())


def test_the_datastore_of_an_address_is_the_first_one(submitted):
    address = "azureml://datastores/store/paths/a/datastores/b/paths/c"
    data = Data(DataLocation(uri=Uri(address)), mechanism="mount")
    given = submitted(data={"d": data}).inputs[0]
    assert (given.datastore, given.path) == ("store", "a/datastores/b/paths/c")


def test_a_tuple_may_leave_its_version_open():
    config = DatasetConsumptionConfig("in_1", (None, "name", None))
    assert config._section("id").data_location.dataset.version is None


def test_other_outputs(submitted):
    link = LinkFileOutputDatasetConfig("linked").register_on_complete("name")
    modes = [one.mode for one in submitted(link, HDFSOutputDatasetConfig("h")).outputs]
    assert modes == ["link", "mount"]
    with pytest.raises(UserErrorException, match="read_delimited_files"):
        OutputTabularDatasetConfig()
    with pytest.raises(UserErrorException, match="`destination`"):
        OutputFileDatasetConfig("out", "path")
    with pytest.raises(UserErrorException, match="Invalid output name"):
        OutputFileDatasetConfig("a b")


def test_an_output_is_an_input_only_when_a_run_made_it():
    table = OutputFileDatasetConfig("out").read_delimited_files().as_input("in_1")
    assert (table.name, table.mode) == ("in_1", "direct")
    config = OutputFileDatasetConfig("out").as_input()
    assert config.mode == "mount"
    with pytest.raises(UserErrorException, match="No run was submitted yet"):
        Data.create(config)
    with pytest.raises(UserErrorException, match="DatasetConsumptionConfig"):
        Data.create("x")


def test_files_of_configurations_keep_data(tmp_path, submitted):
    run_config = RunConfiguration()
    run_config.data["d"] = Data(
        DataLocation(dataset=Dataset("id", "name", "2")), mechanism="mount"
    )
    run_config.data_references["r"] = DataReferenceConfiguration("store", path_on_datastore="a")
    run_config.save(str(tmp_path), "mine")
    loaded = RunConfiguration.load(str(tmp_path), "mine")
    assert loaded.data == run_config.data
    assert loaded.data_references == run_config.data_references
    assert [one.name for one in submitted(**vars_of(loaded)).inputs] == ["d", "r"]


def test_files_of_azure_ml_are_read(tmp_path):
    (tmp_path / "a.runconfig").write_text(
        "dataReferences:\n  r:\n    dataStoreName: store\n    mode: download\n"
        "    pathOnDataStore: a/b\n    pathOnCompute: c\n    overwrite: true\n"
        "data:\n  d:\n    dataLocation:\n      dataset:\n        id: x\n        name: n\n"
        "        version: '1'\n    mechanism: Mount\n"
    )
    loaded = RunConfiguration.load(str(tmp_path / "a.runconfig"))
    reference = loaded.data_references["r"]
    assert (reference.datastore_name, reference.path_on_datastore) == ("store", "a/b")
    assert (reference.path_on_compute, reference.overwrite) == ("c", True)
    assert loaded.data["d"].data_location.dataset.id == "x"


def vars_of(run_config):
    return {"data": run_config.data, "data_references": run_config.data_references}
