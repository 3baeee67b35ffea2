#!/usr/bin/env python3
"""What the README shows must run as it stands.

    readme.py python README CHATD     runs its Python against a chatd of its own
    readme.py block README LANGUAGE   prints its first block in that language
    readme.py paste README PROGRAM    puts PROGRAM into its C++ block
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time

SAID = "hello from Python"
SECONDS_MAX = 20


def blocks(text, language):
    return list(re.finditer(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit("chatd does not listen")


def run_python(readme, chatd):
    program = blocks(read(readme), "python")[0][1]
    if program.count("\n") != 8:
        sys.exit(f"the Python in the README has {program.count(chr(10))} lines, not eight")
    try:
        import websockets  # noqa: F401  (only to say what is missing)
    except ImportError:
        print("skipped: apt-get install python3-websockets")
        return 77
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, "readme.py")
        with open(script, "w", encoding="utf-8") as file:
            file.write(program.replace("127.0.0.1:8080", f"127.0.0.1:{port}"))
        server = subprocess.Popen([chatd, "--ws", f"127.0.0.1:{port}", "--open"],
                                  stdout=subprocess.DEVNULL)
        client = None
        try:
            wait_for(port)
            client = subprocess.Popen([sys.executable, "-u", script], stdout=subprocess.PIPE,
                                      text=True)
            deadline = time.monotonic() + SECONDS_MAX
            seen = []
            for line in client.stdout:
                seen.append(line)
                if '"message"' in line and SAID in line:
                    print(f"heard itself after {len(seen)} frames")
                    return 0
                if time.monotonic() > deadline:
                    break
            sys.exit("the README's Python did not hear itself:\n" + "".join(seen))
        finally:
            for process in (client, server):
                if process is not None:
                    process.kill()
                    process.wait()


def paste(readme, program):
    text = read(readme)
    block = blocks(text, "cpp")[0]
    with open(readme, "w", encoding="utf-8") as file:
        file.write(text[:block.start(1)] + read(program) + text[block.end(1):])


def main():
    what, readme = sys.argv[1:3]
    if what == "python":
        return run_python(readme, sys.argv[3])
    if what == "block":
        print(blocks(read(readme), sys.argv[3])[0][1], end="")
        return 0
    paste(readme, sys.argv[3])
    return 0


if __name__ == "__main__":
    sys.exit(main())
