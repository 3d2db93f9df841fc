"""Tables as v1 programs make, read, register and divide them, against a real server."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import and_, or_

import pandas as pd
import pytest
from azureml.core import Dataset
from azureml.data import DataType
from azureml.data.abstract_datastore import AbstractDatastore
from azureml.data.dataset_error_handling import (
    DatasetExecutionError,
    DatasetValidationError,
)
from azureml.exceptions import DatasetTimestampMissingError, UserErrorException


@pytest.fixture
def store(workspace):
    return workspace.get_default_datastore()


def put(store, folder, name, text):
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    Dataset.File.upload_directory(
        str(file.parent), (store, folder.name), overwrite=True, show_progress=False
    )
    return store, f"{folder.name}/{file.name}"


def ids(table):
    frame = table.to_pandas_dataframe()
    return frame["id"].tolist() if len(frame) else []


class TestReading:
    def test_types_are_found_and_all_files_are_read(self, sales):
        frame = sales.to_pandas_dataframe()

        assert frame["id"].tolist() == [1, 2, 3, 4, 5]
        assert frame["price"].tolist()[0] == 1.5
        assert pd.isna(frame["price"][1])
        assert frame["sold"].tolist() == [True, False, True, False, True]
        assert frame["day"][4] == pd.Timestamp("2021-06-01")
        assert frame["name"][0] == "ann"
        assert pd.isna(frame["name"][3])

    def test_given_types_count(self, store, tmp_path):
        path = put(store, tmp_path / "typed", "a.csv", 'code,amount\n007,"1,5"\n008,"2,5"\n')
        types = {"code": DataType.to_string(), "amount": DataType.to_float(",")}

        frame = Dataset.Tabular.from_delimited_files(
            path, set_column_types=types
        ).to_pandas_dataframe()

        assert frame["code"].tolist() == ["007", "008"]
        assert frame["amount"].tolist() == [1.5, 2.5]

    def test_without_inference_all_is_text(self, store, tmp_path):
        path = put(store, tmp_path / "texts", "a.csv", "a,b\n1,2\n")
        table = Dataset.Tabular.from_delimited_files(path, infer_column_types=False)

        assert table.to_pandas_dataframe().to_dict("list") == {"a": ["1"], "b": ["2"]}

    def test_separator_header_and_encoding(self, store, tmp_path):
        folder = tmp_path / "odd"
        folder.mkdir()
        (folder / "a.txt").write_bytes("1;Zürich\n2;Köln\n".encode("latin1"))
        Dataset.File.upload_directory(str(folder), (store, "odd"), show_progress=False)

        frame = Dataset.Tabular.from_delimited_files(
            (store, "odd/a.txt"), separator=";", header=False, encoding="latin1"
        ).to_pandas_dataframe()

        assert frame.to_dict("list") == {"Column1": [1, 2], "Column2": ["Zürich", "Köln"]}

    @pytest.mark.usefixtures("sales")
    def test_include_path_and_partition_format(self, store, request):
        target = request.node.name
        frame = Dataset.Tabular.from_delimited_files(
            (store, f"{target}/**/*.csv"),
            include_path=True,
            partition_format=target + "/{year}/{region}.csv",
        ).to_pandas_dataframe()

        assert frame.columns[:3].tolist() == ["Path", "year", "region"]
        assert frame["year"].tolist() == [2020, 2020, 2020, 2021, 2021]
        assert frame["region"].tolist() == ["north", "north", "south", "north", "north"]
        assert frame["Path"][0].endswith(f"{target}/2020/north.csv")

    def test_parquet_and_json_lines(self, store, tmp_path):
        folder = tmp_path / "both"
        folder.mkdir()
        pd.DataFrame({"a": [1, 2], "b": ["x", None]}).to_parquet(folder / "t.parquet")
        (folder / "t.jsonl").write_text('{"a": 1, "b": "x"}\n{"a": 2}\n')
        Dataset.File.upload_directory(str(folder), (store, "both"), show_progress=False)

        for table in (
            Dataset.Tabular.from_parquet_files((store, "both/t.parquet")),
            Dataset.Tabular.from_json_lines_files((store, "both/t.jsonl")),
        ):
            frame = table.to_pandas_dataframe()
            assert frame["a"].tolist() == [1, 2]
            assert frame["b"][0] == "x"
            assert pd.isna(frame["b"][1])

    def test_local_paths_need_no_datastore(self, sales_folder):
        table = Dataset.Tabular.from_delimited_files(str(sales_folder / "2020" / "*.csv"))

        assert ids(table) == [1, 2, 3]
        assert [one["id"] for one in [table.to_pandas_dataframe().iloc[0]]] == [1]

    def test_several_places_of_several_datastores(self, workspace, store, sales_folder):
        other = workspace.datastores["workspacefilestore"]
        Dataset.File.upload_directory(
            str(sales_folder / "2020"), (store, "two"), show_progress=False
        )
        Dataset.File.upload_directory(
            str(sales_folder / "2021"), (other, "two"), show_progress=False
        )

        table = Dataset.Tabular.from_delimited_files(
            [(store, "two/south.csv"), (other, "two"), (store, "two/north.csv")]
        )

        assert ids(table) == [3, 4, 5, 1, 2]


class TestBadInput:
    def test_c73_no_file_names_the_pattern_and_the_datastore(self, store):
        with pytest.raises(DatasetValidationError, match=r"workspaceblobstore.*none/\*\.csv"):
            Dataset.Tabular.from_delimited_files((store, "none/*.csv"))

    def test_c73_said_when_read_without_validation(self, store):
        table = Dataset.Tabular.from_delimited_files(
            (store, "none/*.csv"), validate=False, infer_column_types=False
        )
        with pytest.raises(DatasetExecutionError, match=r"none/\*\.csv"):
            table.to_pandas_dataframe()

    def test_c74_a_bad_cell_names_file_row_and_column(self, store, tmp_path):
        rows = "".join(f"{number}\n" for number in range(300))
        path = put(store, tmp_path / "broken", "a.csv", f"n\n{rows}oops\n")
        table = Dataset.Tabular.from_delimited_files(path)

        assert table.to_pandas_dataframe()["n"].isna().sum() == 1
        with pytest.raises(DatasetExecutionError, match=r"broken/a\.csv.*30[12].*`?n`?"):
            table.to_pandas_dataframe(on_error="fail")

    def test_c74_a_wrong_encoding_names_the_file(self, store, tmp_path):
        folder = tmp_path / "latin"
        folder.mkdir()
        (folder / "a.csv").write_bytes("a\nZürich\n".encode("latin1"))
        Dataset.File.upload_directory(str(folder), (store, "latin"), show_progress=False)

        with pytest.raises(DatasetValidationError, match=r"latin/a\.csv"):
            Dataset.Tabular.from_delimited_files((store, "latin/a.csv"))

    def test_c75_an_unknown_datastore_lists_those_there_are(self, workspace):
        gone = AbstractDatastore(workspace, "nowhere", "AzureBlob")
        with pytest.raises(UserErrorException, match="workspaceblobstore"):
            Dataset.Tabular.from_delimited_files((gone, "a.csv"))

    def test_an_empty_file_has_no_records(self, store, tmp_path):
        path = put(store, tmp_path / "empty", "a.csv", "a,b\n")
        with pytest.raises(DatasetValidationError, match="no records"):
            Dataset.Tabular.from_delimited_files(path)


class TestSteps:
    def test_take_skip_and_both(self, sales):
        assert ids(sales.take(2)) == [1, 2]
        assert ids(sales.skip(3)) == [4, 5]
        assert ids(sales.skip(1).take(2)) == [2, 3]
        assert ids(sales.take(0)) == []

    def test_a_split_divides_and_stays_the_same(self, sales):
        first, second = sales.random_split(0.5, seed=3)

        assert sorted(ids(first) + ids(second)) == [1, 2, 3, 4, 5]
        assert ids(sales.random_split(0.5, seed=3)[0]) == ids(first)

    def test_a_split_without_seed_divides_too(self, sales):
        first, second = sales.random_split(0.5)

        assert sorted(ids(first) + ids(second)) == [1, 2, 3, 4, 5]

    def test_a_sample_stays_the_same(self, sales):
        assert ids(sales.take_sample(0.5, seed=1)) == ids(sales.take_sample(0.5, seed=1))
        assert ids(sales.take_sample(1.0, seed=1)) == [1, 2, 3, 4, 5]

    @pytest.mark.parametrize(
        ("condition", "kept"),
        [
            (lambda t: t["id"] > 3, [4, 5]),
            (lambda t: (t["id"] > 1) & (t["id"] < 4), [2, 3]),
            (lambda t: (t["id"] == 1) | (t["name"] == "eve"), [1, 5]),
            (lambda t: ~(t["id"] <= 3), [4, 5]),
            (lambda t: t["name"] != "bob", [1, 3, 5]),
            (lambda t: t["name"].is_null(), [4]),
            (lambda t: t["name"].starts_with("a"), [1]),
            (lambda t: t["name"].contains("b"), [2]),
            (lambda t: t["price"] * 2 > 6, [3, 4, 5]),
            (lambda t: t["id"] % 2 == 0, [2, 4]),
            (lambda t: t["sold"], [1, 3, 5]),
            (lambda t: t["day"] >= datetime(2021, 1, 1), [4, 5]),  # noqa: DTZ001 - no zone
            (lambda t: t["name"].substring(0, 1) == "c", [3]),
            (lambda t: t["name"].length() == 3, [1, 2, 3, 5]),
        ],
    )
    def test_filters(self, sales, condition, kept):
        assert ids(sales.filter(condition(sales))) == kept

    @pytest.mark.parametrize("join", [or_, and_])
    def test_hundreds_of_conditions_are_kept_and_read(self, workspace, sales, join):
        wanted = sales["id"] == 3 if join is or_ else sales["id"] != 3
        others = [sales["id"] != -n if join is and_ else sales["id"] == -n for n in range(499)]
        name = f"hundreds of {join.__name__}"
        sales.filter(reduce(join, [*others, wanted])).register(workspace, name)

        kept = Dataset.get_by_name(workspace, name)
        assert ids(kept) == ([3] if join is or_ else [1, 2, 4, 5])

    def test_columns_keep_the_order_they_have(self, sales):
        assert sales.keep_columns(["name", "id"]).to_pandas_dataframe().columns.tolist() == [
            "id",
            "name",
        ]
        assert sales.drop_columns("day").to_pandas_dataframe().columns.tolist() == [
            "id",
            "name",
            "price",
            "sold",
        ]
        with pytest.raises(DatasetValidationError, match=r"\['none'\].*\n.*id, name"):
            sales.keep_columns(["id", "none"], validate=True)

    def test_steps_follow_one_another(self, sales):
        table = sales.filter(sales["id"] > 1).take(2).keep_columns(["id"])

        assert table.to_pandas_dataframe().to_dict("list") == {"id": [2, 3]}


class TestTimes:
    def test_records_of_a_time(self, sales):
        timed = sales.with_timestamp_columns("day")
        new_year = datetime(2021, 1, 1)  # noqa: DTZ001 - tables have times without zone

        assert timed.timestamp_columns == ("day", None)
        assert ids(timed.time_after(new_year)) == [4, 5]
        assert ids(timed.time_after(new_year, include_boundary=False)) == [5]
        assert ids(timed.time_before(new_year)) == [1, 2, 3, 4]
        assert ids(timed.time_between(datetime(2020, 1, 3), new_year)) == [2, 3, 4]  # noqa: DTZ001
        assert ids(timed.time_after(new_year.replace(tzinfo=UTC))) == [4, 5]
        assert ids(timed.time_recent(timedelta(days=1))) == []
        assert timed.to_pandas_dataframe().index[0] == pd.Timestamp("2020-01-02")

    def test_times_without_a_column_are_refused(self, sales):
        with pytest.raises(DatasetTimestampMissingError, match="time_before"):
            sales.time_before(datetime(2021, 1, 1))  # noqa: DTZ001 - no zone
        with pytest.raises(UserErrorException, match="only if timestamp"):
            sales.with_timestamp_columns(partition_timestamp="day")
        with pytest.raises(UserErrorException, match="cannot be the same"):
            sales.with_timestamp_columns("day", "day")
        with pytest.raises(DatasetValidationError, match=r"\['none'\]"):
            sales.with_timestamp_columns("none", validate=True)
        with pytest.raises(DatasetValidationError, match="DATE"):
            sales.with_timestamp_columns("name").time_before(datetime(2021, 1, 1))  # noqa: DTZ001

    def test_a_dropped_column_is_no_time(self, sales):
        timed = sales.with_timestamp_columns("day")

        assert timed.drop_columns("day").timestamp_columns == (None, None)
        assert timed.keep_columns(["id"]).timestamp_columns == (None, None)
        assert timed.keep_columns(["day"]).timestamp_columns == ("day", None)
