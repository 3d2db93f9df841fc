"""Clusters that are made for runs which name a size."""

from types import SimpleNamespace

import pytest
from azureml.core import _sized_clusters
from azureml.core.runconfig import RunConfiguration
from azureml.exceptions import ComputeTargetException


class Computes:
    def __init__(self, code):
        self.code, self.made = code, []

    def get(self, name):
        raise ComputeTargetException(f"no {name}", code=self.code)

    def create(self, order):
        self.made.append(order)
        return order


@pytest.fixture
def asked():
    run_config = RunConfiguration()
    run_config.amlcompute.vm_size = "STANDARD_D2_V2"
    return run_config


def test_a_cluster_is_made_only_where_there_is_none(asked, monkeypatch):
    computes = Computes("ComputeNotFound")
    monkeypatch.setattr(_sized_clusters, "nouns_of", lambda _: SimpleNamespace(computes=computes))
    assert _sized_clusters.cluster_for(None, asked) == "aml-d2-v2"
    assert [one.vm_size for one in computes.made] == ["STANDARD_D2_V2"]
    computes.code = "Forbidden"
    with pytest.raises(ComputeTargetException, match="no aml-d2-v2"):
        _sized_clusters.cluster_for(None, asked)
    assert len(computes.made) == 1
