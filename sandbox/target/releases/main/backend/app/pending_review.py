"""Active plans that need a review, the most urgent first; the database counts, orders and cuts the page.

The statements are built once for each combination of filters: building them costs more than running them.
"""
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Optional
from uuid import UUID

from sqlalchemy import Connection, Date, Integer, Select, Uuid
from sqlalchemy import bindparam, case, cast, func, literal_column, select

from .priority import HIGH_ABOVE_DAYS, MEDIUM_ABOVE_DAYS, REVIEW_EVERY_DAYS, Priority
from .tables import intervention_plans as plans


@dataclass(frozen=True)
class Request:
    today: date
    skip: int = 0
    limit: int = 20
    priority: Optional[Priority] = None
    professional_id: Optional[UUID] = None


def pending_plans(of_professional: bool) -> Select:
    """Every pending plan with its due date and priority, as `app.priority` defines them."""
    since = cast(func.timezone("UTC", func.coalesce(plans.c.last_reviewed_at, plans.c.created_at)), Date)
    due_on = since + case(REVIEW_EVERY_DAYS, value=plans.c.review_frequency)
    overdue_days = cast(bindparam("today", type_=Date), Date) - due_on
    priority = case(
        (plans.c.last_reviewed_at.is_(None), Priority.high.value),
        (overdue_days > HIGH_ABOVE_DAYS, Priority.high.value),
        (overdue_days > MEDIUM_ABOVE_DAYS, Priority.medium.value),
        else_=Priority.low.value,
    )
    query = select(
        plans.c.id, plans.c.code, plans.c.student_name, plans.c.title, plans.c.status, plans.c.needs_review,
        plans.c.review_frequency, plans.c.last_reviewed_at, plans.c.created_by_id, plans.c.created_at,
        due_on.label("review_due_on"), priority.label("priority"),
    ).where(
        # A constant, not a parameter: the planner must know how few plans it leaves.
        plans.c.status == literal_column("'active'"),
        plans.c.needs_review,
    )
    if of_professional:
        query = query.where(plans.c.created_by_id == bindparam("professional_id", type_=Uuid))
    return query


@lru_cache
def count_pending(of_professional: bool = False) -> Select:
    pending = pending_plans(of_professional).subquery()
    return select(pending.c.priority, func.count()).group_by(pending.c.priority)


@lru_cache
def page_of_pending(of_professional: bool = False, of_priority: bool = False) -> Select:
    pending = pending_plans(of_professional).subquery()
    rank = case({"high": 0, "medium": 1, "low": 2}, value=pending.c.priority)
    query = select(pending)
    if of_priority:
        query = query.where(pending.c.priority == bindparam("priority"))
    query = query.order_by(rank, pending.c.review_due_on, pending.c.id)
    return query.offset(bindparam("skip", type_=Integer)).limit(bindparam("limit", type_=Integer))


def find_pending(connection: Connection, request: Request) -> dict[str, Any]:
    """The page asked for, the total it belongs to and how many plans there are of each priority."""
    values = {**asdict(request), "priority": request.priority.value if request.priority else None}
    of_professional = request.professional_id is not None
    counted = dict(connection.execute(count_pending(of_professional), values).tuples().all())
    counts = {f"{priority.value}_priority": counted.get(priority.value, 0) for priority in Priority}
    total = counted.get(request.priority.value, 0) if request.priority else sum(counts.values())
    page = page_of_pending(of_professional, request.priority is not None)
    items = connection.execute(page, values).mappings().all()
    return {"items": items, "total": total, **counts}
