import unittest
from datetime import date, datetime, timedelta, timezone

from app.priority import Priority, priority_of, review_due_on

TODAY = date(2025, 11, 24)
REVIEWED = datetime(2025, 10, 1, 12, tzinfo=timezone.utc)


class PriorityTest(unittest.TestCase):
    def test_a_plan_never_reviewed_is_high(self):
        self.assertIs(priority_of(None, TODAY + timedelta(days=5), TODAY), Priority.high)

    def test_the_days_overdue_decide(self):
        cases = {31: Priority.high, 30: Priority.medium, 8: Priority.medium, 7: Priority.low, -3: Priority.low}
        for days, priority in cases.items():
            self.assertIs(priority_of(REVIEWED, TODAY - timedelta(days=days), TODAY), priority, days)

    def test_the_frequency_counts_from_the_last_review_or_else_from_the_creation(self):
        created = datetime(2025, 9, 1, tzinfo=timezone.utc)
        self.assertEqual(review_due_on(REVIEWED, created, "weekly"), date(2025, 10, 8))
        self.assertEqual(review_due_on(None, created, "monthly"), date(2025, 10, 1))


if __name__ == "__main__":
    unittest.main()
