"""Fill a database at the base revision or later: `seed.py --database-url URL --plans N`, the same plans every time.

Few plans need a review (about 1 in 70), few are reviewed daily or were reviewed over a year ago: as in life, and so
that the planner has a reason to choose the indexes. Refuses a database that already has plans, unless --replace.
"""
import argparse
import json
import random
import sys
import time
from datetime import datetime, timedelta, timezone
from uuid import UUID

import psycopg

PROFESSIONALS = 80
FIRST_NAMES = "Ana Bruno Carla Davi Elisa Felipe Gabriela Heitor Isabela João Lara Miguel Nina Otávio Pedro Sofia".split()
LAST_NAMES = "Almeida Barbosa Cardoso Duarte Esteves Ferreira Gomes Lima Moreira Nunes Oliveira Pereira Rocha".split()
TITLES = (
    "Comunicação alternativa na sala de aula",
    "Rotina visual e transições",
    "Habilidades sociais no recreio",
    "Regulação sensorial",
    "Autonomia nas atividades diárias",
    "Leitura compartilhada",
)
OBJECTIVE = (
    "O estudante participa da atividade proposta com apoio visual, comunica quando precisa de uma pausa "
    "e retoma a tarefa com mediação decrescente. "
)
STATUSES = (("active", 70), ("draft", 10), ("completed", 15), ("archived", 5))
FREQUENCIES = {"daily": 1, "weekly": 24, "biweekly": 30, "monthly": 35, "quarterly": 10}


def weighted(random_source: random.Random, choices) -> str:
    values, weights = zip(*choices)
    return random_source.choices(values, weights)[0]


def make_uuid(random_source: random.Random) -> UUID:
    return UUID(int=random_source.getrandbits(128), version=4)


def days_since_review(random_source: random.Random, pending: bool) -> float:
    """Pending plans spread over the three priorities; the others were reviewed lately, a few long ago."""
    if pending:
        return random_source.uniform(10, 120)
    return random_source.uniform(366, 700) if random_source.random() < 0.01 else random_source.uniform(0, 60)


def fill(connection: psycopg.Connection, count: int) -> dict:
    source = random.Random(20251124)
    # Whole days before now, not fixed dates: plans must be as overdue next year as today.
    now = datetime.now(timezone.utc).replace(hour=12, minute=0, second=0, microsecond=0)
    professionals = [make_uuid(source) for _ in range(PROFESSIONALS)]
    reviews = []
    pending_count = 0

    with connection.cursor() as cursor:
        with cursor.copy("COPY professionals (id, name, email) FROM STDIN") as copy:
            for number, professional in enumerate(professionals, 1):
                name = f"{source.choice(FIRST_NAMES)} {source.choice(LAST_NAMES)}"
                copy.write_row((professional, name, f"profissional{number}@example.com"))
        with cursor.copy(
            "COPY intervention_plans (id, code, student_name, title, objectives, status, needs_review,"
            " review_frequency, last_reviewed_at, created_by_id, created_at) FROM STDIN"
        ) as copy:
            for number in range(1, count + 1):
                plan = make_uuid(source)
                status = weighted(source, STATUSES)
                # One in fifty by number, so that even a small database has some.
                needs_review = number % 50 == 0
                pending = needs_review and status == "active"
                pending_count += pending
                frequency = weighted(source, FREQUENCIES.items())
                created = now - timedelta(days=source.randint(200, 900))
                reviewed = None
                if status != "draft" and not (pending and source.random() < 0.15):
                    reviewed = now - timedelta(days=round(days_since_review(source, pending)))
                author = source.choice(professionals)
                copy.write_row((
                    plan, f"PI-{number:06d}", f"{source.choice(FIRST_NAMES)} {source.choice(LAST_NAMES)}",
                    source.choice(TITLES), OBJECTIVE * source.randint(3, 6), status, needs_review, frequency,
                    reviewed, author, created,
                ))
                if reviewed and number % 4 == 0:
                    reviews.append((make_uuid(source), plan, author, reviewed, "Revisão registrada."))
        with cursor.copy("COPY plan_reviews (id, plan_id, reviewed_by_id, reviewed_at, notes) FROM STDIN") as copy:
            for review in reviews:
                copy.write_row(review)
    return {"plans": count, "pending": pending_count, "professionals": PROFESSIONALS, "reviews": len(reviews)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--plans", type=int, default=20_000)
    parser.add_argument("--replace", action="store_true", help="delete the plans that are there")
    options = parser.parse_args()
    if options.plans < 1:
        parser.error("--plans must be at least 1")
    started = time.perf_counter()
    with psycopg.connect(options.database_url, connect_timeout=5) as connection:
        if options.replace:
            connection.execute("TRUNCATE plan_reviews, intervention_plans, professionals")
        elif connection.execute("SELECT 1 FROM intervention_plans LIMIT 1").fetchone():
            print("the database already has intervention plans (use --replace)", file=sys.stderr)
            return 1
        seeded = fill(connection, options.plans)
    with psycopg.connect(options.database_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE professionals, intervention_plans, plan_reviews")
    print(json.dumps({**seeded, "seconds": round(time.perf_counter() - started, 2)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
