"""Many rows in one statement, and one parameter for many values: what the hot path needs of the databases.

PostgreSQL gets each column as one array and unfolds it, or rows by COPY: a statement for each row, or a parameter for
each value, costs several times as much on both sides. SQLite, in the same process, takes the rows one by one. The
statements are written here, once for each table and what is asked of it: to build and compile the same one for every
batch costs more than to run it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError

from cloud.db import JsonText, Transaction, UtcDateTime
from cloud.record.columns import array_literal, copy_rows

Row = Mapping[str, Any]
Form = Callable[[Any], Any]
_JSON: Final = msgspec.json.Encoder()


def put_many(
    tx: Transaction,
    table: sa.Table,
    rows: Sequence[Row],
    *,
    keys: Sequence[str] = (),
    replaced: Sequence[str] = (),
    added: Sequence[str] = (),
) -> None:
    """Inserts rows that name the same columns, in their order. keys: what makes two rows the same; such a one takes the
    columns `replaced` from the row that came, and adds those `added` to its own. No two of `rows` may have the same
    keys.
    """
    if not rows:
        return
    connection = tx.session.connection()
    names = tuple(rows[0])
    columns = _columns(table, names, rows, connection.dialect)
    statement = _insert(table, names, connection.dialect) + _on_conflict(table.name, keys, replaced, added)
    if tx.sqlite:
        connection.exec_driver_sql(statement, list(zip(*columns, strict=True)))
    else:
        connection.exec_driver_sql(statement, tuple(map(array_literal, columns)))


def append_many(tx: Transaction, table: sa.Table, rows: Sequence[Row]) -> None:
    """Inserts rows that name the same columns, in their order, into a table where nothing can be in their way."""
    if not rows:
        return
    if tx.sqlite:
        put_many(tx, table, rows)
        return
    dialect = tx.session.get_bind().dialect
    names = tuple(rows[0])
    content = copy_rows(_columns(table, names, rows, dialect))
    driver: Any = tx.session.connection().connection.driver_connection
    statement = f'COPY "{table.name}" ({_quoted(names)}) FROM STDIN'
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(content)
    except psycopg.Error as error:
        # As SQLAlchemy would raise it: who decides on a second try knows its errors.
        gone = driver.closed or driver.broken
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=gone, dialect=dialect
        ) from error


def among(tx: Transaction, column: Any, values: Sequence[Any]) -> Any:
    """The condition that `column` is one of `values`, of which there is at least one."""
    if tx.sqlite:
        return column.in_(values)
    return column == sa.any_(_array(column, values))


def those(tx: Transaction, columns: Sequence[Any], rows: Sequence[Sequence[Any]]) -> Any:
    """The condition that `columns` together are one of `rows`, of which there is at least one."""
    if tx.sqlite:
        return sa.tuple_(*columns).in_(rows)
    values = zip(*rows, strict=True)
    unfolded = [sa.func.unnest(_array(column, list(own))) for column, own in zip(columns, values, strict=True)]
    return sa.tuple_(*columns).in_(sa.select(*unfolded))


def _array(column: Any, values: Sequence[Any]) -> Any:
    """Values that PostgreSQL takes as they are, as one parameter of the column's type."""
    # Without a type of its own the parameter is an array from the start: the planner then sees its values.
    literal = sa.bindparam(None, array_literal(values), type_=sa.types.NullType())
    return sa.cast(literal, postgresql.ARRAY(column.type))


def rows_of(tx: Transaction, table: sa.Table, names: tuple[str, ...], key: str, values: Sequence[str]) -> list[Any]:
    """The columns `names` of the rows whose `key` is one of `values`, each value as the driver gives it: who reads many
    rows knows their forms, and makes of each value what is needed of it, once.
    """
    if not values:
        return []
    connection = tx.session.connection()
    wanted = msgspec.json.encode(values).decode() if tx.sqlite else array_literal(values)
    return list(connection.exec_driver_sql(_select(table, names, key, connection.dialect), (wanted,)))


# --- the statements ---


@lru_cache(maxsize=256)
def _select(table: sa.Table, names: tuple[str, ...], key: str, dialect: Dialect) -> str:
    start = f'SELECT {_quoted(names)} FROM "{table.name}" WHERE "{key}"'  # noqa: S608 - names of our own tables
    if dialect.name == "sqlite":
        return f"{start} IN (SELECT value FROM json_each(?))"  # noqa: S608 - see above
    return f"{start} = ANY(CAST(%s AS {_array_of(table.c[key].type, dialect)}[]))"


@lru_cache(maxsize=256)
def _insert(table: sa.Table, names: tuple[str, ...], dialect: Dialect) -> str:
    into = f'INSERT INTO "{table.name}" ({_quoted(names)})'
    if dialect.name == "sqlite":
        return f"{into} VALUES ({', '.join('?' for _ in names)})"
    types = [_array_of(table.c[name].type, dialect) for name in names]
    return f"{into} SELECT {', '.join(f'unnest(CAST(%s AS {kind}[]))' for kind in types)}"


def _array_of(own: Any, dialect: Dialect) -> str:
    """A cast to a text of bounded length cuts what is longer; the column itself refuses it."""
    named = str(own.compile(dialect))
    return "TEXT" if named.startswith("VARCHAR") else named


def _on_conflict(table: str, keys: Sequence[str], replaced: Sequence[str], added: Sequence[str]) -> str:
    if not keys:
        return ""
    changes = [f'"{name}" = excluded."{name}"' for name in replaced]
    changes += [f'"{name}" = "{table}"."{name}" + excluded."{name}"' for name in added]
    return f" ON CONFLICT ({_quoted(keys)}) DO UPDATE SET {', '.join(changes)}"


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


# --- the values ---


def _columns(table: sa.Table, names: Sequence[str], rows: Sequence[Row], dialect: Dialect) -> list[list[Any]]:
    """The rows turned: the values of each column, as the driver or the text of a statement takes them."""
    found = []
    for name in names:
        form = _form(table.c[name], dialect)
        found.append([row[name] for row in rows] if form is None else [form(row[name]) for row in rows])
    return found


@lru_cache(maxsize=1024)
def _form(column: Any, dialect: Dialect) -> Form | None:
    """What makes a value of ours one of the database's; None when it is one already."""
    if isinstance(column.type, JsonText):
        return _json_text
    if isinstance(column.type, UtcDateTime) and dialect.name != "sqlite":
        return None  # written with its zone, and read with it
    own = column.type.dialect_impl(dialect)
    form: Form | None = None if isinstance(own, sa.LargeBinary) else own.bind_processor(dialect)
    return form


def _json_text(value: Any) -> str | None:
    return None if value is None else _JSON.encode(value).decode()
