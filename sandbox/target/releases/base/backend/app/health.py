"""/health and /metrics: they answer in maintenance mode and under full load."""
import os
from datetime import datetime, timezone

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from .database import POOL_SIZE, connections_in_use, database_answers
from .maintenance import in_maintenance
from .metrics import in_flight
from .settings import settings

router = APIRouter(tags=["health"])
STARTED_AT = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
# Its own threads: those of the requests may all be busy.
probe_threads = CapacityLimiter(2)


@router.get("/health", summary="Estado da aplicação", responses={503: {"description": "Banco de dados inacessível"}})
async def health() -> JSONResponse:
    reachable = await to_thread.run_sync(database_answers, limiter=probe_threads)
    body = {
        "status": "ok" if reachable else "unavailable",
        "environment": settings.environment,
        "version": settings.version,
        "commit": settings.commit,
        "started_at": STARTED_AT,
        "pid": os.getpid(),
        "database": "ok" if reachable else "unreachable",
        "pool": {"in_use": connections_in_use(), "size": POOL_SIZE},
        "maintenance": in_maintenance(),
        "in_flight": in_flight.count,
    }
    return JSONResponse(body, 200 if reachable else 503)


@router.get("/metrics", summary="Métricas no formato do Prometheus")
async def metrics() -> Response:
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
