#!/usr/bin/env python3
"""CPU per delivery over the size of a burst, engine and floor, as a plot.

    python3 benchmarks/plot.py measure build/release  > benchmarks/plots/cpu_per_delivery.json
    python3 benchmarks/plot.py draw < benchmarks/plots/cpu_per_delivery.json \\
        > benchmarks/plots/cpu_per_delivery.svg

`measure` runs the load tool once a burst size, at the same number of messages a second; `draw`
needs nothing but its result.
"""
import json
import math
import subprocess
import sys

BURSTS = (1, 3, 10, 32, 100, 320)
WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 40, 52
SERIES = (("engine", "#1f6feb", "chatd"), ("floor", "#8b949e", "bare epoll server"))


def measure(build):
    rows = []
    for burst in BURSTS:
        line = subprocess.run(
            [f"{build}/benchmarks/load", "--server", f"{build}/examples/chatd",
             "--floor", f"{build}/benchmarks/load_floor", "--members", "1000",
             "--burst", str(burst), "--rate", "100", "--seconds", "4",
             "--rounds", "3"], stdout=subprocess.PIPE, text=True).stdout
        result = json.loads(line)
        rows.append({"burst": burst, "ratio": result["ratio"], "complete": result["complete"],
                     **{name: result[name]["server_cpu_us_per_delivery"]
                        for name, _, _ in SERIES}})
    print(json.dumps(rows, indent=1))


def draw(rows):
    top = max(row[name] for row in rows for name, _, _ in SERIES)
    low = min(row[name] for row in rows for name, _, _ in SERIES)
    decades = (math.floor(math.log10(low)), math.ceil(math.log10(top)))
    last = math.log10(rows[-1]["burst"])

    def x(burst):
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log10(burst) / last

    def y(value):
        share = (math.log10(value) - decades[0]) / (decades[1] - decades[0])
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
           f'<text x="{LEFT}" y="22" font-size="14">Server CPU per delivery, 1,000 WebSocket '
           'members (µs)</text>']
    for decade in range(decades[0], decades[1] + 1):
        value = 10.0 ** decade
        out.append(f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}" stroke="#d0d7de"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">'
                   f'{value:g}</text>')
    for row in rows:
        out.append(f'<text x="{x(row["burst"]):.1f}" y="{HEIGHT - BOTTOM + 18}" '
                   f'text-anchor="middle">{row["burst"]}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">'
               'messages a burst</text>')
    for i, (name, colour, label) in enumerate(SERIES):
        points = " ".join(f'{x(row["burst"]):.1f},{y(row[name]):.1f}' for row in rows)
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" '
                   'stroke-width="2"/>')
        out += [f'<circle cx="{x(row["burst"]):.1f}" cy="{y(row[name]):.1f}" r="3" '
                f'fill="{colour}"/>' for row in rows]
        out.append(f'<rect x="{WIDTH - 190}" y="{TOP + 4 + 20 * i}" width="12" height="12" '
                   f'fill="{colour}"/>')
        out.append(f'<text x="{WIDTH - 172}" y="{TOP + 14 + 20 * i}">{label}</text>')
    out.append("</svg>")
    print("\n".join(out))


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "measure":
        measure(sys.argv[2])
    elif len(sys.argv) == 2 and sys.argv[1] == "draw":
        draw(json.load(sys.stdin))
    else:
        sys.exit(__doc__)
