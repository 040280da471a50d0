"""generate_metrics_report.sh --last-24h [ENV]: a text report from /metrics and the application's log.

The application keeps its figures since its start only, so the report says what time they cover.
"""
import json
import urllib.request
from collections import Counter
from datetime import datetime, timedelta, timezone

from prometheus_client.parser import text_string_to_metric_families

from environment import Environment, OperationError, report, run_operation, usage

DAY = timedelta(hours=24)
PERCENTILES = (0.5, 0.95, 0.99)


def read_metrics(url: str) -> list:
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{url}/metrics", timeout=10) as response:
            text = response.read().decode()
    except OSError as error:
        raise OperationError(f"{url}/metrics does not answer: {error}") from None
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def value(samples: list, name: str) -> float:
    return sum(sample.value for sample in samples if sample.name == name)


def quantile_bound(buckets: dict, share: float) -> str:
    """The bucket bound the percentile lies under: a histogram knows no more than that."""
    total = buckets.get(float("inf"), 0)
    if total == 0:
        return "no data"
    bound = min(le for le, count in buckets.items() if count >= share * total)
    return "over the largest bucket" if bound == float("inf") else f"<= {bound * 1000:g} ms"


def log_levels(environment: Environment, since: datetime) -> "tuple[Counter, Counter]":
    """How many lines of each level, and which messages of CRITICAL and ERROR, since then."""
    levels, messages = Counter(), Counter()
    if environment.log.exists():
        with open(environment.log, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    entry = json.loads(line)
                    if datetime.fromisoformat(entry["time"]) < since:
                        continue
                    levels[entry["level"]] += 1
                    if entry["level"] in ("ERROR", "CRITICAL"):
                        messages[f"{entry['level']} {entry['message']}"] += 1
                except (ValueError, KeyError, TypeError):
                    continue
    return levels, messages


def main(arguments: list) -> None:
    if not arguments or arguments[0] != "--last-24h" or len(arguments) > 2:
        raise usage("generate_metrics_report.sh --last-24h [ENV]")
    environment = Environment(*arguments[1:] or ["production"])
    now = datetime.now(timezone.utc)
    samples = read_metrics(environment.url)
    levels, messages = log_levels(environment, now - DAY)

    statuses, buckets = Counter(), Counter()
    for sample in samples:
        if sample.name == "http_requests_total":
            statuses[sample.labels["status"]] += sample.value
        elif sample.name == "http_request_duration_seconds_bucket":
            buckets[float(sample.labels["le"])] += sample.value
    total = sum(statuses.values())
    failed = sum(count for status, count in statuses.items() if status.startswith("5"))
    started = datetime.fromtimestamp(value(samples, "process_start_time_seconds"), timezone.utc)
    covered = (now - started).total_seconds()
    info = next((sample.labels for sample in samples if sample.name == "app_info"), {})
    megabyte = 1024 * 1024

    report(f"Metrics report: {environment.name}, {now.isoformat(timespec='seconds')}")
    report(f"Release: {info.get('version', 'unknown')} ({info.get('commit', 'unknown')[:7]})")
    report(f"Figures cover: {covered / 3600:.2f} h, since the process started at {started.isoformat(timespec='seconds')}")
    report("")
    report(f"Requests: {total:.0f} ({total / covered:.2f} a second)")
    report("By status: " + (", ".join(f"{status}: {count:.0f}" for status, count in sorted(statuses.items())) or "none"))
    report(f"Error rate (5xx): {100 * failed / total:.2f} %" if total else "Error rate (5xx): no data")
    mean = value(samples, "http_request_duration_seconds_sum") / total if total else None
    report(f"Mean latency: {1000 * mean:.1f} ms" if mean is not None else "Mean latency: no data")
    for share in PERCENTILES:
        report(f"P{100 * share:g} latency: {quantile_bound(buckets, share)}")
    report("")
    report(f"CPU: {100 * value(samples, 'process_cpu_seconds_total') / covered:.1f} % of one core on average")
    used, limit = value(samples, "process_resident_memory_bytes"), value(samples, "app_memory_limit_bytes")
    report(f"Memory: {used / megabyte:.0f} of {limit / megabyte:.0f} MB ({100 * used / limit:.1f} %)")
    report(f"Database pool: {value(samples, 'db_pool_in_use'):.0f} of {value(samples, 'db_pool_size'):.0f} connections")
    report("")
    report("Log, last 24 h: " + (", ".join(f"{level}: {count}" for level, count in sorted(levels.items())) or "no lines"))
    for message, count in messages.most_common(10):
        report(f"  {count} x {message}")


if __name__ == "__main__":
    run_operation(main)
