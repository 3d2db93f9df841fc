import argparse

from azureml.core import Run
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--regularization", type=float, default=0.01)
parser.add_argument("--input-data", help="the id of the dataset; its name does as well")
args = parser.parse_args()

run = Run.get_context()
patients = run.input_datasets["training_data"].to_pandas_dataframe().dropna()
print(len(patients), "patients of the dataset", args.input_data)

features = patients[["glucose", "pressure", "bmi", "age"]].to_numpy()
labels = patients["diabetic"].to_numpy()
seen, unseen, known, asked = train_test_split(features, labels, test_size=0.3, random_state=0)
model = LogisticRegression(C=1 / args.regularization, solver="liblinear").fit(seen, known)
run.log("regularization", args.regularization)
run.log("accuracy", float(model.score(unseen, asked)))
