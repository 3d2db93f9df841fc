"""A namespace that genuine azureml packages can share with ours."""

__path__ = __import__("pkgutil").extend_path(__path__, __name__)
