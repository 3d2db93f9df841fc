"""The error of compute targets, under the module where v1 programs find it."""

from azureml.exceptions import ComputeTargetException

__all__ = ["ComputeTargetException"]
