import argparse
from pathlib import Path

from azureml.core import Run

parser = argparse.ArgumentParser()
parser.add_argument("--folder", type=Path)
folder = parser.parse_args().folder

files = sorted(path for path in folder.rglob("*") if path.is_file())
for path in files:
    print(path.relative_to(folder), path.stat().st_size)
Run.get_context().log("files", len(files))
