"""Index intervention_plans for the pending-review endpoint.

Built in the migration's transaction: with tens of thousands of plans each index takes well under a second, and a
failure leaves nothing behind (CREATE INDEX CONCURRENTLY can leave an invalid index).
"""
from alembic import op

revision = "5403edb1d087"
down_revision = "8c1f0a2d4b6e"
branch_labels = None
depends_on = None

TABLE = "intervention_plans"
INDEXES = {
    "ix_intervention_plans_status_needs_review": ["status", "needs_review"],
    "ix_intervention_plans_last_reviewed_at": ["last_reviewed_at"],
    "ix_intervention_plans_review_frequency": ["review_frequency"],
    "ix_intervention_plans_created_by_id": ["created_by_id"],
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.create_index(name, TABLE, columns)


def downgrade() -> None:
    for name in reversed(INDEXES):
        op.drop_index(name, TABLE)
