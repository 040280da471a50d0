#!/bin/sh
# Creates Temporal's two databases and brings their schemas to the version of this image. Safe to run again.
# Connection by the tool's own variables: SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD.
set -eu

for database in temporal temporal_visibility; do
  case "$database" in
    temporal) schema=temporal ;;
    *) schema=visibility ;;
  esac
  # It may be there already; whether it really is, the next line tells.
  temporal-sql-tool --db "$database" create-database || echo "$database: not created"
  temporal-sql-tool --db "$database" setup-schema -v 0.0
  temporal-sql-tool --db "$database" update-schema -d "/etc/temporal/schema/postgresql/v12/$schema/versioned"
done
echo 'Both schemas are up to date.'
