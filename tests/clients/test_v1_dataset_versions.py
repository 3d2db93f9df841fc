"""Datasets with names and versions, what becomes of them, and what is measured of them."""

import os

import pandas as pd
import pytest
from azureml.core import Dataset, Experiment
from azureml.data import FileDataset, TabularDataset, _keeping
from azureml.data.dataset_error_handling import DatasetChangedWarning
from azureml.exceptions import UserErrorException


@pytest.fixture
def store(workspace):
    return workspace.get_default_datastore()


def ids(table):
    frame = table.to_pandas_dataframe()
    return frame["id"].tolist() if len(frame) else []


class TestRegistry:
    def test_versions_by_name_and_by_id(self, workspace, sales):
        first = sales.register(workspace, "sales", description="all", tags={"kind": "csv"})
        second = sales.take(1).register(workspace, "sales", create_new_version=True)

        assert (sales.id, sales.name, sales.version, sales.tags) == (None, None, None, None)
        assert (first.name, first.version, first.description) == ("sales", 1, "all")
        assert first.tags == {"kind": "csv"}
        assert second.version == 2
        assert Dataset.get_by_name(workspace, "sales").version == 2
        assert ids(Dataset.get_by_name(workspace, "sales", version="1")) == [1, 2, 3, 4, 5]
        assert Dataset.get_by_id(workspace, first.id).version == 1
        assert isinstance(workspace.datasets["sales"], TabularDataset)
        assert "sales" in workspace.datasets
        assert workspace.datasets.get("none") is None

    def test_a_name_is_taken_but_for_a_new_version(self, workspace, sales):
        first = sales.register(workspace, "taken")
        assert sales.register(workspace, "taken").id == first.id
        with pytest.raises(UserErrorException, match="create_new_version=True"):
            sales.take(1).register(workspace, "taken")

    def test_what_is_not_there_is_told_with_what_is(self, workspace, sales):
        sales.register(workspace, "there")
        with pytest.raises(UserErrorException, match=r'"none" in the workspace\.\n.*there'):
            Dataset.get_by_name(workspace, "none")
        with pytest.raises(UserErrorException, match=r"\(version: 7\).*\n.*1"):
            Dataset.get_by_name(workspace, "there", version=7)
        with pytest.raises(UserErrorException, match="Cannot find dataset with id"):
            Dataset.get_by_id(workspace, "00000000-0000-0000-0000-000000000000")
        with pytest.raises(UserErrorException, match="`version`"):
            Dataset.get_by_name(workspace, "there", version="newest")

    def test_tags_and_description_change(self, workspace, sales):
        table = sales.register(workspace, "changing", tags={"a": "1"})

        table.add_tags({"b": "2"})
        assert Dataset.get_by_name(workspace, "changing").tags == {"a": "1", "b": "2"}
        with pytest.raises(UserErrorException, match=r"\['a'\]"):
            table.add_tags({"a": "3"})
        table.remove_tags(["a"])
        table.update(description="new", tags={"c": "4"})
        again = Dataset.get_by_name(workspace, "changing")
        assert (again.tags, again.description) == ({"c": "4"}, "new")
        with pytest.raises(UserErrorException, match="registers it"):
            sales.add_tags({"a": "1"})

    def test_tags_that_other_programs_changed_are_known(self, workspace, sales):
        table = sales.register(workspace, "shared", tags={"a": "1"})
        Dataset.get_by_name(workspace, "shared").add_tags({"b": "2"})

        with pytest.raises(UserErrorException, match=r"\['b'\]"):
            table.add_tags({"b": "3"})
        assert table.update(tags={"c": "4"}).tags == {"c": "4"}

    def test_unregistered_versions_are_still_read_by_id(self, workspace, sales):
        table = sales.register(workspace, "leaving")
        kept = table.id

        table.unregister_all_versions()

        assert table.name is None
        assert "leaving" not in workspace.datasets
        assert ids(Dataset.get_by_id(workspace, kept)) == [1, 2, 3, 4, 5]

    def test_the_split_that_was_registered_stays_what_it_is(self, workspace, sales):
        train, _ = sales.random_split(0.6)
        train.register(workspace, "train")

        assert ids(Dataset.get_by_name(workspace, "train")) == ids(train)

    def test_files_that_changed_underneath_are_told(self, workspace, store, sales, request):
        sales.register(workspace, "watched")
        name = f"{request.node.name}/2020/south.csv"
        folder = os.path.dirname(name)  # noqa: PTH120 - a path of the datastore
        frame = Dataset.get_by_name(workspace, "watched").to_pandas_dataframe()
        assert len(frame) == 5

        target = (store, folder)
        here = request.getfixturevalue("tmp_path") / "new"
        here.mkdir()
        (here / "south.csv").write_text("id,name,price,sold,day\n9,zoe,9.5,True,2020-02-01\n")
        Dataset.File.upload_directory(str(here), target, overwrite=True, show_progress=False)

        with pytest.warns(DatasetChangedWarning, match=r"`watched` version 1.*south\.csv"):
            assert 9 in ids(Dataset.get_by_name(workspace, "watched"))
        with pytest.warns(DatasetChangedWarning, match=r"south\.csv"):
            Dataset.get_by_name(workspace, "watched").take(1).to_pandas_dataframe()

    def test_local_files_are_sent_when_they_are_registered(self, workspace, sales_folder):
        local = Dataset.Tabular.from_delimited_files(str(sales_folder / "2020" / "*.csv"))

        table = local.register(workspace, "from here")
        (sales_folder / "2020" / "north.csv").unlink()

        assert ids(Dataset.get_by_name(workspace, "from here")) == [1, 2, 3]
        assert "managed-dataset" in repr(table)

    def test_local_files_stay_here_when_the_name_is_taken(
        self, workspace, sales, sales_folder, monkeypatch
    ):
        sales.register(workspace, "taken before")
        monkeypatch.setattr(_keeping, "send_files", None)
        with pytest.raises(UserErrorException, match="create_new_version=True"):
            Dataset.File.from_files(str(sales_folder)).register(workspace, "taken before")

    def test_it_is_shown_as_people_know_it(self, workspace, sales, request):
        shown = str(sales.register(workspace, "shown", tags={"a": "b"}))

        assert shown.startswith("TabularDataset\n{")
        assert f"('workspaceblobstore', '{request.node.name}/**/*.csv')" in shown
        assert '"name": "shown"' in shown
        assert '"GetDatastoreFiles",\n    "ParseDelimited"' in shown


