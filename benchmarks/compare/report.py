"""Tables (Markdown, JSON) and plots of what the rounds found."""
import json

import counts
import plots
import results


def number(value):
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def cell(row, kind, base):
    ratio = row.get(kind, {}).get(base)
    return str(ratio) if ratio else ""


def table(scenario, rows, labels):
    out = [f"### {scenario.title[0].upper()}{scenario.title[1:]}", "",
           "| server | rounds | CPU us per delivery (best) | by floor, one send | by floor, merging "
           "| by chatd | p50 / p99 / p99.9 ms | p99 by merging floor | last - first, p99 ms "
           "| server, clients % | deliveries/s |",
           "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    notes = []
    for row in rows:
        label = labels[row["peer"]]
        for why in sorted(set(row["left_out"])):
            notes.append(f"{label}: {row['left_out'].count(why)} x {why}.")
        if not row["rounds"]:
            out.append(f"| {label} | 0 |" + " |" * 9)
            continue
        latency = row["latency_ms"]
        pace = f"{row['deliveries_per_s']:,.0f}" + (" (client full)" if row["client_full"] else "")
        out.append(
            f"| {label} | {row['rounds']} | {number(row['cpu_us'])} ({number(row['cpu_us_least'])})"
            f" | {cell(row, 'cpu_ratio', 'floor_one')} | {cell(row, 'cpu_ratio', 'floor_merge')}"
            f" | {cell(row, 'cpu_ratio', 'chatd')} | {latency['p50']:.1f} / {latency['p99']:.1f} /"
            f" {latency['p99.9']:.1f} | {cell(row, 'p99_ratio', 'floor_merge')}"
            f" | {row['skew_p99_ms']:.1f} | {100 * row['server_share']:.0f},"
            f" {100 * row['client_share']:.0f} | {pace} |")
    load = [row["load"] for row in rows]
    notes.append(f"Load average {min(low for low, _ in load):.1f} to "
                 f"{max(high for _, high in load):.1f}.")
    return out + [""] + notes + [""]


def joins_table(summaries, scenarios, labels):
    """From the scenario with the most members: what letting them in costs."""
    most = max((scenario for scenario in scenarios if scenario.name in summaries),
               key=lambda scenario: (scenario.members, len(summaries[scenario.name])))
    out = [f"### {most.members:,} members join", "",
           "From the first connection to the last welcome; a floor accepts, upgrades and does one "
           "send. Resident bytes are the process's, so a server that takes memory beforehand shows "
           "less.", "", "| server | CPU us a member | seconds | resident bytes a member |",
           "| --- | ---: | ---: | ---: |"]
    for row in summaries[most.name]:
        if row["rounds"]:
            out.append(f"| {labels[row['peer']]} | {row['join_cpu_us']:.1f} | "
                       f"{row['join_seconds']:.2f} | {row['resident_bytes_each']:,.0f} |")
    return out + [""]


def instructions_table(counted, labels):
    out = ["### User-space instructions per delivery", "",
           f"Callgrind, {counts.MEMBERS} members; a run of {counts.MESSAGES[0]} messages and one of "
           f"{counts.MESSAGES[1]}, subtracted.", "",
           "| server | one at a time | bursts of 32 |", "| --- | ---: | ---: |"]
    for name, label in labels.items():
        found = [counted.get(f"{name}/{burst}") for burst in (1, 32)]
        if any(value is not None for value in found):
            out.append("| " + " | ".join([label] + [
                "" if value is None else value if isinstance(value, str) else f"{value:,.0f}"
                for value in found]) + " |")
    return out + [""]


def rounded(value):
    """To four digits, all the way down: no run is more exact."""
    if isinstance(value, dict):
        return {name: rounded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def as_json(row):
    out = rounded({name: value for name, value in row.items() if not name.endswith("_ratio")})
    for kind in ("cpu_ratio", "p99_ratio"):
        out[kind] = {base: ratio.as_json() for base, ratio in row.get(kind, {}).items() if ratio}
    return out


def write(run, scenarios, everybody, absent):
    sizes = json.loads((run.out / "frame.json").read_text())
    found = results.read(run.out / "rounds", sizes["frame_bytes"])
    tables, plotted = run.tables or run.out, run.plots or run.out
    tables.mkdir(parents=True, exist_ok=True)
    plotted.mkdir(parents=True, exist_ok=True)
    summaries, text = {}, ["# Comparison", "",
                           f"Each delivered message has {sizes['frame_bytes']} bytes on the wire, "
                           f"as chatd's for a text of {sizes['text_bytes']} bytes. Ratios: medians "
                           "of the rounds, with the interval that holds the median with 95 % or "
                           "as much as it says.", ""]
    for peer in everybody:
        if peer.name in absent:
            text += [f"{peer.label}: left out: {absent[peer.name]}.", ""]
    versions = {peer.name: peer.version() for peer in everybody if peer.name not in absent}
    labels = {peer.name: f"{peer.label} {versions.get(peer.name, '')}".strip()
              for peer in everybody}
    for scenario in scenarios:
        rounds = found.get(scenario.name)
        if not rounds:
            continue
        names = [peer.name for peer in everybody
                 if any(peer.name in of_round for of_round in rounds.values())]
        rows = [results.summary(rounds, name) for name in names]
        summaries[scenario.name] = rows
        text += table(scenario, rows, labels)
    if summaries:
        text += joins_table(summaries, scenarios, labels)
    counted = run.out / "instructions.json"
    if counted.is_file():
        text += instructions_table(json.loads(counted.read_text()), labels)
    (tables / "compare.md").write_text("\n".join(text))
    lines = ",\n".join(f'"{name}": [\n' + ",\n".join(json.dumps(as_json(row)) for row in rows) +
                       "\n]" for name, rows in summaries.items())
    (tables / "compare.json").write_text("{\n" + lines + "\n}\n")
    for name, svg in plots.all_of(summaries, scenarios, everybody).items():
        (plotted / f"{name}.svg").write_text(svg)
    print(f"compare: wrote {tables}/compare.md and .json, plots to {plotted}")
