"""What no neighbour on the machine changes: user-space instructions, and the floors' calls."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys

import peers

MEMBERS = 200
MESSAGES = (64, 320)  # two runs; what starting, joining and ending cost cancels out


def collected(run, peer, generate, burst, messages, frame_bytes):
    """Instructions of a whole run of a server under callgrind."""
    wrap = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
            "--log-file=" + str(run.out / "servers" / f"{peer.name}.callgrind.%p"))
    for old in (run.out / "servers").glob(f"{peer.name}.callgrind.*"):
        old.unlink()
    with peers.Server(peer, run.out / "servers" / peer.name, wrap, patience_s=90) as server:
        words = ["--members", str(MEMBERS), "--burst", str(burst), "--messages", str(messages),
                 "--seconds", "300", "--grace-s", "60"]
        if peer.name != "chatd":
            words += ["--frame-bytes", str(frame_bytes)]
        result = generate(run, server, peer, words)
        server.end_gently()
    if result.get("delivered", 0) != messages * MEMBERS:
        raise RuntimeError(result.get("error", "not everything came"))
    texts = [log.read_text() for log in (run.out / "servers").glob(f"{peer.name}.callgrind.*")]
    return sum(int(found) for text in texts for found in re.findall(r"Collected : (\d+)", text))


def instructions(run, present, generate, frame_bytes):
    if not shutil.which("valgrind"):
        sys.exit("compare: apt-get install valgrind")
    path = run.out / "instructions.json"
    known = json.loads(path.read_text()) if path.is_file() else {}
    only = [name for name in run.only.split(",") if name]
    for peer in present.values():
        if only and peer.name not in only:
            continue
        for burst in (1, 32):
            key = f"{peer.name}/{burst}"
            if key in known:
                continue
            try:
                few, many = (collected(run, peer, generate, burst, messages, frame_bytes)
                             for messages in MESSAGES)
                known[key] = round((many - few) / ((MESSAGES[1] - MESSAGES[0]) * MEMBERS), 1)
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                known[key] = "cannot run under valgrind"
                print(f"compare: {error}", flush=True)
            print(f"compare: instructions a delivery, {key}: {known[key]}", flush=True)
            path.write_text(json.dumps(known, indent=1) + "\n")


def system_calls(run, present, generate):
    """strace -c of both floors: one at a time, then bursts of 32, to 1,000 members."""
    if not shutil.which("strace"):
        sys.exit("compare: apt-get install strace")
    frame = json.loads((run.out / "frame.json").read_text())["frame_bytes"]
    for name in ("floor_one", "floor_merge"):
        text = ""
        for burst, messages in ((1, 30), (32, 320)):
            log = run.out / "servers" / f"{name}.strace"
            wrap = ("strace", "-c", "-o", str(log))
            with peers.Server(present[name], run.out / "servers" / name, wrap) as server:
                generate(run, server, present[name],
                         ["--members", "1000", "--burst", str(burst), "--messages", str(messages),
                          "--seconds", "300", "--grace-s", "60", "--frame-bytes", str(frame)])
                for process in server.processes():
                    if process != server.process.pid:  # that one is strace, which then sums up
                        os.kill(process, signal.SIGTERM)
                server.process.wait(20)
            text += (f"{name}: 1,000 members join, 3 messages of warming up, {messages} messages "
                     f"in bursts of {burst},\nframes of {frame} bytes\n\n{log.read_text()}\n")
        (run.tables or run.out).mkdir(parents=True, exist_ok=True)
        target = (run.tables or run.out) / f"strace_{name}.txt"
        target.write_text(text)
        print(f"compare: wrote {target}")
