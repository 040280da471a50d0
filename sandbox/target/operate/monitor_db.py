"""monitor_db.sh ENV: what PostgreSQL says about the environment's database, as JSON. Counters are since stats_reset."""
import json
from datetime import datetime, timezone

import psycopg
from psycopg.rows import dict_row

from environment import Environment, OperationError, run_operation, usage

DATABASE = """
    SELECT deadlocks, stats_reset, xact_commit AS commits, xact_rollback AS rollbacks
    FROM pg_stat_database WHERE datname = current_database()
"""
CONNECTIONS = """
    SELECT count(*) AS total, count(*) FILTER (WHERE state = 'active') AS active,
           count(*) FILTER (WHERE state = 'idle') AS idle,
           count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS idle_in_transaction,
           current_setting('max_connections')::int AS max
    FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
BLOCKED = """
    SELECT pid, pg_blocking_pids(pid) AS blocked_by, application_name, left(query, 200) AS query,
           round(extract(epoch FROM clock_timestamp() - query_start)::numeric, 1)::float AS waiting_seconds
    FROM pg_stat_activity
    WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0 ORDER BY query_start
"""
SLOWEST = """
    SELECT left(query, 200) AS query, calls, round(mean_exec_time::numeric, 3)::float AS mean_ms,
           round(max_exec_time::numeric, 3)::float AS max_ms
    FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY mean_exec_time DESC LIMIT 10
"""
INDEXES = """
    SELECT indexrelname AS name, idx_scan AS scans, idx_tup_read AS tuples_read
    FROM pg_stat_user_indexes WHERE relname = 'intervention_plans' ORDER BY idx_scan DESC, 1
"""


def slowest(connection: psycopg.Connection) -> "list | None":
    """None, not an empty list, where pg_stat_statements is not installed: nothing is known then."""
    try:
        with connection.transaction():
            return connection.execute(SLOWEST).fetchall()
    except psycopg.Error:
        return None


def main(arguments: list) -> None:
    if len(arguments) != 1:
        raise usage("monitor_db.sh ENV")
    environment = Environment(arguments[0])
    url = environment.setting("DATABASE_URL")
    try:
        with psycopg.connect(url, connect_timeout=5, application_name="monitor_db", row_factory=dict_row) as connection:
            found = {
                "environment": environment.name,
                "database": connection.info.dbname,
                "at": datetime.now(timezone.utc),
                **connection.execute(DATABASE).fetchone(),
                "connections": connection.execute(CONNECTIONS).fetchone(),
                "blocked": connection.execute(BLOCKED).fetchall(),
                "slowest": slowest(connection),
                "indexes": connection.execute(INDEXES).fetchall(),
            }
    except psycopg.Error as error:
        raise OperationError(f"database of {environment.name}: {str(error).strip()}") from None
    print(json.dumps(found, indent=2, default=lambda value: value.isoformat()))


if __name__ == "__main__":
    run_operation(main)
