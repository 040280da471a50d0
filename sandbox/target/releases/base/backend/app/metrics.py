"""The figures at /metrics."""
import os
import resource
import subprocess
import time

from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from .database import POOL_SIZE, connections_in_use
from .settings import settings

# histogram_quantile never exceeds the second-highest bound: alerts above 10 s need bounds beyond it.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 20, 30, 60)

requests_total = Counter("http_requests_total", "Requests to /api/ answered", ["method", "path", "status"])
turned_away_total = Counter("http_requests_turned_away_total", "Requests to /api/ answered by maintenance mode")
request_seconds = Histogram(
    "http_request_duration_seconds", "Time to answer a request to /api/", ["method", "path"], buckets=BUCKETS
)


class InFlight:
    """Requests to /api/ being answered now; only the event loop's thread changes it."""

    count = 0


in_flight = InFlight()
Gauge("http_requests_in_flight", "Requests to /api/ being answered now").set_function(lambda: in_flight.count)

Gauge("db_pool_in_use", "Connections taken from the application's pool").set_function(connections_in_use)
Gauge("db_pool_size", "Connections the application's pool may open").set(POOL_SIZE)
Gauge("app_memory_limit_bytes", "Memory the process may use").set(settings.memory_limit_bytes)
Gauge("app_info", "The release that runs", ["version", "commit"]).labels(settings.version, settings.commit).set(1)


class ProcessFiguresWithoutProc:
    """The process_* figures where there is no /proc (macOS), by `getrusage` and `ps`."""

    started = time.time()

    def collect(self):
        usage = resource.getrusage(resource.RUSAGE_SELF)
        resident = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(os.getpid())], capture_output=True, text=True, check=False
        ).stdout.strip()
        yield CounterMetricFamily(
            "process_cpu_seconds", "User and system CPU time", value=usage.ru_utime + usage.ru_stime
        )
        yield GaugeMetricFamily("process_resident_memory_bytes", "Resident memory", value=int(resident or 0) * 1024)
        yield GaugeMetricFamily("process_start_time_seconds", "Start of the process", value=self.started)


if not os.path.exists("/proc/self/stat"):
    REGISTRY.register(ProcessFiguresWithoutProc())
