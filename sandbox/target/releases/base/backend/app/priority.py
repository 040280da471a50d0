"""How urgent the review of a plan is: by how many days it is overdue."""
from datetime import date, datetime, timedelta, timezone
from enum import Enum
from typing import Optional

REVIEW_EVERY_DAYS = {"daily": 1, "weekly": 7, "biweekly": 14, "monthly": 30, "quarterly": 90}
HIGH_ABOVE_DAYS = 30
MEDIUM_ABOVE_DAYS = 7


class Priority(str, Enum):
    high = "high"
    medium = "medium"
    low = "low"


def review_due_on(last_reviewed_at: Optional[datetime], created_at: datetime, review_frequency: str) -> date:
    since = (last_reviewed_at or created_at).astimezone(timezone.utc).date()
    return since + timedelta(days=REVIEW_EVERY_DAYS[review_frequency])


def priority_of(last_reviewed_at: Optional[datetime], due_on: date, today: date) -> Priority:
    """A plan never reviewed is high; otherwise the days it is overdue decide."""
    overdue_days = (today - due_on).days
    if last_reviewed_at is None or overdue_days > HIGH_ABOVE_DAYS:
        return Priority.high
    return Priority.medium if overdue_days > MEDIUM_ABOVE_DAYS else Priority.low


def utc_today() -> date:
    """Priorities count whole days, so that they, and the pages ordered by them, hold still during a day."""
    return datetime.now(timezone.utc).date()
