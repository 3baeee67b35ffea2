#!/usr/bin/python3
"""Python's websockets against a real server: sign in, join, say, read, come back, leave.

    py_client.py ws://127.0.0.1:8080/chat

Prints `ok` and exits 0, or says what was wrong and exits 1. Works with Debian 12's version 10.
"""

import asyncio
import itertools
import json
import sys
import time

import websockets

ids = itertools.count(1)


class Peer:
    """A connection that keeps the events it got while it waited for answers."""

    def __init__(self, socket):
        self.socket = socket
        self.events = []

    async def frame(self):
        return json.loads(await asyncio.wait_for(self.socket.recv(), 10))

    async def ask(self, op, **fields):
        number = next(ids)
        await self.socket.send(json.dumps({"id": number, "op": op, **fields}))
        while True:
            frame = await self.frame()
            if frame.get("id") == number:
                return frame
            self.events.append(frame)

    async def ok(self, op, **fields):
        answer = await self.ask(op, **fields)
        assert "ok" in answer, f"{op} was refused: {answer}"
        return answer["ok"]

    async def event(self, name):
        while True:
            for frame in self.events:
                if frame.get("event") == name:
                    self.events.remove(frame)
                    return frame
            self.events.append(await self.frame())


async def enter(url, user, room, **fields):
    socket = await websockets.connect(url, subprotocols=["chatroom.v1.json"])
    assert socket.subprotocol == "chatroom.v1.json", socket.subprotocol
    peer = Peer(socket)
    hello = await peer.event("hello")
    assert hello["version"] == 1 and hello["heartbeat_ms"] > 0, hello
    auth = await peer.ok("auth", user=user, nick=f"{user} 🐍")
    assert auth["user"] == user and auth["limits"]["text_bytes"] == 2048, auth
    return peer, await peer.ok("join", room=room, **fields)


async def main(url):
    room = f"py/{time.time_ns()}"
    alice, first = await enter(url, "alice", room)
    bob, second = await enter(url, "bob", room)
    assert first["epoch"] == second["epoch"] and second["online"] == 2, second

    said = ["hello", "你好 \u202e 👨🏽‍💻"]
    for offset, (peer, text) in enumerate(zip((alice, bob), said), 1):
        answer = await peer.ok("publish", room=room, text=text)
        assert answer["offset"] == offset, answer
    for peer in (alice, bob):
        seen = [await peer.event("message"), await peer.event("message")]
        assert [m["text"] for m in seen] == said, seen
        assert [m["user"] for m in seen] == ["alice", "bob"], seen
        assert [m["offset"] for m in seen] == [1, 2], seen

    refused = await bob.ask("publish", room=room, text="x" * 2049)
    assert refused["error"]["code"] == "too_large", refused

    await bob.socket.close()
    await alice.ok("publish", room=room, text="while you were away")
    place = {"epoch": first["epoch"], "offset": 2}
    bob, back = await enter(url, "bob", room, since=place)
    missed = [message["text"] for message in back["messages"]]
    assert back["recovered"] and missed == ["while you were away"], back

    await bob.ok("leave", room=room)
    await alice.ok("publish", room=room, text="gone")
    await bob.ok("ping")
    assert not [frame for frame in bob.events if frame.get("event") == "message"], bob.events

    # What two clients send at once all arrives, each sender's in order.
    await bob.ok("join", room=room)
    assert [(await alice.event("message"))["text"] for _ in range(2)] == [missed[0], "gone"]
    count = 50
    await asyncio.gather(flood(alice, "a", room, count), flood(bob, "b", room, count))
    got = [(await alice.event("message"))["text"] for _ in range(2 * count)]
    for name in "ab":
        theirs = [text for text in got if text.startswith(name)]
        assert theirs == [f"{name}{n}" for n in range(count)], got

    for peer in (alice, bob):
        await peer.socket.close()
    print("ok")


async def flood(peer, name, room, count):
    for number in range(count):
        await peer.ok("publish", room=room, text=f"{name}{number}")


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1]))
    except AssertionError as error:
        sys.exit(f"failed: {error}")
