"""Runs migrations on the database of the environment this release is deployed to."""
import logging.config
import os
from datetime import datetime, timezone

import sqlalchemy
from alembic import context

from app.settings import settings
from app.tables import metadata

logging.config.fileConfig(context.config.config_file_name, disable_existing_loggers=False)


def record_operation() -> None:
    """Append upgrades and downgrades (and nothing that only reads) to the environment's operations log."""
    options = context.config.cmd_opts
    if options is None or settings.folder is None:
        return
    command = options.cmd[0].__name__
    if command not in ("upgrade", "downgrade"):
        return
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    with open(settings.folder / "operations.log", "a", encoding="utf-8") as log:
        log.write(f"{now} {os.getpid()} alembic {command} {options.revision}\n")


if context.is_offline_mode():
    context.configure(url=settings.sqlalchemy_url, target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    record_operation()
    # Only a fallback name: PGAPPNAME and PGOPTIONS of the caller must reach the server.
    engine = sqlalchemy.create_engine(
        settings.sqlalchemy_url,
        poolclass=sqlalchemy.NullPool,
        connect_args={"fallback_application_name": "alembic", "connect_timeout": 5},
    )
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()
