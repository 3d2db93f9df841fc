import pytest
from zaffre.domain.errors import InvalidError
from zaffre.domain.run_data import (
    DataInput,
    DataOutput,
    InputMode,
    OutputRegistration,
    check_run_data,
)


def test_what_a_run_can_be_given_and_leave():
    check_run_data(
        (
            DataInput(name="a", dataset_id="1"),
            DataInput(name="b", mode=InputMode.MOUNT, dataset_id="1"),
            DataInput(name="c", mode=InputMode.DOWNLOAD, datastore="s", path="x/*.csv"),
            DataInput(name="0d", mode=InputMode.UPLOAD, datastore="s"),
            DataInput(name="e", mode=InputMode.MOUNT, datastore="s", path="/batch/"),
        ),
        (DataOutput(name="f", path="dataset/{run-id}/{output-name}"),),
    )


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (DataInput(name="a"), "dataset_id"),
        (DataInput(name="a", dataset_id="1", datastore="s"), "dataset_id"),
        (DataInput(name="a", datastore="s"), "mode"),
        (DataInput(name="a", mode=InputMode.UPLOAD, dataset_id="1"), "mode"),
        (DataInput(name="a", mode=InputMode.MOUNT, datastore="s", path="../x"), "path"),
        (DataInput(name="a", dataset_id="1", path_on_compute=""), "path_on_compute"),
        (DataInput(name="a", dataset_id="1", path_on_compute="x\0"), "path_on_compute"),
    ],
)
def test_other_inputs_are_refused_by_field(given, field):
    with pytest.raises(InvalidError) as error:
        check_run_data((given,), ())
    assert error.value.target == f"spec.inputs[0].{field}"


@pytest.mark.parametrize(
    ("output", "field"),
    [
        (DataOutput(name="a", path="x/../y"), "path"),
        (DataOutput(name="a", source=""), "source"),
        (DataOutput(name="a", register=OutputRegistration(name="")), "register.name"),
    ],
)
def test_other_outputs_are_refused_by_field(output, field):
    with pytest.raises(InvalidError) as error:
        check_run_data((), (output,))
    assert error.value.target == f"spec.outputs[0].{field}"


@pytest.mark.parametrize("name", ["", "a b", "a-b", "a" * 256])
def test_names_are_words(name):
    with pytest.raises(InvalidError, match="letters, digits"):
        check_run_data((DataInput(name=name, dataset_id="1"),), ())


def test_no_two_have_one_name():
    with pytest.raises(InvalidError, match="`a`") as error:
        check_run_data((DataInput(name="a", dataset_id="1"),), (DataOutput(name="a"),))
    assert error.value.code == "DuplicateName"


def test_there_are_not_too_many():
    many = tuple(DataInput(name=f"i{number}", dataset_id="1") for number in range(1001))
    with pytest.raises(InvalidError, match="1001 inputs"):
        check_run_data(many, ())
