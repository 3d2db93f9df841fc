"""What scoring scripts import to be given whole requests and to answer whole responses."""

from azureml.contrib.services.aml_request import AMLRequest, rawhttp
from azureml.contrib.services.aml_response import AMLResponse

__all__ = ["AMLRequest", "AMLResponse", "rawhttp"]
