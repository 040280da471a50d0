"""The endpoints for intervention plans."""
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Optional
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Select, func, select

from .authentication import Problem, authenticated
from .database import engine
from .pending_review import Request, find_pending
from .priority import Priority, utc_today
from .tables import intervention_plans as plans

router = APIRouter(
    prefix="/api/v1/intervention-plans",
    tags=["intervention-plans"],
    dependencies=[Depends(authenticated)],
    responses={401: {"model": Problem, "description": "Token ausente ou inválido"}},
)

Skip = Annotated[int, Query(ge=0, description="Quantos planos pular")]
Limit = Annotated[int, Query(ge=1, le=100, description="Quantos planos devolver")]
ProfessionalId = Annotated[Optional[UUID], Query(description="Somente planos criados por este profissional")]


class PlanStatus(str, Enum):
    draft = "draft"
    active = "active"
    completed = "completed"
    archived = "archived"


class ReviewFrequency(str, Enum):
    daily = "daily"
    weekly = "weekly"
    biweekly = "biweekly"
    monthly = "monthly"
    quarterly = "quarterly"


PLAN_EXAMPLE = {
    "id": "0b5a3f0e-6a1c-4c5e-9a57-3f1f3f5e2a10",
    "code": "PI-000042",
    "student_name": "Ana Souza",
    "title": "Comunicação alternativa na sala de aula",
    "status": "active",
    "needs_review": True,
    "review_frequency": "monthly",
    "last_reviewed_at": "2025-09-01T12:00:00Z",
    "created_by_id": "c7f1f6a2-52a4-4c55-8a55-7a3f3a6f9d21",
    "created_at": "2025-03-01T12:00:00Z",
}
PENDING_EXAMPLE = {**PLAN_EXAMPLE, "review_due_on": "2025-10-01", "priority": "high"}


class Plan(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [PLAN_EXAMPLE]})
    id: UUID
    code: str
    student_name: str
    title: str
    status: PlanStatus
    needs_review: bool
    review_frequency: ReviewFrequency
    last_reviewed_at: Optional[datetime]
    created_by_id: UUID
    created_at: datetime


class PlanPage(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [PLAN_EXAMPLE], "total": 1}]})
    items: list[Plan]
    total: int = Field(description="Planos que atendem aos filtros, em todas as páginas")


class PendingPlan(Plan):
    model_config = ConfigDict(json_schema_extra={"examples": [PENDING_EXAMPLE]})
    review_due_on: date
    priority: Priority


class PendingPage(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"items": [PENDING_EXAMPLE], "total": 1, "high_priority": 1, "medium_priority": 0, "low_priority": 0}
            ]
        }
    )
    items: list[PendingPlan]
    total: int = Field(description="Planos que atendem a todos os filtros, em todas as páginas")
    high_priority: int = Field(description="Planos de prioridade alta, sem o filtro de prioridade")
    medium_priority: int = Field(description="Planos de prioridade média, sem o filtro de prioridade")
    low_priority: int = Field(description="Planos de prioridade baixa, sem o filtro de prioridade")


def listed_plans(
    professional_id: Optional[UUID] = None,
    review_frequency: Optional[str] = None,
    reviewed_before: Optional[datetime] = None,
) -> Select:
    """Every plan the filters leave, the one reviewed longest ago first when asked for those, else the newest."""
    query = select(*(plans.c[name] for name in Plan.model_fields))
    if professional_id:
        query = query.where(plans.c.created_by_id == professional_id)
    if review_frequency:
        query = query.where(plans.c.review_frequency == review_frequency)
    if reviewed_before:
        query = query.where(plans.c.last_reviewed_at < reviewed_before)
        return query.order_by(plans.c.last_reviewed_at, plans.c.id)
    return query.order_by(plans.c.created_at.desc(), plans.c.id)


def count_plans(query: Select) -> Select:
    return query.order_by(None).with_only_columns(func.count(), maintain_column_froms=True)


def find_plans(connection: Connection, query: Select, skip: int, limit: int) -> dict[str, Any]:
    items = connection.execute(query.offset(skip).limit(limit)).mappings().all()
    return {"items": items, "total": connection.scalar(count_plans(query))}


@router.get("", summary="Listar planos de intervenção", response_model=PlanPage)
def list_plans(
    skip: Skip = 0,
    limit: Limit = 20,
    professional_id: ProfessionalId = None,
    review_frequency: Annotated[Optional[ReviewFrequency], Query(description="Frequência de revisão")] = None,
    reviewed_before: Annotated[Optional[datetime], Query(description="Revisados antes deste instante")] = None,
):
    frequency = review_frequency.value if review_frequency else None
    query = listed_plans(professional_id, frequency, reviewed_before)
    with engine.connect() as connection:
        return find_plans(connection, query, skip, limit)


@router.get("/pending-review", summary="Planos ativos que precisam de revisão", response_model=PendingPage)
def pending_review(
    priority: Annotated[
        Optional[Priority],
        Query(
            description="Somente planos desta prioridade",
            openapi_examples={
                "todas": {"summary": "Todas as prioridades", "value": None},
                **{p.value: {"summary": f"Prioridade {p.value}", "value": p.value} for p in Priority},
            },
        ),
    ] = None,
    skip: Skip = 0,
    limit: Limit = 20,
    professional_id: ProfessionalId = None,
):
    request = Request(utc_today(), skip, limit, priority, professional_id)
    with engine.connect() as connection:
        return find_pending(connection, request)
