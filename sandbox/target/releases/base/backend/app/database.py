"""The connection pool of the application, and a second, tiny one for probes."""
from typing import Optional

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from .settings import settings

POOL_SIZE = 10

# The endpoints only read, one statement at a time: without a transaction each costs one round trip, not three.
# No ping before use either: the first lost connection makes the pool replace all of them.
engine = create_engine(
    settings.sqlalchemy_url,
    pool_size=POOL_SIZE,
    max_overflow=0,
    pool_timeout=15,
    isolation_level="AUTOCOMMIT",
    connect_args={"application_name": f"eduautismo-{settings.environment}", "connect_timeout": 5},
)

# Probes must answer while requests hold the whole pool, and must not show up in its figures.
probe_engine = create_engine(
    settings.sqlalchemy_url,
    pool_size=2,
    max_overflow=0,
    pool_timeout=2,
    pool_pre_ping=True,
    isolation_level="AUTOCOMMIT",
    connect_args={"application_name": f"eduautismo-{settings.environment}-probe", "connect_timeout": 2},
)


def connections_in_use() -> int:
    return engine.pool.checkedout()


def database_answers() -> bool:
    try:
        with probe_engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return True
    except SQLAlchemyError:
        return False


def applied_revisions() -> Optional[set[str]]:
    """The alembic revisions the database is at; None when they cannot be read."""
    try:
        with probe_engine.connect() as connection:
            return set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
    except SQLAlchemyError:
        return None
