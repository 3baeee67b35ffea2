"""The servers that are compared: how each is found, started and spoken to."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = str(CORES[0]), str(CORES[-1])


class Peer:
    """`command`: words, in which @port@ and @dir@ are filled in, and @conf@ is the name of the
    filled-in copy of `conf`. `version`: a command, and what to look for in its output."""

    def __init__(self, name, label, protocol, command, conf=None, version=None):
        self.name, self.label, self.protocol = name, label, protocol
        self.command, self.conf, self.version_of = command, conf, version
        self.node_modules = None
        self.workers = 0  # processes that it starts itself and that must be there
        self._version = None

    def missing(self):
        """Why it cannot run here, or None."""
        if not shutil.which(self.command[0]):
            return f"{self.command[0]} is not installed"
        if self.node_modules:
            package, folder = self.version_of, self.node_modules
            if not (folder / package / "package.json").is_file():
                return f"npm did not install {package}"
        if self.name == "nchan" and not nchan_module():
            return "libnginx-mod-nchan is not installed"
        return None

    def version(self):
        if self._version is None:
            self._version = self.read_version()
        return self._version

    def read_version(self):
        if self.node_modules:
            text = (self.node_modules / self.version_of / "package.json").read_text()
            return re.search(r'"version": *"([^"]+)"', text).group(1)
        if not self.version_of:
            return ""
        words, pattern = self.version_of
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        found = re.search(pattern, done.stdout)
        return found.group(1) if found else "?"


def nchan_module():
    return next((path for path in (pathlib.Path("/usr/lib/nginx/modules/ngx_nchan_module.so"),
                                   pathlib.Path("/usr/share/nginx/modules/ngx_nchan_module.so"))
                 if path.is_file()), None)


def all_peers(build, node):
    dpkg = ["dpkg-query", "-W", "-f", "${Version}"]
    floor = [str(build / "benchmarks/compare_floor"), "--port", "@port@"]
    chatd = str(build / "examples/chatd")
    peers = [
        Peer("chatd", "chatd", "chatd",
             # The publisher's role stands in each frame: it must not depend on who joins first.
             [chatd, "--ws", "127.0.0.1:@port@", "--open", "--unlimited", "--owner", "m0",
              "--drain-s", "0"]),
        Peer("floor_one", "floor, one send a delivery", "websocket", floor),
        Peer("floor_merge", "floor, one send a member and pass", "websocket", floor + ["--merge"]),
        Peer("redis", "Redis pub/sub", "redis",
             ["redis-server", "--port", "@port@", "--bind", "127.0.0.1", "--save", "",
              "--appendonly", "no", "--maxclients", "15000", "--tcp-backlog", "4096",
              "--client-output-buffer-limit", "pubsub", "0", "0", "0", "--dir", "@dir@"],
             version=(["redis-server", "--version"], r"v=([0-9.]+)")),
        Peer("nats", "NATS server", "nats", ["nats-server", "-a", "127.0.0.1", "-p", "@port@"],
             version=(["nats-server", "--version"], r"v([0-9.]+)")),
        Peer("nchan", "nginx with nchan", "nchan", ["nginx", "-p", "@dir@", "-c", "@conf@"],
             conf="nginx.conf", version=(dpkg + ["libnginx-mod-nchan"], r"(?:\d+:)?([0-9.]+)")),
        Peer("mosquitto", "Mosquitto", "mqtt", ["mosquitto", "-c", "@conf@"],
             conf="mosquitto.conf", version=(["mosquitto", "-h"], r"version ([0-9.]+)")),
        Peer("ws", "Node ws", "websocket", ["node", str(HERE / "peers/ws.js"), "@port@"],
             version="ws"),
        Peer("socketio", "Socket.IO", "socketio",
             ["node", str(HERE / "peers/socketio.js"), "@port@"], version="socket.io"),
    ]
    for peer in peers:
        if peer.command[0] == "node":
            peer.node_modules = node / "node_modules"
        if peer.name == "nchan":
            peer.workers = 1
    return peers


class Server:
    """A peer as a running process on its core; ends with the `with` block."""

    ports = iter(range(21_000, 60_000))

    def __init__(self, peer, folder, wrap=(), nice=0, patience_s=20):
        self.port = next(port for port in self.ports if free(port))
        fill = {"@port@": str(self.port), "@dir@": str(folder)}
        folder.mkdir(parents=True, exist_ok=True)
        if peer.conf:
            conf = (HERE / "peers" / peer.conf).read_text()
            if peer.name == "nchan":
                conf = conf.replace("modules/ngx_nchan_module.so", str(nchan_module()))
            path = folder / peer.conf
            path.write_text(filled(conf, fill))
            fill["@conf@"] = str(path)
        words = [filled(word, fill) for word in peer.command]
        environment = dict(os.environ)
        if peer.node_modules:
            environment["NODE_PATH"] = str(peer.node_modules)
        self.log = folder / f"{peer.name}.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(["taskset", "-c", SERVER_CORE, *wrap, *words],
                                            stdout=log, stderr=log, env=environment,
                                            start_new_session=True,
                                            preexec_fn=lambda: prefer(nice))
        end = time.monotonic() + patience_s
        while free(self.port) or len(self.processes()) <= peer.workers:
            if self.process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                raise RuntimeError(f"{peer.name} does not start: see {self.log}")
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def end_gently(self, patience_s=60):
        """As an operator would, so that what watches it can write its sums."""
        os.kill(self.process.pid, signal.SIGTERM)
        self.process.wait(patience_s)

    def processes(self):
        """Its own id and its children's."""
        out = []
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[3]) == self.process.pid:  # of the same session
                out.append(int(stat.parent.name))
        return out


def prefer(nice):
    """Sets this process' place among others; Linux may weigh whole sessions, which this one is."""
    if nice:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
        try:
            pathlib.Path("/proc/self/autogroup").write_text(str(nice))
        except OSError:
            pass  # a kernel without session groups


def filled(text, fill):
    for word, value in fill.items():
        text = text.replace(word, value)
    return text


def free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
