#!/usr/bin/env python3
"""Real chat through real sockets: every recorded trace, said by a crowd in one room of a chatd, must
reach every member once and in order, and the server's own account must balance.

    traces.py CHATD REPLAY FOLDER

Where FOLDER has no traces, a made-up crowd of the same shape stands in, and the run says so.
"""

import json
import os
import re
import subprocess
import sys
import urllib.request

MEMBERS = 60
LINES_MAX = 3000  # of one trace
PER_SECOND = 1500
SEEDS = (7, 8, 9)


class Server:
    def __init__(self, program):
        command = [program, "--open", "--unlimited", "--ws", "127.0.0.1:0", "--tcp", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.ports = {}
        for line in self.process.stderr:
            found = re.search(r"listening on (ws|tcp) .*:(\d+)", line)
            if found:
                self.ports[found[1]] = int(found[2])
            if len(self.ports) == 2:
                return
        raise SystemExit("chatd did not start")

    def account(self):
        """{class: {fate: entries}}"""
        url = f"http://127.0.0.1:{self.ports['ws']}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            text = answer.read().decode()
        rows = {}
        pattern = r'^chatroom_entries\{class="(\w+)",fate="(\w+)"\} (\d+)$'
        for kind, fate, count in re.findall(pattern, text, re.MULTILINE):
            rows.setdefault(kind, {})[fate] = int(count)
        return rows

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=30)
        return self.process.returncode


def pace_of(path):
    """How many times faster than it was, to be through in time."""
    with open(path, encoding="utf-8") as file:
        times = [json.loads(line)["t_ms"] for line, _ in zip(file, range(LINES_MAX))]
    return max(1.0, (times[-1] - times[0]) / 1000 / (len(times) / PER_SECOND))


def run(server, program, script):
    command = [program, *script, "--members", str(MEMBERS), "--transport", "both", "--json",
               "--room", f"traces/{os.path.basename(script[1])}"[:64],
               "--ws", f"127.0.0.1:{server.ports['ws']}",
               "--tcp", f"127.0.0.1:{server.ports['tcp']}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    lines = done.stdout.splitlines()
    if not lines:
        return False, f"exit {done.returncode}: {done.stderr.strip()[-300:]}"
    told = json.loads(lines[-1])
    good = done.returncode == 0 and told["sent"] > 0 and told["delivered"] == told["sent"] * MEMBERS
    return good, f"{told['sent']} sent, {told['skipped']} skipped, {told['lost']} lost, " \
                 f"{told['duplicated']} doubled, {told['reordered']} out of order, " \
                 f"p99 {told['p99_us'] / 1000:.1f} ms"


def scripts(folder):
    found = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for name in found:
        if name.endswith(".jsonl"):
            path = os.path.join(folder, name)
            yield name, ["--trace", path, "--speed", str(pace_of(path)), "--lines", str(LINES_MAX)]
    if not any(name.endswith(".jsonl") for name in found):
        print(f"no traces in {folder}: a made-up crowd stands in")
        for seed in SEEDS:
            yield f"crowd {seed}", ["--generate", str(seed), "--rate", "8", "--speed", "60",
                                    "--seconds", "5"]


def main():
    chatd, replay, folder = sys.argv[1:]
    server = Server(chatd)
    failed = 0
    try:
        for name, script in scripts(folder):
            good, told = run(server, replay, script)
            print(f"{'ok  ' if good else 'FAIL'} {name}: {told}", flush=True)
            failed += not good
        for kind, fates in server.account().items():
            admitted = fates.pop("admitted")
            if admitted != sum(fates.values()):
                print(f"FAIL the account of {kind}: {admitted} admitted, but {fates}")
                failed += 1
    finally:
        code = server.stop()
    if code != 0:
        print(f"FAIL chatd ended with {code}")
        failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
