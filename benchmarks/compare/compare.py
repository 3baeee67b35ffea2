#!/usr/bin/env python3
"""Runs chatd, two kernel floors and the peers one after the other, round by round.

    sh benchmarks/compare/run.sh [--rounds 15] [--seconds 2] [--members 1000] [--only chatd,redis]
                                 [--scenarios one_1000,burst32_1000] [--out FOLDER] [--fresh]

Each result is a file under --out; a run that was stopped goes on where it was, and more rounds can
be added to an old one. --list names peers and scenarios, --report only writes tables and plots
anew, --instructions counts user-space instructions under valgrind, --strace the floors' calls.
"""
import argparse
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys

import counts
import peers
import report
import scenarios


def options():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"))
    parser.add_argument("--out", type=pathlib.Path, help="default: BUILD/compare")
    parser.add_argument("--node", type=pathlib.Path,
                        help="where npm put ws and socket.io; default: BUILD/compare/node")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("--many", type=int, default=10000)
    parser.add_argument("--only", default="", help="peers, by commas")
    parser.add_argument("--scenarios", default="", help="by commas")
    parser.add_argument("--nice", type=int, default=0,
                        help="negative, as root: other programs wait for both sides")
    parser.add_argument("--tables", type=pathlib.Path, help="the folder for tables; default: OUT")
    parser.add_argument("--plots", type=pathlib.Path, help="the folder for plots; default: OUT")
    for switch in ("fresh", "list", "report", "instructions", "strace"):
        parser.add_argument(f"--{switch}", action="store_true")
    out = parser.parse_args()
    out.out = out.out or out.build / "compare"
    out.node = out.node or out.build / "compare/node"
    return out


def generate(run, server, peer, words, patience_s=300):
    """The load generator against a server that runs. A dictionary; `error` if it failed."""
    command = ["taskset", "-c", peers.CLIENT_CORE, str(run.build / "benchmarks/compare_load"),
               "--protocol", peer.protocol, "--port", str(server.port), *words]
    for process in server.processes():
        command += ["--server-pid", str(process)]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=patience_s,
                              start_new_session=True,
                              preexec_fn=lambda: peers.prefer(run.nice))
        return json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return {"error": "the generator did not end well"}


def visit(run, peer, scenario, frame_bytes):
    """A fresh server, its members, one window."""
    load_before = os.getloadavg()[0]
    words = scenario.words(run.seconds)
    if frame_bytes:
        words += ["--frame-bytes", str(frame_bytes)]
    try:
        with peers.Server(peer, run.out / "servers" / peer.name, nice=run.nice) as server:
            result = generate(run, server, peer, words)
    except RuntimeError as error:
        result = {"error": str(error)}
    result.update(peer=peer.name, version=peer.version(), scenario=scenario.name,
                  load=[load_before, os.getloadavg()[0]],
                  at=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"))
    return result


def frame_of_chatd(run, chatd):
    """Bytes of chatd's frame for a text of 100, read off the wire; everybody else matches it."""
    path = run.out / "frame.json"
    if not path.is_file():
        few = scenarios.Scenario("frame", "", 10, burst=1)
        short = argparse.Namespace(build=run.build, out=run.out, seconds=0.2, nice=0)
        found = visit(short, chatd, few, 0)
        least, most = found.get("frame_bytes", [0, 1])
        if least != most:
            sys.exit(f"compare: chatd's frames have no one length: {found}")
        path.write_text(json.dumps({"frame_bytes": least, "text_bytes": found["text_bytes"]}))
    frame = json.loads(path.read_text())
    print(f"compare: chatd's frame for a text of {frame['text_bytes']} bytes has "
          f"{frame['frame_bytes']} bytes on the wire; every other server's frame has as many")
    return frame["frame_bytes"]


def say(result):
    name = f"  {result['peer']:12}"
    if "error" in result:
        print(f"{name} {result['error']}", flush=True)
        return
    delivered = result["delivered"]
    cpu = result["server_cpu_s"] * 1e6 / max(delivered, 1)
    missing = result["expected"] - delivered
    print(f"{name} {cpu:8.3f} us a delivery, p99 {result['latency_us']['p99'] / 1000:8.1f} ms, "
          f"server {100 * result['server_cpu_s'] / result['seconds']:3.0f} %, "
          f"clients {100 * result['client_cpu_s'] / result['seconds']:3.0f} %, "
          f"load {result['load'][1]:.1f}" + (f", {missing} missing" if missing else ""), flush=True)


def run_rounds(run, chosen, present):
    """False: chatd failed or lost something."""
    frame_bytes = frame_of_chatd(run, present["chatd"])
    wanted = [name for name in run.only.split(",") if name] or list(present)
    given_up, whole = set(), True
    for number in range(1, run.rounds + 1):
        for scenario in chosen:
            names = [name for name in wanted if name in present
                     and (scenario.peers is None or name in scenario.peers)]
            folder = run.out / "rounds" / scenario.name / f"{number:02}"
            todo = [name for name in names if not (folder / f"{name}.json").is_file()
                    and (scenario.name, name) not in given_up]
            if not todo:
                continue
            print(f"round {number}: {scenario.title}, load {os.getloadavg()[0]:.1f}", flush=True)
            folder.mkdir(parents=True, exist_ok=True)
            # Who follows whom changes from round to round.
            first = number % len(todo)
            for name in todo[first:] + todo[:first]:
                result = visit(run, present[name], scenario,
                               0 if name == "chatd" else frame_bytes)
                say(result)
                (folder / f"{name}.json").write_text(json.dumps(result) + "\n")
                # Who cannot take this load is not asked for it again.
                if "error" in result or result["delivered"] < result["expected"]:
                    given_up.add((scenario.name, name))
                    whole = whole and name != "chatd"
    return whole


def main():
    run = options()
    everybody = peers.all_peers(run.build, run.node)
    present = {peer.name: peer for peer in everybody if not peer.missing()}
    absent = {peer.name: peer.missing() for peer in everybody if peer.missing()}
    chosen = scenarios.scenarios(run.members, run.many)
    if run.scenarios:
        names = run.scenarios.split(",")
        chosen = [scenario for scenario in chosen if scenario.name in names]
    if run.list:
        print("peers:", *[peer.name for peer in everybody])
        print("scenarios:", *[scenario.name for scenario in chosen])
        return
    if len(peers.CORES) < 2:
        print("compare: one core for both sides: good for a try, not for figures")
    for name, why in absent.items():
        print(f"compare: {name} is left out: {why}")
    if "chatd" not in present or not chosen:
        sys.exit("compare: build chatd first, and name a scenario of --list")
    if run.fresh:
        for old in ("rounds", "instructions.json", "frame.json"):
            path = run.out / old
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    run.out.mkdir(parents=True, exist_ok=True)
    peers.prefer(run.nice)  # this program waits, but starts what is measured
    whole = True
    if run.strace:
        counts.system_calls(run, present, generate)
    elif run.instructions:
        counts.instructions(run, present, generate, frame_of_chatd(run, present["chatd"]))
    elif not run.report:
        whole = run_rounds(run, chosen, present)
    report.write(run, scenarios.scenarios(run.members, run.many), everybody, absent)
    sys.exit(0 if whole else 1)


if __name__ == "__main__":
    main()
