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
from cloud.record.columns import AsJson, Column, array_literal, copy_rows, is_constant, json_texts, utc_texts

Row = Mapping[str, Any]
Columns = Mapping[str, Sequence[Any]]
"""Values by column, all in the order of the rows."""
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
    if rows:
        put_columns(tx, table, turned(rows), keys=keys, replaced=replaced, added=added)


def put_columns(
    tx: Transaction,
    table: sa.Table,
    columns: Columns,
    *,
    keys: Sequence[str] = (),
    replaced: Sequence[str] = (),
    added: Sequence[str] = (),
) -> None:
    """The same of rows that are there as columns: at least one row, and as many values of each column."""
    connection = tx.session.connection()
    formed = _formed(table, columns, connection.dialect)
    statement = _insert(table, tuple(columns), connection.dialect) + _on_conflict(table.name, keys, replaced, added)
    if tx.sqlite:
        connection.exec_driver_sql(statement, list(zip(*formed.values(), strict=True)))
    else:
        connection.exec_driver_sql(statement, tuple(map(array_literal, formed.values())))


def append_many(tx: Transaction, table: sa.Table, rows: Sequence[Row]) -> None:
    """Inserts rows that name the same columns, in their order, into a table where nothing can be in their way."""
    if rows:
        append_columns(tx, table, turned(rows))


def append_columns(tx: Transaction, table: sa.Table, columns: Columns) -> None:
    """The same of rows that are there as columns: at least one row, and as many values of each column."""
    if tx.sqlite:
        put_columns(tx, table, columns)
        return
    dialect = tx.session.get_bind().dialect
    formed = _formed(table, columns, dialect)
    names = sorted(formed, key=lambda name: is_constant(formed[name]))  # at the end they cost nothing for a row
    content = copy_rows([formed[name] for name in names])
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
        listed = _listed(_on_sqlite(tx, column, values))
        return column.in_(sa.select(listed.c.value))
    return column == sa.any_(_array(column, values))


def those(tx: Transaction, columns: Sequence[Any], rows: Sequence[Sequence[Any]]) -> Any:
    """The condition that `columns` together are one of `rows`, of which there is at least one."""
    values = zip(*rows, strict=True)
    if tx.sqlite:
        formed = [_on_sqlite(tx, column, list(own)) for column, own in zip(columns, values, strict=True)]
        listed = _listed(list(zip(*formed, strict=True)))
        parts = [sa.func.json_extract(listed.c.value, sa.literal_column(f"'$[{at}]'")) for at in range(len(columns))]
        return sa.tuple_(*columns).in_(sa.select(*parts))
    unfolded = [sa.func.unnest(_array(column, list(own))) for column, own in zip(columns, values, strict=True)]
    return sa.tuple_(*columns).in_(sa.select(*unfolded))


def _listed(values: Sequence[Any]) -> Any:
    """Values for SQLite as one parameter: a parameter for each costs more than to look each up."""
    text = sa.bindparam(None, _JSON.encode(values).decode(), type_=sa.types.Text())
    return sa.func.json_each(text).table_valued("value")


def _on_sqlite(tx: Transaction, column: Any, values: Sequence[Any]) -> Column:
    return _column(column, values, tx.session.get_bind().dialect)


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
    return asked(tx, _select(table, names, key, tx.session.get_bind().dialect), values)


def asked(tx: Transaction, statement: str, values: Sequence[str]) -> list[Any]:
    """What a statement in the database's own words finds for these values, as the driver gives it. It has one place for
    all of them: `%s`, an array, or SQLite's `?`, JSON. Who asks the same for every batch writes it once: SQLAlchemy
    needs longer to build and to know it again than PostgreSQL to answer.
    """
    wanted = _JSON.encode(values).decode() if tx.sqlite else array_literal(values)
    found = tx.session.connection().exec_driver_sql(statement, (wanted,))
    return list(found.all())  # at once: one by one, each row would be asked for by itself


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


def turned(rows: Sequence[Row]) -> Columns:
    """The columns of these rows."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def _formed(table: sa.Table, columns: Columns, dialect: Dialect) -> dict[str, Column]:
    """The columns as the driver, or the text of a statement, takes their values."""
    return {name: _column(table.c[name], values, dialect) for name, values in columns.items()}


def _column(column: Any, values: Sequence[Any], dialect: Dialect) -> Column:
    on_sqlite = dialect.name == "sqlite"
    if isinstance(column.type, JsonText):
        return json_texts(values) if on_sqlite else AsJson(values)
    if isinstance(column.type, UtcDateTime):
        return utc_texts(values) if on_sqlite else values  # written with its zone, and read with it
    form = _form(column, dialect)
    return values if form is None else list(map(form, values))


@lru_cache(maxsize=1024)
def _form(column: Any, dialect: Dialect) -> Form | None:
    """What makes a value of ours one of the database's; None when it is one already."""
    own = column.type.dialect_impl(dialect)
    form: Form | None = None if isinstance(own, sa.LargeBinary) else own.bind_processor(dialect)
    return form
