"""Query parameters of lists."""

from typing import Annotated, TypeAlias

from litestar.params import Parameter

MAX_PAGE = 1000

Limit: TypeAlias = Annotated[int, Parameter(ge=1, le=MAX_PAGE, description="Length of the page")]
