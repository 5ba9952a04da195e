"""How Alembic reaches the database: through the connection that `cloud.schema` hands it."""

from typing import Any, Literal

import sqlmodel
from alembic import context

from cloud.db import JsonText, UtcDateTime
from cloud.tables import metadata


def render(kind: str, item: Any, _autogen: object) -> str | Literal[False]:
    """Our own types by their names, SQLModel's strings as plain ones."""
    if kind == "type" and isinstance(item, UtcDateTime | JsonText):
        return f"{type(item).__name__}()"
    if kind == "type" and isinstance(item, sqlmodel.AutoString):
        return f"sa.String({item.length or ''})"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=render,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
