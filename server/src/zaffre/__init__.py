"""zaffre: the Azure Machine Learning workspace that you run yourself."""

__version__ = "0.1.0"
