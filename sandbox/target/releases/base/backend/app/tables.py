"""The tables as the queries see them; alembic/versions creates them, with their indexes."""
from sqlalchemy import Boolean, Column, DateTime, ForeignKey, MetaData, Table, Text, Uuid

metadata = MetaData()

professionals = Table(
    "professionals",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
)

intervention_plans = Table(
    "intervention_plans",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False),
    Column("student_name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("objectives", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("needs_review", Boolean, nullable=False),
    Column("review_frequency", Text, nullable=False),
    Column("last_reviewed_at", DateTime(timezone=True)),
    Column("created_by_id", Uuid, ForeignKey("professionals.id"), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
