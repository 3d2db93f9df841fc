"""Queries of databases over HTTP."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from litestar import post
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.datastores import QueryIn

from zaffre.domain.access import Permission
from zaffre.domain.errors import ZaffreError
from zaffre.domain.queries import check_query
from zaffre.protocols.http.call import Call

ARROW: Final = "application/vnd.apache.arrow.stream"
_log: Final = logging.getLogger(__name__)


@post(
    "/workspaces/{workspace:str}/datastores/{name:str}/query",
    permission=Permission.DATA_QUERY,
    status_code=200,
)
async def query_datastore(call: Call, workspace: str, name: str, data: QueryIn) -> Stream:
    """Ask a SQL datastore; the answer is a stream of Arrow record batches.

    It is whole when the stream has its end. What fails in the middle is told in the metadata of
    the last batch, and the connection breaks behind it.
    """
    query = check_query(data.query, timeout_seconds=data.timeout_seconds, limit=data.limit)
    datastore, credential = await call.read(
        lambda s: s.datastores.with_credential(workspace, name, caller=call.caller)
    )
    pieces = call.house.queries.run(datastore, credential, query=query)
    # What fails before the first piece has a status of its own.
    first = await anext(pieces)
    return Stream(_all(first, pieces), media_type=ARROW)


async def _all(first: bytes, others: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    # A client that leaves takes the query with it.
    async with aclosing(others):
        yield first
        try:
            async for piece in others:
                yield piece
        except ZaffreError as error:
            # Too late for a status; whoever cuts the connection does not know why.
            _log.info("A query failed in the middle of its answer: %s", error.message)
            raise


ROUTES: Final[list[ControllerRouterHandler]] = [query_datastore]
