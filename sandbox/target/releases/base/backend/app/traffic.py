"""What happens to every request to /api/: maintenance, injected faults, figures, error logs."""
import asyncio
import logging
import time

from sqlalchemy.exc import DBAPIError, TimeoutError as PoolTimeout
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .faults import faults
from .maintenance import MESSAGE, RETRY_AFTER_SECONDS, in_maintenance
from .metrics import in_flight, request_seconds, requests_total, turned_away_total

log = logging.getLogger("app.traffic")


class ApiTraffic:
    """Plain ASGI middleware: Starlette's own base class costs a task for each request.

    Probes (/health, /metrics) and documentation pass through uncounted: they would dilute error rate and latency.
    """

    def __init__(self, app: ASGIApp, known_paths: set[str]) -> None:
        self.app = app
        self.known_paths = known_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            return await self.app(scope, receive, send)
        if in_maintenance():
            # Not counted with the requests: turning users away on purpose is no error rate of the release.
            turned_away_total.inc()
            headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            return await JSONResponse({"detail": MESSAGE}, 503, headers)(scope, receive, send)

        started = time.perf_counter()
        status = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        reason = None
        in_flight.count += 1
        try:
            reason = await self.answer(scope, receive, send_and_note)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            unreachable = isinstance(error, (DBAPIError, PoolTimeout))
            if status == 0:
                response = (
                    JSONResponse({"detail": "Serviço temporariamente indisponível"}, 503)
                    if unreachable
                    else JSONResponse({"detail": "Erro interno"}, 500)
                )
                await response(scope, receive, send_and_note)
        finally:
            in_flight.count -= 1
            seconds = time.perf_counter() - started
            path = scope["path"] if scope["path"] in self.known_paths else "unmatched"
            requests_total.labels(scope["method"], path, str(status)).inc()
            request_seconds.labels(scope["method"], path).observe(seconds)
            if status >= 500 and reason:
                fields = {"method": scope["method"], "path": scope["path"], "status": status}
                fields["duration_ms"] = round(seconds * 1000, 1)
                log.error(f"request failed: {reason}", extra={"fields": fields})

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> "str | None":
        """Answer the request; the reason when the answer is an error worth a line in the log."""
        if delay := faults.latency_seconds():
            await asyncio.sleep(delay)
        if faults.request_must_fail():
            await JSONResponse({"detail": "Erro interno"}, 500)(scope, receive, send)
            return "injected error"
        await self.app(scope, receive, send)
        return None
