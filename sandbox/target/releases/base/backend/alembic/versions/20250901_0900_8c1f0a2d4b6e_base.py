"""Intervention plans, their professionals and their reviews."""
import sqlalchemy as sa
from alembic import op

revision = "8c1f0a2d4b6e"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "professionals",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "intervention_plans",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("student_name", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("objectives", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("needs_review", sa.Boolean, nullable=False),
        sa.Column("review_frequency", sa.Text, nullable=False),
        sa.Column("last_reviewed_at", sa.DateTime(timezone=True)),
        sa.Column("created_by_id", sa.Uuid, sa.ForeignKey("professionals.id"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('draft', 'active', 'completed', 'archived')", name="status_known"),
        sa.CheckConstraint(
            "review_frequency IN ('daily', 'weekly', 'biweekly', 'monthly', 'quarterly')",
            name="review_frequency_known",
        ),
    )
    op.create_index("ix_intervention_plans_code", "intervention_plans", ["code"], unique=True)
    op.create_index("ix_intervention_plans_student_name", "intervention_plans", ["student_name"])
    op.create_index("ix_intervention_plans_created_at", "intervention_plans", ["created_at"])
    op.create_table(
        "plan_reviews",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "plan_id", sa.Uuid, sa.ForeignKey("intervention_plans.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("reviewed_by_id", sa.Uuid, sa.ForeignKey("professionals.id"), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
    )
    op.create_index("ix_plan_reviews_plan_id", "plan_reviews", ["plan_id"])


def downgrade() -> None:
    op.drop_table("plan_reviews")
    op.drop_table("intervention_plans")
    op.drop_table("professionals")
