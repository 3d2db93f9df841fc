"""The routes of the studio."""

from litestar import Router

from zaffre.protocols.studio import compute_pages, data_pages, entrance, pages


def create_router() -> Router:
    """Return the pages under `/studio`."""
    return Router(
        "/studio",
        route_handlers=[
            entrance.login_page,
            entrance.login,
            entrance.logout,
            entrance.style,
            entrance.script,
            entrance.offer_link,
            pages.home,
            pages.named_workspace,
            pages.workspace_page,
            pages.experiment_page,
            pages.run_page,
            pages.run_log,
            pages.run_file,
            data_pages.data_page,
            data_pages.dataset_page,
            compute_pages.computes_page,
            compute_pages.compute_page,
            compute_pages.open_instance,
            pages.models_page,
            pages.endpoints_page,
        ],
    )
