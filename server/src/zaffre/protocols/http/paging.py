"""Query parameters of lists."""

from typing import Annotated, TypeAlias

from litestar.params import QueryParameter

MAX_PAGE = 1000

Limit: TypeAlias = Annotated[
    int, QueryParameter(ge=1, le=MAX_PAGE, description="Length of the page")
]
