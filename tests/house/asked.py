"""Which permission each operator's call asks for, as the application is put together."""

from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from cloud.http_app import PARTS
from cloud.identity.permissions import Permission

Asked = dict[tuple[str, str], tuple[Permission, ...]]
"""By (method, path)."""


def asked() -> Asked:
    """Of every call of every part: none for the public ones."""
    return {
        (method, route.path): tuple(_permissions(route.dependant))
        for route in routes()
        for method in sorted(route.methods or ())
    }


def routes() -> list[APIRoute]:
    """Every call of every part."""
    found = [route for part in PARTS for router in part.routers() for route in router.routes]
    return [route for route in found if isinstance(route, APIRoute)]


def permissions_of(route: APIRoute) -> tuple[Permission, ...]:
    """What the call asks for."""
    return tuple(_permissions(route.dependant))


def _permissions(dependant: Dependant) -> Iterator[Permission]:
    found = getattr(dependant.call, "permission", None)
    if isinstance(found, Permission):
        yield found
    for part in dependant.dependencies:
        yield from _permissions(part)
