"""What an environment prefers because the submitting program has it."""

from importlib.metadata import version

from zaffre_sdk.tracking.installed import preferred_packages


def test_names_bring_what_they_need():
    preferred = preferred_packages(["scikit-learn"])
    assert f"scikit-learn=={version('scikit-learn')}" in preferred
    assert f"numpy=={version('numpy')}" in preferred


def test_versions_channels_and_what_is_absent_do_not_matter():
    odd = ["conda-forge::joblib=1.3", "no-such-package", "", "zaffre-sdk"]
    assert preferred_packages(odd) == preferred_packages(["joblib"])
    assert preferred_packages(["azureml-defaults"]) == []
