from zaffre_sdk.tracking.given_data import (
    GivenInput,
    given_inputs,
    link_outputs,
    output_folders,
    with_data,
)

INPUTS = [
    GivenInput("table", "direct", "id-1"),
    GivenInput("images", "mount", "/in/images"),
    GivenInput("path", "download", "/in/path"),
    GivenInput("bare", "download", "/in/bare", is_dataset=False),
]


def environment():
    present = {"PATH": "/bin", "HOME": "/home/me"}
    return with_data(present, INPUTS, folders={"out": "/out/out"}, links=["linked"])


def test_scripts_find_what_azure_ml_names():
    found = environment()
    assert found["AZUREML_DATASET_ENVIRONMENT_VARS"] == "table:Direct,images:Mount,path:Download"
    assert (found["table"], found["TABLE"]) == ("id-1", "id-1")
    assert found["AZUREML_DATAREFERENCE_images"] == found["images"] == "/in/images"
    assert found["AZUREML_DATAREFERENCE_bare"] == "/in/bare"
    assert "AZUREML_DATAREFERENCE_table" not in found
    assert found["AZUREML_DATASET_FILE_OUTPUTS"] == "out"
    assert found["AZUREML_LINK_DATASET_OUTPUTS"] == "linked"
    assert found["AZUREML_DATAREFERENCE_out"] == found["out"] == "/out/out"


def test_an_input_named_path_does_not_take_the_path_away():
    assert environment()["PATH"] == "/bin"
    assert GivenInput("path", "download", "/in/path") in given_inputs(environment())


def test_what_was_said_is_read_back():
    assert given_inputs(environment()) == INPUTS[:3]
    assert output_folders(environment()) == {"out": "/out/out"}
    assert link_outputs(environment()) == ["linked"]
    assert (given_inputs({}), output_folders({}), link_outputs({})) == ([], {}, [])
