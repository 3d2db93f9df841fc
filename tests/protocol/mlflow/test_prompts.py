import pytest
from protocol.mlflow.conftest import Mlflow
from zaffre.domain.access import OWNER, Principal
from zaffre.domain.errors import ConflictError
from zaffre.services.models import ModelFilter, NewModel

ME = Principal(name="owner", permissions=OWNER)
RM, MV = "registered-models", "model-versions"
PROMPT = {"key": "mlflow.prompt.is_prompt", "value": "true"}
BAD = (400, "INVALID_PARAMETER_VALUE")


def version(text: str = "Hello", source: str = "dummy-source", name: str = "p"):
    tags = [PROMPT, {"key": "mlflow.prompt.text", "value": text}]
    return {"name": name, "source": source, "tags": tags}


@pytest.fixture
def prompt(mlflow: Mlflow) -> None:
    mlflow.done("POST", f"{RM}/create", {"name": "p", "tags": [PROMPT]})


@pytest.mark.usefixtures("prompt")
class TestPrompts:
    @pytest.mark.parametrize("source", ["dummy-source", "prompt-template"])
    def test_a_version_of_a_prompt(self, mlflow: Mlflow, source: str):
        made = mlflow.done("POST", f"{MV}/create", version("x" * 100_000, source))["model_version"]

        assert (made["version"], made["source"]) == ("1", source)
        assert len(made["tags"][1]["value"]) == 100_000

    def test_searches_keep_prompts_and_models_apart(self, mlflow: Mlflow):
        mlflow.done("POST", f"{RM}/create", {"name": "m"})
        mlflow.done("POST", f"{MV}/create", version())
        asked = "tags.`mlflow.prompt.is_prompt` = 'true'"

        def names(address: str, filter_: str):
            found = mlflow.done("GET", f"{address}/search", {"filter": filter_})
            return [one["name"] for key in found if key != "next_page_token" for one in found[key]]

        assert names(RM, "") == ["m"]
        assert names(RM, asked) == ["p"]
        assert names(RM, f"{asked} AND name LIKE '%p%'") == ["p"]
        assert names(RM, "tags.`mlflow.prompt.is_prompt` != 'true'") == ["m"]
        assert names(MV, "") == []
        assert names(MV, asked) == ["p"]

    def test_v1_does_not_see_them(self, mlflow: Mlflow):
        mlflow.done("POST", f"{MV}/create", version())
        workspace_id = mlflow.use(lambda s: s.workspaces.list(caller=ME))[0].id
        listed = mlflow.use(
            lambda s: s.models.list(workspace_id, ModelFilter(), caller=ME, limit=9)
        )
        assert listed == []
        run_id = mlflow.run(a_txt=b"x")
        new = NewModel(name="p", run_id=run_id, run_path="a.txt")
        with pytest.raises(ConflictError) as caught:
            mlflow.use(lambda s: s.models.register(workspace_id, new, caller=ME))
        assert caught.value.code == "ModelIsPrompt"

    def test_a_prompt_has_no_files_and_a_model_no_text(self, mlflow: Mlflow):
        mlflow.done("POST", f"{RM}/create", {"name": "m"})
        run = f"runs:/{mlflow.run(a_txt=b'x')}/a.txt"
        for body in (
            version(source=run),
            version(name="m"),
            {"name": "p", "source": run},
            {"name": "p", "source": "dummy-source"},
            {"name": "m", "source": "dummy-source"},
            {"name": "m", "source": "models:/p/1"},
        ):
            assert mlflow.refused("POST", f"{MV}/create", body) == BAD, body
