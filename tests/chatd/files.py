"""What chatd writes for its operator: --sessions, --audit, --copies, --trace and /inspect; and what
it reads: --profiles, --blocks.

    files.py CHATD

Two people meet in a room, one is refused and one is kicked; then each file must say so.
"""
import base64
import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request


class Client:
    """A WebSocket client, as small as it can be."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            (f"GET /chat HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
             f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Protocol: chatroom.v1.json\r\n\r\n").encode())
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.take()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 101"), head
        self.last_id = 0

    def take(self):
        more = self.socket.recv(65536)
        assert more, "the server closed"
        return more

    def need(self, size):
        while len(self.rest) < size:
            self.rest += self.take()

    def next(self):
        self.need(2)
        kind, size, at = self.rest[0] & 15, self.rest[1] & 127, 2
        if size == 126:
            self.need(4)
            size, at = struct.unpack(">H", self.rest[2:4])[0], 4
        self.need(at + size)
        payload, self.rest = self.rest[at:at + size], self.rest[at + size:]
        return json.loads(payload) if kind == 1 else {}

    def ask(self, **command):
        self.last_id += 1
        text = json.dumps({"id": self.last_id, **command}).encode()
        short = len(text) < 126
        head = struct.pack(">BB", 0x81, 0x80 | (len(text) if short else 126))
        head += b"" if short else struct.pack(">H", len(text))
        self.socket.sendall(head + bytes(4) + text)  # a mask of zeros masks nothing
        while True:
            event = self.next()
            if event.get("id") == self.last_id:
                return event


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait(what, done):
    for _ in range(200):
        found = done()
        if found:
            return found
        time.sleep(0.05)
    sys.exit(f"{what}: did not come")


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.read().decode()


def reachable(port):
    try:
        return get(port, "/healthz")
    except OSError:
        return None


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def check(good, what):
    if not good:
        sys.exit(f"wrong: {what}")


def meet(port, folder):
    ann, bob = Client(port), Client(port)
    ann.ask(op="auth", user="ann", token="")
    bob.ask(op="auth", user="bob", token="")
    for one in (ann, bob):
        check("ok" in one.ask(op="join", room="r"), "join")
    check("ok" in ann.ask(op="publish", room="r", text='he said "hi"'), "publish")
    (folder / "trace").write_text("bob\n")
    log = folder / "log"
    # The file is looked at a few times a second.
    wait("a trace", lambda: bob.ask(op="ping") and "trace bob" in log.read_text())
    no = bob.ask(op="kick", room="r", user="ann")["error"]
    check(no["verdict"] > 0 and no["rule"] == "rank", no)
    check("ok" in ann.ask(op="kick", room="r", user="bob", reason="enough"), "kick")
    bob.socket.close()
    page = json.loads(get(port, "/inspect"))
    ann.ask(op="leave", room="r")
    ann.socket.close()
    return no, page


def profile_line(user, data):
    return json.dumps({"user": user, "data": data}) + "\n"


def wait_log(folder, text):
    wait(text, lambda: text in (folder / "log").read_text())


def check_profiles(port, folder):
    # Names differ from step to step: what was shown once is shown again for some seconds.
    ann = Client(port)
    ann.ask(op="auth", user="ann", token="")
    data = {"about": "says \"hi\" \u00e4", "level": 7}
    check(ann.ask(op="profile", user="zoe")["ok"] == {"data": data}, "a profile")
    check(ann.ask(op="profile", user="nobody")["error"]["code"] == "not_found", "no profile")
    path = folder / "profiles"
    path.write_text(profile_line("kim", 1) + "nonsense\n")
    wait_log(folder, "profiles:2: not a line")
    check(ann.ask(op="profile", user="kim")["error"]["code"] == "not_found", "half a file")
    path.write_text(profile_line("lea", "x" * 1022) + profile_line("mia", [1]) +
                    profile_line("kim", 2))
    wait_log(folder, "profiles: profiles: 3")
    check(ann.ask(op="profile", user="lea")["ok"]["data"] == "x" * 1022, "a long one")
    check(ann.ask(op="profile", user="mia")["ok"]["data"] == [1], "a list")
    check(ann.ask(op="profile", user="ned")["error"]["code"] == "not_found", "one that went")
    ann.socket.close()


def refuses_profiles(folder):
    path = folder / "bad"
    for text, why in (
            (profile_line("a", "x" * 1023), ":1: data of more than 1,024 bytes"),
            (profile_line("a", 1) + "# aside\n\n" + profile_line("a", 2), ":4: this user"),
            (profile_line("a", "x" * 5000), ":1: longer than 4,096 bytes"),
            ('{"user":"a"}', ":1: not a line"),
            ('{"data":{}}', ":1: not a line"),
            (profile_line("a", None), ":1: not a line"),
            ('{"user":"a","data":{}', ":1: not a line"),
            ('{"user":"' + "u" * 65 + '","data":{}}', ":1: not a line"),
            ("[]", ":1: not a line"),
            ('{"user":"a","data":"\udcff"}', ":1: not a line")):
        path.write_text(text, errors="surrogateescape")
        ended = subprocess.run([sys.argv[1], "--open", "--ws=127.0.0.1:0", f"--profiles={path}"],
                               stderr=subprocess.PIPE, timeout=20, check=False)
        check(ended.returncode == 1 and f"{path}{why}" in ended.stderr.decode(), (text[:40], ended))


def check_files(folder, no, page):
    said = [(one["event"], one.get("user"), one.get("room")) for one in lines(folder / "sessions")]
    check(sorted(said, key=str) == sorted([
        ("login", "ann", None), ("login", "bob", None), ("join", "ann", "r"), ("join", "bob", "r"),
        ("leave", "bob", "r"), ("logout", "bob", None), ("leave", "ann", "r"),
        ("logout", "ann", None)], key=str), said)
    first = lines(folder / "sessions")[0]
    check(first["time"] > 1_600_000_000_000 and "." in first["session"], first)
    left = [one for one in lines(folder / "sessions") if one["event"] == "leave"]
    check({one["user"]: one["reason"] for one in left} == {"ann": "left", "bob": "kicked"}, left)
    gone = [one for one in lines(folder / "sessions") if one["event"] == "logout"]
    check(all(one["code"] > 0 for one in gone), gone)

    audit = lines(folder / "audit")
    check([(one["action"], one["by"], one["user"], one["text"]) for one in audit] ==
          [("kick", "ann", "bob", "enough")], audit)

    copies = lines(folder / "copies")
    check([one["event"] for one in copies] ==
          ["joined", "joined", "message", "moderated", "left", "left"], copies)
    check(copies[2]["text"] == 'he said "hi"' and copies[2]["offset"] == 1, copies[2])

    log = (folder / "log").read_text()
    for line in ("command kick", "refused kick", "in r forbidden by rank, verdict", "told",
                 "closed"):
        check(any("trace bob" in one and line in one for one in log.splitlines()), line)
    check("trace ann" not in log, "somebody else is traced")

    check(page["by_bytes"][0]["room"] == "r" and page["by_bytes"][0]["online"] == 1, page)
    refusal = page["refusals"][0]
    check(refusal["verdict"] == no["verdict"] and refusal["user"] == "bob", refusal)
    check(refusal["op"] == "kick" and refusal["rule"] == "rank" and "role" in refusal["why"],
          refusal)


@contextlib.contextmanager
def running(folder, *options):
    """A chatd whose log goes to the file `log`."""
    port = free_port()
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen([sys.argv[1], "--open", f"--ws=127.0.0.1:{port}", "--drain-s=0",
                                   *options], stderr=log)
        try:
            wait("chatd", lambda: reachable(port))
            yield port
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(10)


def check_rates(folder):
    """Lines that come faster than they may are counted, and none is missing without a word."""
    with running(folder, "--log-level=debug", "--log-per-s=3", f"--sessions={folder / 'many'}",
                 "--sessions-per-s=5") as port:
        for number in range(20):
            one = Client(port)
            one.ask(op="auth", user=f"u{number}", token="")
            one.socket.close()
        wait("all logouts", lambda: "sessions 0" in get(port, "/metrics"))
    told = lines(folder / "many")
    written = [one for one in told if "event" in one]
    lost = sum(one.get("lost", 0) for one in told)
    check(lost > 0 and len(written) + lost == 40, (len(written), lost))
    per_second = collections.Counter(one["time"] // 1000 for one in written)
    check(max(per_second.values()) <= 5, per_second)
    log = (folder / "log").read_text()
    left_out = [int(n) for n in re.findall(r"warn  (\d+) lines were left out", log)]
    plain = re.findall(r"(?:debug|info ) (.*)", log)
    closed = sum("session of" in line for line in plain)
    check(left_out and closed < 20, log)
    # Every session's end, the start's two lines and the end's two are there or counted.
    check(len(plain) + sum(left_out) == 24, log)


def check_blocks(folder):
    path = folder / "blocks"
    names = ("ann", "bob", "cat", "dan")

    def people(port):
        all_of_them = [Client(port) for _ in names]
        for name, one in zip(names, all_of_them):
            one.ask(op="auth", user=name, token="")
        return all_of_them

    def whispers(reader, *writers):
        """Who of these is heard by that one; the last one is."""
        for one in writers:
            check("ok" in one.ask(op="send_to", user=reader.user, text="psst"), "send_to")
        heard = []
        while not heard or heard[-1] != writers[-1].user:
            event = reader.next()
            heard += [event["user"]] if event.get("event") == "direct" else []
        return heard

    for turn in range(3):
        with running(folder, f"--blocks={path}") as port:
            ann, bob, cat, dan = everybody = people(port)
            for name, one in zip(names, everybody):
                one.user = name
            if turn == 0:
                for other in ("bob", "eve", "cat"):
                    check("ok" in ann.ask(op="block", user=other), "block")
                check("ok" in ann.ask(op="unblock", user="cat"), "unblock")
                check("ok" in dan.ask(op="shield"), "shield")
            check(whispers(ann, bob, cat) == ["cat"], "who is blocked")
            check(whispers(cat, ann, bob) == ["ann", "bob"], "who is not")
            if turn == 1:
                check("ok" in dan.ask(op="unblock"), "no shield")
            if turn == 2:
                check(whispers(dan, ann) == ["ann"], "no shield")
            for one in everybody:
                one.socket.close()
        if turn == 0:
            with open(path, "ab") as file:
                file.write(b"unblock\tann\tbo")  # whoever wrote that was ended
    check(path.read_text().splitlines()[:2] == ["block\tann\tbob", "block\tann\teve"], path)
    check("shield\tdan" not in path.read_text().splitlines()[:3], path)
    for text in ("block\tann\n", "shield\tann\tbob\n", "unknown\ta\tb\n", "block\t\tb\n", "x\n"):
        path.write_text("block\ta\tb\n" + text)
        ended = subprocess.run([sys.argv[1], "--open", "--ws=127.0.0.1:0", f"--blocks={path}"],
                               stderr=subprocess.PIPE, timeout=20, check=False)
        check(ended.returncode == 1 and b"blocks:2: not a line" in ended.stderr, (text, ended))


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        files = [f"--{one}={folder / one}" for one in ("sessions", "audit", "copies", "trace")]
        with running(folder, "--inspect", "--owner=ann", *files) as port:
            no, page = meet(port, folder)
            wait("two logouts", lambda: len(lines(folder / "sessions")) == 8)
            metrics = get(port, "/metrics")
            check("chatroom_slow_work_total 6" in metrics, metrics)
            check("chatroom_slow_work_lost_total 0" in metrics, metrics)
        check_files(folder, no, page)
        refuses_profiles(folder)
        (folder / "profiles").write_text(
            "# people\n\n" + profile_line("zoe", {"about": "says \"hi\" \u00e4", "level": 7}) +
            profile_line("ned", 1))
        with running(folder, f"--profiles={folder / 'profiles'}") as port:
            check_profiles(port, folder)
        check_rates(folder)
        check_blocks(folder)
    print("chatd: its files say what happened")


main()
