"""Logging in and out of the studio, and what the pages are made of besides HTML."""

from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import parse_qs, quote, urlencode

from litestar import Request, Response, get, post
from litestar.params import Parameter, QueryParameter
from zaffre_sdk.wire.server import StudioLinkOut

from zaffre.domain.access import Permission, Principal
from zaffre.domain.errors import UnauthenticatedError
from zaffre.protocols.http.authentication import Authenticator
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.cookies import is_secure, set_cookie
from zaffre.protocols.http.streaming import small_body
from zaffre.protocols.studio.pages import render
from zaffre.protocols.studio.sessions import Sessions

HOME = "/studio"
MAX_PAGE = 2000
_MAX_FORM = 16 * 1024
_SEE_OTHER = 303
_UNAUTHORIZED = 401


def inside(path: str) -> str:
    """Return `path` if it is a page of the studio, else its home: nobody is sent elsewhere."""
    plain = path.startswith(f"{HOME}/") and "\\" not in path and "//" not in path
    return path if plain and path.isprintable() else HOME


@get("/login", permission=Permission.PUBLIC, include_in_schema=False)
async def login_page(
    request: Request[Any, Any, Any],
    call: Call,
    code: Annotated[str, Parameter(max_length=200)] = "",
    next_page: Annotated[str, QueryParameter(name="next", max_length=MAX_PAGE)] = HOME,
) -> Response[str]:
    """Show the form, or let a one-time code in."""
    sessions: Sessions = request.app.state.studio_sessions
    cookie = sessions.redeem(code) if code else None
    if cookie:
        return _enter(cookie, next_page, secure=_is_secure(request, call))
    shown = {"failed": bool(code), "next": inside(next_page), "caller": None}
    return render(request, "login.html", shown)


@post("/login", permission=Permission.PUBLIC, include_in_schema=False)
async def login(request: Request[Any, Any, Any], call: Call) -> Response[str]:
    """Let in whoever knows a token."""
    form = parse_qs((await small_body(request, limit=_MAX_FORM)).decode("utf-8", "replace"))
    token, next_page = (form.get(name, [""])[0] for name in ("token", "next"))
    authenticator: Authenticator = request.app.state.authenticator
    try:
        bearer = f"Bearer {token}".encode()
        caller = await authenticator.principal_of([(b"authorization", bearer)])
        _refuse_runs(caller)
    except UnauthenticatedError:
        shown = {"failed": True, "next": inside(next_page), "caller": None}
        page = render(request, "login.html", shown)
        page.status_code = _UNAUTHORIZED
        return page
    cookie = request.app.state.studio_sessions.open(caller)
    return _enter(cookie, next_page, secure=_is_secure(request, call))


def _refuse_runs(caller: Principal) -> None:
    """Refuse the token of a run: it dies with its run, which a session would outlive.

    Raises:
        UnauthenticatedError: `Unauthenticated`.
    """
    if caller.run_id is not None:
        raise UnauthenticatedError("Unauthenticated", "The token of a run opens no session.")


@post("/logout", permission=Permission.WORKSPACES_READ, include_in_schema=False)
async def logout(request: Request[Any, Any, Any]) -> Response[str]:
    """End the session."""
    request.app.state.studio_sessions.close(request.headers.get("cookie", ""))
    headers = {"set-cookie": set_cookie("", path=HOME, seconds=0), "location": f"{HOME}/login"}
    return Response("", status_code=_SEE_OTHER, headers=headers, media_type="text/html")


@get("/static/studio.css", permission=Permission.PUBLIC, include_in_schema=False)
async def style() -> Response[bytes]:
    """Send the style of the pages."""
    return _static("studio.css", "text/css")


@get("/static/studio.js", permission=Permission.PUBLIC, include_in_schema=False)
async def script() -> Response[bytes]:
    """Send the script of the pages."""
    return _static("studio.js", "text/javascript")


@post("/links", permission=Permission.SERVER_MANAGE)
async def offer_link(
    request: Request[Any, Any, Any],
    call: Call,
    page: Annotated[str, Parameter(max_length=MAX_PAGE)] = HOME,
) -> StudioLinkOut:
    """Return a link that logs one browser in, once, within five minutes."""
    code = request.app.state.studio_sessions.offer_code(call.caller)
    query = urlencode({"code": code, "next": inside(page)})
    return StudioLinkOut(url=f"{call.house.url}{HOME}/login?{query}")


def _static(name: str, media_type: str) -> Response[bytes]:
    content = files("zaffre.protocols.studio").joinpath("static", name).read_bytes()
    headers = {"cache-control": "max-age=300"}
    return Response(content, media_type=media_type, headers=headers)


def _is_secure(request: Request[Any, Any, Any], call: Call) -> bool:
    return is_secure(call.house.url, request.headers.get("host", ""))


def _enter(cookie: str, next_page: str, *, secure: bool) -> Response[str]:
    # Whatever stands in a header is ASCII; what was written in percents already stays so.
    location = quote(inside(next_page), safe="/%?&=:@!$'()*+,;~")
    headers = {"set-cookie": set_cookie(cookie, path=HOME, secure=secure), "location": location}
    return Response("", status_code=_SEE_OTHER, headers=headers, media_type="text/html")
