"""Check that the four indexes of the pending-review optimisation exist, are valid and have the right columns.

    python scripts/validate_performance_indexes.py             the check; exit 0 when all are right, 1 when not
    python scripts/validate_performance_indexes.py --explain   JSON: the application's own queries and their plans
"""
import argparse
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Optional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import sqlalchemy  # noqa: E402
from sqlalchemy.dialects import postgresql  # noqa: E402

from app.pending_review import page_of_pending  # noqa: E402
from app.plans import count_plans, listed_plans  # noqa: E402
from app.priority import utc_today  # noqa: E402
from app.settings import settings  # noqa: E402

TABLE = "intervention_plans"
EXPECTED = {
    "ix_intervention_plans_status_needs_review": ["status", "needs_review"],
    "ix_intervention_plans_last_reviewed_at": ["last_reviewed_at"],
    "ix_intervention_plans_review_frequency": ["review_frequency"],
    "ix_intervention_plans_created_by_id": ["created_by_id"],
}
# pg_indexes would list an index that a failed concurrent build left invalid like any other.
INDEXES = """
    SELECT c.relname AS name, i.indisvalid AND i.indisready AND i.indislive AS usable,
           array_agg(pg_get_indexdef(i.indexrelid, k, true) ORDER BY k) AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid, generate_series(1, i.indnkeyatts) k
    WHERE i.indrelid = to_regclass(:table) GROUP BY 1, 2
"""


def validate(connection: sqlalchemy.Connection) -> bool:
    found = {row.name: row for row in connection.execute(sqlalchemy.text(INDEXES), {"table": TABLE})}
    print(f"✓ Conectado ao banco: {connection.engine.url.database}")
    print(f"✓ Total de índices na tabela '{TABLE}': {len(found)}")
    problems = 0
    for name, columns in EXPECTED.items():
        print(f"\nValidando: {name}")
        index = found.get(name)
        if index is None:
            print("  ✗ Índice não encontrado")
            problems += 1
            continue
        print("  ✓ Índice encontrado")
        if index.columns == columns:
            print(f"  ✓ Colunas corretas: {columns}")
        else:
            print(f"  ✗ Colunas incorretas: {index.columns}, esperadas: {columns}")
            problems += 1
        if not index.usable:
            print("  ✗ Índice inválido: a construção não terminou")
            problems += 1
    print()
    if problems:
        print(f"✗ FALHA: {problems} problema(s) encontrado(s) nos índices")
    else:
        print("✓ SUCESSO: Todos os índices foram criados corretamente!")
    return problems == 0


def index_names(plan: dict) -> set:
    names = {plan["Index Name"]} if "Index Name" in plan else set()
    return names.union(*(index_names(child) for child in plan.get("Plans", [])))


def explain(connection: sqlalchemy.Connection) -> list:
    """For each index the query of the application it serves, its plan and whether the planner chose the index."""
    professional = connection.scalar(sqlalchemy.text(f"SELECT created_by_id FROM {TABLE} LIMIT 1"))
    old = datetime.now(timezone.utc) - timedelta(days=365)
    queries = {
        "ix_intervention_plans_status_needs_review": page_of_pending().params(today=utc_today(), skip=0, limit=20),
        "ix_intervention_plans_last_reviewed_at": listed_plans(reviewed_before=old).limit(20),
        "ix_intervention_plans_review_frequency": listed_plans(review_frequency="daily").limit(20),
        "ix_intervention_plans_created_by_id": count_plans(listed_plans(professional_id=professional)),
    }
    return [explain_one(connection, index, query) for index, query in queries.items()]


def explain_one(connection: sqlalchemy.Connection, index: str, query: sqlalchemy.Select) -> dict:
    sql = str(query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
    plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {sql}").scalar_one()[0]["Plan"]
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    forced = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {sql}").scalar_one()[0]["Plan"]
    connection.exec_driver_sql("SET LOCAL enable_seqscan = on")
    return {
        "index": index,
        "query": " ".join(sql.split()),
        "chosen": index in index_names(plan),
        "usable": index in index_names(forced),
        "plan": plan,
    }


def main(arguments: Optional[list] = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--explain", action="store_true")
    options = parser.parse_args(arguments)
    try:
        engine = sqlalchemy.create_engine(settings.sqlalchemy_url, connect_args={"connect_timeout": 5})
        with engine.connect() as connection:
            if options.explain:
                print(json.dumps(explain(connection), ensure_ascii=False, indent=2))
                return 0
            return 0 if validate(connection) else 1
    except sqlalchemy.exc.SQLAlchemyError as error:
        print(f"✗ FALHA: {str(error).splitlines()[0]}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
