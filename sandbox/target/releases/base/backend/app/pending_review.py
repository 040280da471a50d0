"""Active plans that need a review, the most urgent first."""
from dataclasses import dataclass
from datetime import date
from typing import Any, Optional
from uuid import UUID

from sqlalchemy import Connection, Select, select

from .priority import Priority, priority_of, review_due_on
from .tables import intervention_plans as plans

RANK = {Priority.high: 0, Priority.medium: 1, Priority.low: 2}


@dataclass(frozen=True)
class Request:
    today: date
    skip: int = 0
    limit: int = 20
    priority: Optional[Priority] = None
    professional_id: Optional[UUID] = None


def pending_plans(request: Request) -> Select:
    query = select(
        plans.c.id, plans.c.code, plans.c.student_name, plans.c.title, plans.c.status, plans.c.needs_review,
        plans.c.review_frequency, plans.c.last_reviewed_at, plans.c.created_by_id, plans.c.created_at,
    ).where(plans.c.status == "active", plans.c.needs_review)
    return query.where(plans.c.created_by_id == request.professional_id) if request.professional_id else query


def find_pending(connection: Connection, request: Request) -> dict[str, Any]:
    """The page asked for, the total it belongs to and how many plans there are of each priority."""
    found = []
    for row in connection.execute(pending_plans(request)).mappings():
        due_on = review_due_on(row["last_reviewed_at"], row["created_at"], row["review_frequency"])
        priority = priority_of(row["last_reviewed_at"], due_on, request.today)
        found.append({**row, "review_due_on": due_on, "priority": priority})
    counts = {f"{priority.value}_priority": sum(p["priority"] is priority for p in found) for priority in Priority}
    wanted = [plan for plan in found if request.priority in (None, plan["priority"])]
    wanted.sort(key=lambda plan: (RANK[plan["priority"]], plan["review_due_on"], plan["id"].hex))
    return {"items": wanted[request.skip : request.skip + request.limit], "total": len(wanted), **counts}
