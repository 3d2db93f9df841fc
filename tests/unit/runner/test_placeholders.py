import pytest
from zaffre_sdk.runner.placeholders import filled

VALUES = {"a": "/data/a", "b_1": "id-1", "out": "/out dir"}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("--reg", "--reg"),
        ("$AZUREML_DATAREFERENCE_a", "/data/a"),
        ("${AZUREML_DATAREFERENCE_a}/x.csv", "/data/a/x.csv"),
        ("--in=$AZUREML_DATAREFERENCE_a/x", "--in=/data/a/x"),
        ("DatasetConsumptionConfig:b_1", "id-1"),
        ("DatasetOutputConfig:out", "/out dir"),
        ("$AZUREML_DATAREFERENCE_absent", "$AZUREML_DATAREFERENCE_absent"),
        ("cat $AZUREML_DATAREFERENCE_a > DatasetOutputConfig:out", "cat /data/a > /out dir"),
    ],
)
def test_words_are_filled(word, expected):
    assert filled([word], VALUES) == [expected]
