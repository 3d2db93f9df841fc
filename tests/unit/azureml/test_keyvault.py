"""The vault of a workspace, as far as no server is asked."""

from types import SimpleNamespace

import pytest
from azureml.core import Keyvault
from azureml.core._errors import guarded
from azureml.exceptions import AuthenticationException, UserErrorException
from zaffre_sdk.client.secrets import Secrets
from zaffre_sdk.errors import ForbiddenError


class Refusing(Secrets):
    def get(self, name):
        raise ForbiddenError("Forbidden", f"not {name}", status=403)


def test_several_secrets_are_refused_in_the_words_of_v1(monkeypatch):
    nouns = SimpleNamespace(secrets=guarded(Refusing(None, ""), UserErrorException))
    monkeypatch.setattr("azureml.core.keyvault.nouns_of", lambda _workspace: nouns)
    with pytest.raises(AuthenticationException, match="not a"):
        Keyvault(None).get_secrets(["a"])
