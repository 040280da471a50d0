"""The EduAutismo API in small: `uvicorn app.main:app`."""
import logging
from contextlib import asynccontextmanager

from fastapi import FastAPI

from . import authentication, health, plans
from .database import engine, probe_engine
from .documentation import serve_documentation
from .faults import faults
from .logs import configure_logs
from .settings import settings
from .traffic import ApiTraffic

configure_logs()
log = logging.getLogger("app")


@asynccontextmanager
async def lifespan(_: FastAPI):
    faults.follow()
    fields = {"environment": settings.environment, "version": settings.version, "commit": settings.commit}
    log.info("application started", extra={"fields": fields})
    yield
    engine.dispose()
    probe_engine.dispose()
    log.info("application stopped", extra={"fields": fields})


app = FastAPI(
    title="EduAutismo API",
    description="Planos de intervenção e suas revisões.",
    version=settings.version,
    docs_url=None,
    redoc_url=None,
    lifespan=lifespan,
)
for part in (authentication, plans, health):
    app.include_router(part.router)
serve_documentation(app)
app.add_middleware(ApiTraffic, known_paths=set(app.openapi()["paths"]))
