"""What every HTTP door shares: security, authentication, strict bodies, errors, streaming.

How a handler looks; every route declares its permission, or the server does not start:

    @post("/workspaces/{workspace:str}/runs", permission=Permission.RUNS_SUBMIT)
    async def submit(call: Call, workspace: str, data: RunIn) -> RunOut:
        return await call.write_once(
            RunOut, lambda s: from_run(s.runs.submit(call.caller, workspace, to_spec(data)))
        )

- `call: Call` is the one dependency: caller, `read`, `write`, `write_once`, blobs, logs, changes.
- `data: Shape` is the strictly parsed body; `msgpack=True` on a route admits MessagePack too.
- `limit: Limit = 100` (`paging`); a query parameter named `state` needs another Python name, since
  Litestar keeps that one: `states: Annotated[list[str] | None, QueryParameter(name="state")]`.
- Raw bodies (`streaming`): take `request: Request` and read `raw_body(request)`; a blob is
  answered by `blob_answer(call, request, RawFile(digest, name))`.
- `{path:path}` comes with a slash in front: `relative(path)` takes it away and checks the rest.
"""
