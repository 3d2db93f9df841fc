from zaffre.protocols.http.door import create_litestar
from zaffre.protocols.native.router import create_router

from native.conftest import Api

RAW = (
    *("/artifacts/{path}", "/files/{path}", "/logs/{path}"),
    *("/endpoints/{endpoint}/logs", "/datastores/{name}/query"),
    *("/environment-builds/{build}/log", "/wheels/{name}", "/attempt/files/{digest}"),
)


def test_every_route_is_described_with_its_shapes(api: Api):
    described = create_litestar(api.doors.house, [create_router()]).openapi_schema.to_schema()
    operations = {
        (method, path): operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/api/v1")
    }
    assert len(operations) > 35
    for (method, path), operation in operations.items():
        if method == "delete" or path.endswith(RAW):
            continue
        [answer] = [v for status, v in operation["responses"].items() if status.startswith("2")]
        [content] = answer["content"].values()
        assert content["schema"].get("$ref", "").startswith("#/components/schemas/"), (
            method,
            path,
        )


def test_bodies_are_described(api: Api):
    described = create_litestar(api.doors.house, [create_router()]).openapi_schema.to_schema()
    create = described["paths"]["/api/v1/workspaces/{workspace}/runs"]["post"]
    assert "RunIn" in str(create["requestBody"])
    listing = described["paths"]["/api/v1/workspaces/{workspace}/runs"]["get"]
    names = {parameter["name"] for parameter in listing["parameters"]}
    assert names == {
        "workspace", "experiment", "parent", "below", "top", "state", "tag", "property", "limit",
        "after",
    }  # fmt: skip
