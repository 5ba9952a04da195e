"""Which permission each operator's call asks for, as the application is put together."""

from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from cloud.compose import PARTS
from cloud.identity.permissions import Permission

Asked = dict[tuple[str, str], tuple[Permission, ...]]
"""By (method, path)."""


def asked() -> Asked:
    """Of every call of every part: none for the public ones."""
    routes = [route for part in PARTS for router in part.routers() for route in router.routes]
    return {
        (method, route.path): tuple(_permissions(route.dependant))
        for route in routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    }


def _permissions(dependant: Dependant) -> Iterator[Permission]:
    found = getattr(dependant.call, "permission", None)
    if isinstance(found, Permission):
        yield found
    for part in dependant.dependencies:
        yield from _permissions(part)
