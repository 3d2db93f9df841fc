"""zaffre: the Azure Machine Learning workspace that you run yourself."""
