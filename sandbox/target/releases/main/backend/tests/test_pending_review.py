import unittest
from datetime import date
from uuid import UUID

from sqlalchemy.dialects import postgresql

from app.pending_review import count_pending, page_of_pending

VALUES = {"today": date(2025, 11, 24), "skip": 10, "limit": 20, "professional_id": UUID(int=1), "priority": "high"}


def sql(query) -> str:
    compiled = query.params(VALUES).compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    return " ".join(str(compiled).split())


class PendingReviewTest(unittest.TestCase):
    def test_only_active_plans_that_need_a_review_are_read(self):
        self.assertIn("status = 'active' AND intervention_plans.needs_review", sql(page_of_pending()))

    def test_the_page_is_cut_by_the_database_in_a_total_order(self):
        query = sql(page_of_pending())
        self.assertIn("LIMIT 20 OFFSET 10", query)
        self.assertRegex(query, r"ORDER BY CASE .* END, anon_1.review_due_on, anon_1.id")

    def test_the_priority_filters_the_page_and_not_the_counts(self):
        self.assertIn("priority = 'high'", sql(page_of_pending(of_priority=True)))
        self.assertNotIn("priority = ", sql(count_pending()))

    def test_the_professional_filters_page_and_counts(self):
        for query in (page_of_pending(of_professional=True), count_pending(of_professional=True)):
            self.assertIn("created_by_id = '00000000-0000-0000-0000-000000000001'", sql(query))


if __name__ == "__main__":
    unittest.main()
