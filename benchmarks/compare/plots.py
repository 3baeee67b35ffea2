"""Plots as SVG, drawn by hand: no library is asked for."""
import math

WIDTH = 720
COLOURS = {"chatd": "#1f6feb", "floor_one": "#8b949e", "floor_merge": "#57606a",
           "redis": "#cf222e", "nats": "#8250df", "nchan": "#1a7f37", "mosquitto": "#bf8700",
           "ws": "#d4a72c", "socketio": "#0a3069"}


def head(height, title):
    return [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            'font-family="sans-serif" font-size="12">',
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
            f'<text x="16" y="22" font-size="14">{title}</text>']


class Log:
    """A logarithmic axis from a decade to a decade."""

    def __init__(self, values, begin, end):
        self.low = math.floor(math.log10(min(values)) + 1e-9)
        self.high = max(self.low + 1, math.ceil(math.log10(max(values)) - 1e-9))
        self.begin, self.end = begin, end

    def at(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + (self.end - self.begin) * share

    def decades(self):
        return [10.0 ** power for power in range(self.low, self.high + 1)]


def bars(title, rows, value):
    """One bar a server, on a logarithmic axis."""
    rows = sorted(rows, key=lambda row: row[2])
    height = 60 + 26 * len(rows) + 24
    axis = Log([value for _, _, value in rows], 250, WIDTH - 70)
    out = head(height, title)
    for decade in axis.decades():
        x = axis.at(decade)
        out.append(f'<path d="M{x:.1f} 40V{height - 30}" stroke="#d0d7de"/>')
        out.append(f'<text x="{x:.1f}" y="{height - 12}" text-anchor="middle">{decade:g}</text>')
    for i, (name, label, number) in enumerate(rows):
        y = 46 + 26 * i
        out.append(f'<text x="242" y="{y + 13}" text-anchor="end">{label}</text>')
        out.append(f'<rect x="250" y="{y}" width="{max(1, axis.at(number) - 250):.1f}" height="18" '
                   f'fill="{COLOURS.get(name, "#888")}"/>')
        out.append(f'<text x="{axis.at(number) + 6:.1f}" y="{y + 13}">{value(number)}</text>')
    return "\n".join(out + ["</svg>", ""])


def lines(title, below, series):
    """One line a server over a logarithmic axis; series: (name, label, [(x, y)])."""
    height, left, right, bottom = 400, 64, 220, 350
    across = Log([x for _, _, points in series for x, _ in points], left, WIDTH - right)
    up = Log([y for _, _, points in series for _, y in points], bottom, 44)
    out = head(height, title)
    for decade in up.decades():
        y = up.at(decade)
        out.append(f'<path d="M{left} {y:.1f}H{WIDTH - right}" stroke="#d0d7de"/>')
        out.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{decade:g}</text>')
    seen = -100.0
    for x in sorted({x for _, _, points in series for x, _ in points}):
        if across.at(x) - seen > 18:  # 33 stands right beside 32
            out.append(f'<text x="{across.at(x):.1f}" y="{bottom + 18}" text-anchor="middle">'
                       f'{x}</text>')
            seen = across.at(x)
    out.append(f'<text x="{(left + WIDTH - right) / 2}" y="{bottom + 38}" text-anchor="middle">'
               f'{below}</text>')
    for i, (name, label, points) in enumerate(series):
        colour = COLOURS.get(name, "#888")
        places = [(across.at(x), up.at(y)) for x, y in points]
        out.append('<polyline points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in places) +
                   f'" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        out.append(f'<rect x="{WIDTH - right + 16}" y="{48 + 20 * i}" width="12" height="12" '
                   f'fill="{colour}"/>')
        out.append(f'<text x="{WIDTH - right + 34}" y="{58 + 20 * i}">{label}</text>')
    return "\n".join(out + ["</svg>", ""])


def burst_plot(summaries, scenarios, labels, members):
    points = {}
    for scenario in scenarios:
        if scenario.members != members or "burst" not in scenario.pattern:
            continue
        for row in summaries.get(scenario.name, []):
            if "cpu_us" in row:
                points.setdefault(row["peer"], []).append(
                    (scenario.pattern["burst"], row["cpu_us"]))
    series = [(name, labels[name], sorted(found)) for name, found in points.items()]
    if len({x for _, _, found in series for x, _ in found}) < 2:
        return None
    return lines(f"Server CPU per delivery, {members:,} members (µs)", "messages a burst", series)


def all_of(summaries, scenarios, everybody):
    labels = {peer.name: peer.label.replace("floor, one send a member and pass", "floor, merging")
              .replace("floor, one send a delivery", "floor, one send") for peer in everybody}
    out = {}
    for scenario in scenarios:
        rows = [(row["peer"], labels[row["peer"]], row) for row in summaries.get(scenario.name, [])
                if "cpu_us" in row]
        if len(rows) < 2:
            continue
        if scenario.pattern.get("burst") in (1, 32):
            out[f"compare_cpu_{scenario.name}"] = bars(
                f"Server CPU per delivery, {scenario.title} (µs)",
                [(name, label, row["cpu_us"]) for name, label, row in rows],
                lambda us: f"{us:.2f} µs")
        if "rate" in scenario.pattern:
            out[f"compare_p99_{scenario.name}"] = bars(
                f"p99 of delivery, {scenario.title} (ms)",
                [(name, label, row["latency_ms"]["p99"]) for name, label, row in rows],
                lambda ms: f"{ms:.1f} ms")
    for members in sorted({scenario.members for scenario in scenarios}):
        svg = burst_plot(summaries, scenarios, labels, members)
        if svg:
            out[f"compare_bursts_{members}"] = svg
    return out
