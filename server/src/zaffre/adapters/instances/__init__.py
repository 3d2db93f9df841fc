"""Instances as JupyterLab processes of this machine."""
