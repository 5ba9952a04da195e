"""Many rows in one statement, and one parameter for many values: what the hot path needs of PostgreSQL.

PostgreSQL gets each column as one array and unfolds it: a statement for each row, or a parameter for each value, costs
several times as much on both sides. SQLite, in the same process, is served as well by plain statements.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from cloud.db import Transaction

Row = Mapping[str, Any]


def put_many(
    tx: Transaction,
    table: sa.Table,
    rows: Sequence[Row],
    *,
    keys: Sequence[str] = (),
    change: Callable[[Any], dict[str, Any]] = lambda _new: {},
) -> None:
    """Inserts rows that name the same columns, in their order. keys: what makes two rows the same; such a one becomes
    `change(new)`, where `new` has the columns of the row that came. No two of `rows` may have the same keys.
    """
    if not rows:
        return
    statement: Any
    if tx.sqlite:
        statement = sqlite.insert(table)
    else:
        dialect = tx.session.get_bind().dialect
        unfolded = [
            sa.func.unnest(_array(table.c[name], [row[name] for row in rows], dialect)).label(name) for name in rows[0]
        ]
        statement = postgresql.insert(table).from_select(list(rows[0]), sa.select(*unfolded))
    if keys:
        statement = statement.on_conflict_do_update(index_elements=list(keys), set_=change(statement.excluded))
    tx.session.execute(statement, list(rows) if tx.sqlite else None)


def append_many(tx: Transaction, table: sa.Table, rows: Sequence[Row]) -> None:
    """Inserts rows that name the same columns, in their order, into a table where nothing can be in their way."""
    if not rows:
        return
    if tx.sqlite:
        tx.session.execute(sa.insert(table), list(rows))
        return
    names = list(rows[0])
    dialect = tx.session.get_bind().dialect
    preparer = dialect.identifier_preparer
    columns = ", ".join(preparer.quote(name) for name in names)
    forms = [_form(table.c[name], dialect) for name in names]
    pairs = list(zip(names, forms, strict=True))
    driver: Any = tx.session.connection().connection.driver_connection
    statement = f"COPY {preparer.format_table(table)} ({columns}) FROM STDIN"
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            write = copy.write_row
            for row in rows:
                write([row[name] if form is None else form(row[name]) for name, form in pairs])
    except psycopg.Error as error:
        # As SQLAlchemy would raise it: who decides on a second try knows its errors.
        gone = driver.closed or driver.broken
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=gone, dialect=dialect
        ) from error


def _form(column: Any, dialect: Any) -> Callable[[Any], Any] | None:
    """What makes a value of ours one of the driver's; None when it is one already."""
    own = column.type.dialect_impl(dialect)
    form: Callable[[Any], Any] | None = None if isinstance(own, sa.LargeBinary) else own.bind_processor(dialect)
    return form


def among(tx: Transaction, column: Any, values: Sequence[str]) -> Any:
    """The condition that `column` is one of `values`, of which there is at least one."""
    if tx.sqlite:
        return column.in_(values)
    return column == sa.any_(_array(column, values, tx.session.get_bind().dialect))


def _array(column: Any, values: Sequence[Any], dialect: Any) -> Any:
    """The values as one parameter of the column's type."""
    process = _form(column, dialect)
    literal = array_literal(values if process is None else [process(value) for value in values])
    # Without a type of its own the parameter is an array from the start: the planner then sees its values.
    return sa.cast(sa.bindparam(None, literal, type_=sa.types.NullType()), postgresql.ARRAY(column.type))


def array_literal(values: Sequence[Any]) -> str:
    """An array as PostgreSQL reads it from text (section 8.15.2 of its manual)."""
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: Any) -> str:
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    if isinstance(value, datetime):
        return f'"{value.isoformat()}"'
    return str(value)  # numbers and booleans, which PostgreSQL reads as Python writes them
