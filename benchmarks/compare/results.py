"""Reads the rounds, judges which count, and makes ratios of them."""
import json
import math

BASES = ("floor_one", "floor_merge", "chatd")


def read(folder, frame_bytes):
    """{scenario: {round: {peer: result}}}; frames of another length spoil a result."""
    out = {}
    for path in sorted(folder.glob("*/*/*.json")):
        scenario, number = path.parts[-3], int(path.parts[-2])
        of_round = out.setdefault(scenario, {}).setdefault(number, {})
        result = json.loads(path.read_text())
        if result.get("delivered") and result["frame_bytes"] != [frame_bytes, frame_bytes]:
            result["error"] = f"frames of {result['frame_bytes']} bytes"
        of_round[path.stem] = result
    return out


def verdict(result):
    """'' if the round counts for this peer, else why not."""
    if "error" in result:
        return f"failed: {result['error']}"
    if result["server_cpu_s"] <= 0:
        return "failed: the server's CPU could not be read"
    server = result["server_cpu_s"] / result["seconds"]
    client = result["client_cpu_s"] / result["seconds"]
    if result["delivered"] < result["expected"]:
        share = 100 * result["delivered"] / max(result["expected"], 1)
        return f"overloaded: {share:.0f} % came within {result['grace_s']:.0f} s"
    if client >= 0.95 and server < 0.95:
        return "void: the client was the bottleneck"
    if result["disorder"] > 0:
        return f"out of order: {result['disorder']}"
    return ""


def cpu_us(result):
    return result["server_cpu_s"] * 1e6 / result["delivered"]


def median(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def interval(values):
    """(least, greatest, how sure): the order statistics that hold the median with at least 95 %;
    with fewer than six values the least and greatest, which are less sure."""
    ordered, n = sorted(values), len(values)
    below, rank = 0.0, 0  # the chance that fewer than `rank` values lie under the median
    while rank < n // 2:
        more = below + math.comb(n, rank) / 2 ** n
        if more > 0.025:
            break
        below, rank = more, rank + 1
    if rank == 0:
        return ordered[0], ordered[-1], 1 - 2 / 2 ** n
    return ordered[rank - 1], ordered[n - rank], 1 - 2 * below


class Ratio:
    def __init__(self, values):
        self.values = values
        self.median = median(values)
        self.least, self.greatest, self.sure = interval(values)

    def __str__(self):
        if len(self.values) == 1:
            return f"{self.median:.2f} (one round)"
        sure = "" if self.sure >= 0.95 else f", {100 * self.sure:.0f} %"
        return f"{self.median:.2f} ({self.least:.2f} to {self.greatest:.2f}{sure})"

    def as_json(self):
        return {"median": round(self.median, 4), "least": round(self.least, 4),
                "greatest": round(self.greatest, 4), "confidence": round(self.sure, 4),
                "rounds": len(self.values)}


def ratios(rounds, peer, base, value):
    """A peer's value by the base's of the same round, where both rounds count."""
    pairs = [(found[peer], found[base]) for found in rounds.values()
             if peer in found and base in found]
    values = [value(ours) / value(theirs) for ours, theirs in pairs
              if not verdict(ours) and not verdict(theirs) and value(theirs) > 0]
    return Ratio(values) if values else None


def p99(result):
    return result["latency_us"]["p99"]


def summary(rounds, peer):
    """One row of a table."""
    all_of_it = [found[peer] for found in rounds.values() if peer in found]
    good = [result for result in all_of_it if not verdict(result)]
    bad = [verdict(result) for result in all_of_it if verdict(result)]
    row = {"peer": peer, "rounds": len(good), "left_out": bad,
           "version": all_of_it[0]["version"], "load": [min(r["load"][1] for r in all_of_it),
                                                        max(r["load"][1] for r in all_of_it)]}
    if not good:
        return row

    def middle(value):
        return median([value(result) for result in good])

    row.update(
        cpu_us=middle(cpu_us),
        cpu_us_least=min(map(cpu_us, good)),
        server_share=middle(lambda r: r["server_cpu_s"] / r["seconds"]),
        client_share=middle(lambda r: r["client_cpu_s"] / r["seconds"]),
        client_full=any(r["client_cpu_active_s"] >= 0.95 * r["active_seconds"] for r in good),
        deliveries_per_s=middle(lambda r: r["delivered"] / r["active_seconds"]),
        latency_ms={name: middle(lambda r, name=name: r["latency_us"][name]) / 1000
                    for name in ("p50", "p99", "p99.9")},
        skew_p99_ms=middle(lambda r: r["skew_us"]["p99"]) / 1000,
        text_bytes=good[0]["text_bytes"],
        join_cpu_us=middle(lambda r: r["join_cpu_us"]),
        join_seconds=middle(lambda r: r["join_seconds"]),
        resident_bytes_each=middle(lambda r: r["resident_bytes_each"]),
        cpu_ratio={base: ratios(rounds, peer, base, cpu_us) for base in BASES if base != peer},
        p99_ratio={base: ratios(rounds, peer, base, p99) for base in BASES if base != peer})
    return row
