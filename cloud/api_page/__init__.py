"""The API page under `/docs`: shows `/openapi.json` to people, from files of our own and from nowhere else."""

from pathlib import Path

from starlette.routing import BaseRoute

from mobile_menu.web_files import WebFiles, read_files, routes_of

SCOPE = "/docs"


def pages() -> list[BaseRoute]:
    """The routes of the page."""
    return routes_of(SCOPE, WebFiles(read_files(Path(__file__).parent)))
