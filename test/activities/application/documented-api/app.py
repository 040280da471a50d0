"""A small FastAPI application, well documented below /good and with one fault each below the other prefixes."""
import os
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Optional
from urllib.parse import parse_qs

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.security import HTTPBearer, OAuth2PasswordBearer
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

ASSETS = Path(find_spec("fastapi_offline").origin).parent / "static"
TOKEN = os.environ["TEST_TOKEN"]
PASSWORD = os.environ["TEST_LOGIN_PASSWORD"]
PLAN = {"id": 1, "student_name": "Ana Souza", "priority": "high"}


class Priority(str, Enum):
    high = "high"
    medium = "medium"
    low = "low"


class Plan(BaseModel):
    id: int
    student_name: str
    priority: Priority


class Page(BaseModel):
    items: list[Plan]
    total: int
    high_priority: int


class Credentials(BaseModel):
    username: str
    password: str


def no_scheme(request: Request):
    """What a hand-written check looks like to the documentation: nothing at all."""
    return request.headers.get("authorization")


def make(fault: str) -> FastAPI:
    app = FastAPI(title=fault, docs_url=None)
    if fault == "older":
        app.openapi_version = "3.0.2"
    scheme = {"form": OAuth2PasswordBearer(tokenUrl="form-login", auto_error=False), "locked": no_scheme}
    scheme = scheme.get(fault, HTTPBearer(auto_error=False))

    @app.post("/login")
    def login(credentials: Credentials):
        if credentials.password != PASSWORD:
            raise HTTPException(401)
        return {"access_token": TOKEN}

    @app.post("/form-login")
    async def form_login(request: Request):
        fields = parse_qs((await request.body()).decode())
        if fields.get("password") != [PASSWORD]:
            raise HTTPException(401)
        return {"access_token": TOKEN, "token_type": "bearer"}

    def pending(
        credentials=Depends(scheme),
        priority: Annotated[
            Optional[Priority],
            Query(description="Prioridade", openapi_examples={"todas": {"value": None}, "high": {"value": "high"}}),
        ] = None,
        skip: int = 0,
        limit: Annotated[int, Query(include_in_schema=fault != "undocumented")] = 20,
    ):
        token = getattr(credentials, "credentials", credentials)
        if token not in (TOKEN, f"Bearer {TOKEN}"):
            raise HTTPException(401)
        if fault == "failing":
            raise HTTPException(500)
        return {"items": [PLAN], "total": 1, "high_priority": 1}

    described = {"schemaless": {}, "misdescribed": {"responses": {200: {"model": Plan}}}}
    app.add_api_route(
        "/api/v1/plans/pending-review",
        pending,
        include_in_schema=fault != "unlisted",
        **described.get(fault, {"response_model": Page}),
    )

    @app.get("/docs", include_in_schema=False)
    def docs(request: Request):
        root = request.scope["root_path"]
        page = get_swagger_ui_html(
            openapi_url=f"{root}/openapi.json",
            title="API",
            swagger_js_url="/nowhere.js" if fault == "scriptless" else "/assets/swagger-ui-bundle.js",
            swagger_css_url="/assets/swagger-ui.css",
            swagger_favicon_url="/assets/favicon.png",
            swagger_ui_parameters={
                "validatorUrl": None,
                **({"docExpansion": "none"} if fault == "folded" else {}),
                **({"supportedSubmitMethods": []} if fault == "untried" else {}),
            },
        ).body.decode()
        noise = "<script>console.error('something is wrong')</script>" if fault == "noisy" else ""
        # What an endpoint is described by is put together a while after it is unfolded.
        late = "<script>const soon = setTimeout; setTimeout = (work, ms, ...more) => soon(work, (ms || 0) + 700, ...more)</script>"
        page = page.replace("<body>", f"<body>{late}") if fault == "late" else page
        return HTMLResponse(page.replace("</body>", f"{noise}</body>"))

    return app


app = FastAPI(docs_url=None, openapi_url=None)
app.mount("/assets", StaticFiles(directory=ASSETS))
for name in (
    "good folded older form late scriptless noisy unlisted undocumented schemaless misdescribed failing locked untried"
).split():
    app.mount(f"/{name}", make(name))