class TestLineage:
    @pytest.fixture
    def run(self, workspace, monkeypatch):
        """A run that this program seems to be the script of."""
        run = Experiment(workspace, "reading").start_logging(snapshot_directory=None)
        monkeypatch.setenv("AZUREML_RUN_ID", run.id)
        monkeypatch.setenv("AZUREML_WORKSPACE_ID", workspace._nouns.workspace_id)
        yield run
        run.complete()

    def test_a_run_knows_what_it_looked_up_and_what_it_made(self, workspace, sales, run):
        made = sales.register(workspace, "made in a run")

        for _ in range(2):
            Dataset.get_by_name(workspace, "made in a run")
        Dataset.get_by_id(workspace, made.id)

        details = run.get_details()
        [read] = details["inputDatasets"]
        assert read["dataset"].name == "made in a run"
        assert read["consumptionDetails"]["type"] == "Reference"
        uses = [one.direction for one in workspace._nouns.datasets.uses(made.id)]
        assert uses.count("input") == 1
        assert workspace._nouns.datasets.get(made.id).run_id == run.id


class TestWriting:
    def test_a_frame_becomes_a_registered_table(self, workspace, store, capsys):
        frame = pd.DataFrame(
            {"a.b": [1, 2], "c": ["x", "y"], "d": pd.to_datetime(["2020-01-01"] * 2)}
        )

        table = Dataset.Tabular.register_pandas_dataframe(
            frame, (store, "frames"), "frame", description="made", tags={"k": "v"}
        )

        assert (table.name, table.version, table.tags) == ("frame", 1, {"k": "v"})
        found = Dataset.get_by_name(workspace, "frame").to_pandas_dataframe()
        assert found["a_b"].tolist() == [1, 2]
        assert found["d"][0] == pd.Timestamp("2020-01-01")
        assert "Successfully created and registered a new dataset." in capsys.readouterr().out
        again = Dataset.Tabular.register_pandas_dataframe(
            frame, store, "frame", show_progress=False
        )
        assert again.version == 2

    def test_frames_that_no_dataset_can_be_are_refused(self, store):
        with pytest.raises(UserErrorException, match="column `a`"):
            Dataset.Tabular.register_pandas_dataframe(
                pd.DataFrame({"a": [[1], [2]]}), store, "x", show_progress=False
            )
        with pytest.raises(UserErrorException, match="pandas DataFrame"):
            Dataset.Tabular.register_pandas_dataframe([1], store, "x", show_progress=False)

    def test_partitions_are_written_and_read_back(self, workspace, store, sales):
        years = sales.filter(~sales["name"].is_null())
        done = years.partition_by(["sold", "day"], (store, "parts"), "parted", show_progress=False)

        assert done.partition_keys == ["sold", "day"]
        frame = Dataset.get_by_name(workspace, "parted").to_pandas_dataframe()
        assert sorted(frame["id"].tolist()) == [1, 2, 3, 5]
        assert frame["day"].min() == pd.Timestamp("2020-01-02")
        values = done.get_partition_key_values(["sold"])
        assert sorted(one["sold"] for one in values) == ["False", "True"]
        files = years.partition_by(
            "sold", (store, "parts"), show_progress=False, partition_as_file_dataset=True
        )
        assert isinstance(files, FileDataset)
        assert files.partition_keys == ["sold"]

    def test_partitions_that_cannot_be_are_refused(self, store, sales):
        with pytest.raises(UserErrorException, match="cannot be empty"):
            sales.partition_by([], store, show_progress=False)
        with pytest.raises(UserErrorException, match=r"\['none'\] are invalid partition keys"):
            sales.partition_by(["none"], store, show_progress=False)
        with pytest.raises(UserErrorException, match="duplicates"):
            sales.partition_by(["id", "id"], store, show_progress=False)
        with pytest.raises(UserErrorException, match=r"without value[^$]*is_null"):
            sales.partition_by("name", store, show_progress=False)
        with pytest.raises(UserErrorException, match=r"`1\.5`"):
            sales.take(1).partition_by("price", store, show_progress=False)

    def test_records_as_files(self, workspace, sales):
        for files in (sales.to_csv_files(), sales.to_parquet_files()):
            assert isinstance(files, FileDataset)
            assert len(files.to_path()) == 1
        registered = sales.to_csv_files().register(workspace, "as files")
        path = registered.download()[0]
        assert pd.read_csv(path)["id"].tolist() == [1, 2, 3, 4, 5]


class TestProfile:
    def test_columns_are_measured(self, sales):
        profile = sales.get_profile()

        assert profile.row_count == 5
        assert profile.columns["id"].mean == 3
        assert profile.columns["price"].missing_count == 1

    def test_a_run_measures_and_is_found_again(self, workspace, sales):
        table = sales.register(workspace, "measured")
        run = table.submit_profile_run("local", Experiment(workspace, "profiles"))
        run.wait_for_completion()

        profile = table.get_profile()
        assert profile.get_producing_run().id == run.id
        assert profile.columns["id"].max == 5
        assert [one.id for one in table.get_profile_runs()] == [run.id]
        assert profile.is_stale() is False

        later = table.submit_profile_run("local", Experiment(workspace, "profiles"))
        assert run.get_profile().get_producing_run().id == run.id
        assert table.get_profile().get_producing_run().id == later.id
