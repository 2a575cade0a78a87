"""A document in which much is going on, and five minutes of it: for the screenshots, and to look at by hand.

    python -m support.lively [PORT]          # in Tests/Dashboard; then open http://127.0.0.1:9300/
"""

import math
import random
import sys
import time

from support.fake import FakeMcpo, alert, cache, endpoint, server

TOOLS = {
    "github": ["search_issues", "get_file_contents", "list_commits", "create_issue", "search_code", "get_pull_request"],
    "postgres": ["query", "list_tables", "describe_table"],
    "time": ["get_current_time", "convert_time"],
    "browser-automation-with-a-long-name": ["take_screenshot_of_the_page_that_is_shown_in_the_second_window"],
}
METHODS = ["tools/list", "resources/read", "mcpo_metrics"]


def lively_document(seed: int = 7) -> dict:
    dice = random.Random(seed)
    names = [(f"{owner}__{tool}", owner) for owner, tools in TOOLS.items() for tool in tools]
    names += [(method, None) for method in METHODS]
    performance = {name: _endpoint(name, owner, dice) for name, owner in names}
    saved = [one["saved_duration"] for one in performance.values()]
    calls = [one["saved_calls"] for one in performance.values()]
    performance["github__search_code"] |= {"avg_duration": 1.4, "p50_duration": 1.2, "p90_duration": 2.9, "p99_duration": 6.3, "success_rate": 91.5}
    return {
        "performance": performance,
        "concurrency": {"max_concurrent": 100, "current_concurrent": 8, "peak_concurrent": 45, "queued": 0, "rejected": 3},
        "cache": {
            "default": cache(hits=sum(calls), misses=4210, hit_rate=78.4, stores=4100, evictions=210, expirations=930,
                             invalidations=122, current_size=842, max_size=1000, memory_bytes=19_400_000),
            "reports": cache(hits=12, misses=30, hit_rate=28.6, stores=30, current_size=30, max_size=50, memory_bytes=310_000),
        },
        "dedup": {"joined": 214, "in_flight": 2},
        "connection": {
            "status": "degraded", "ready": True, "error_count": 4,
            "servers": {
                "github": server(connections=2, in_flight=5, max_concurrent=20),
                "postgres": server(status="unhealthy", connections=0, restarts=7, queued=3, in_flight=0,
                                   reason="exited with status 1; next try in 8 s"),
                "time": server(),
                "browser-automation-with-a-long-name": server(status="degraded", restarts=1, reason="1 of 2 connections does not answer"),
            },
        },
        "alerts": [
            alert("slow", "github__search_code", 1.4, 1.0),
            alert("failing", "github__search_code", 91.5, 95.0, ago=90),
            alert("cold", "reports", 28.6, 70.0, ago=4000),
            alert("anomaly", "postgres__query", 0.9, 0.27, ago=20),
        ],
        "saved": {"calls": sum(calls), "duration": sum(saved)},
        "version": "0.4.0",
        "uptime": 11_520.0,
    }  # fmt: skip


def _endpoint(name: str, owner: str | None, dice: random.Random) -> dict:
    total, typical = int(dice.lognormvariate(5.5, 1.3)) + 3, dice.lognormvariate(-2.6, 1.2)
    hits = int(total * dice.choice([0, 0.35, 0.8, 0.93]))
    return endpoint(
        name, server=owner, total_requests=total, cache_hits=hits, dedup_joined=total // 50, failed=total // 90,
        avg_duration=typical * 1.2, min_duration=typical / 500 if hits else typical / 2, p50_duration=typical, p90_duration=typical * 2.2,
        p99_duration=typical * 7, max_duration=typical * 12, total_duration=typical * 1.2 * total, qps_5s=round(total / 300, 1),
        success_rate=round(100 - 100 * (total // 90) / total, 1), saved_calls=hits, saved_duration=hits * typical * 1.5,
    )  # fmt: skip


def go_on(document: dict, second: int, dice: random.Random) -> None:
    """One more second of traffic: waves, and a burst now and then."""
    document["uptime"] += 1
    for at, one in enumerate(document["performance"].values()):
        wave = max(0, math.sin(second / 37 + at) + 0.4) * (6 if second % 97 < 11 else 2.2)
        calls = int(wave * one["qps_5s"] * dice.uniform(0.6, 1.4) + dice.random())
        hits = int(calls * one["cache_hits"] / one["total_requests"])
        one["total_requests"] += calls
        one["cache_hits"] += hits
        one["dedup_joined"] += calls > 9
        one["failed"] += dice.random() < 0.03
        drift = math.exp(dice.gauss(0, 0.02) + 0.004 * math.sin(second / 23 + at))
        for percentile in ("p50_duration", "p90_duration", "p99_duration"):
            one[percentile] *= drift


def main() -> None:
    dice, second = random.Random(1), 0
    with FakeMcpo(lively_document(), port=int(sys.argv[1]) if len(sys.argv) > 1 else 9300) as mcpo:
        print(mcpo.url, flush=True)
        while True:
            time.sleep(1)
            second += 1
            go_on(mcpo.document, second, dice)


if __name__ == "__main__":
    main()
