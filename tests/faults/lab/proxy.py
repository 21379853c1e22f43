"""A user-space proxy for links: delays, black holes and half-open connections where the kernel offers none.

    python3 -m lab.proxy CONTROL LISTEN=TARGET…      (HOST:PORT each)

Orders are lines of JSON on the unix socket CONTROL, each answered by one line:
    {"do": "delay", "ms": 80}      every piece of data arrives so much later, in order
    {"do": "hole"}                 nothing passes and nothing is refused, new connections included
    {"do": "half_open", "side": "server"|"client"}
                                   of the connections that exist, that side's socket is closed; the other side is
                                   kept, hears nothing and is told nothing. New ones pass.
    {"do": "heal"}                 data flows again; what is half open stays so
"""
import asyncio
import json
import os
import socket
import struct
import sys

PIECE = 65536


class Path:
    """One connection through the proxy."""

    def __init__(self, rules, client, server):
        self.rules = rules
        self.client = client
        self.server = server
        self.abandoned = False  # half open: what arrives is swallowed

    async def pump(self, reader, writer):
        """Data of one direction. What is delayed waits in a queue of its own, so that pieces overtake nobody and a
        large answer is not slowed down once for each of its pieces."""
        queue = asyncio.Queue(maxsize=256)
        deliver = asyncio.create_task(self.deliver(queue, writer))
        try:
            while piece := await reader.read(PIECE):
                await queue.put((asyncio.get_running_loop().time() + self.rules.delay, piece))
        except (ConnectionError, OSError):
            pass
        await queue.put((0, b""))
        await deliver

    async def deliver(self, queue, writer):
        while True:
            due, piece = await queue.get()
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            await self.rules.passable.wait()
            if not piece:
                break
            if self.abandoned:
                continue
            try:
                writer.write(piece)
                await writer.drain()
            except (ConnectionError, OSError):
                break
        if not self.abandoned:
            writer.close()

    def abandon(self, side):
        self.abandoned = True
        writer = (self.server if side == "server" else self.client)[1]
        # Closed hard: a reset, as after a power cut and a restart of that side.
        peer = writer.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def run(self):
        both = (self.pump(self.client[0], self.server[1]), self.pump(self.server[0], self.client[1]))
        await asyncio.gather(*both)


class Rules:
    def __init__(self):
        self.delay = 0.0
        self.passable = asyncio.Event()
        self.passable.set()
        self.paths = set()

    def obey(self, order):
        what = order["do"]
        if what == "delay":
            self.delay = order["ms"] / 1000
        elif what == "hole":
            self.passable.clear()
        elif what == "half_open":
            open_ones = [path for path in self.paths if not path.abandoned]
            for path in open_ones:
                path.abandon(order["side"])
            return {"paths": len(open_ones)}
        elif what == "heal":
            self.delay = 0.0
            self.passable.set()
        else:
            raise ValueError(f"no such order: {what}")
        return {"paths": len(self.paths)}

    async def serve(self, target, reader, writer):
        await self.passable.wait()
        try:
            server = await asyncio.open_connection(*target)
        except OSError:
            writer.transport.abort()
            return
        path = Path(self, (reader, writer), server)
        self.paths.add(path)
        try:
            await path.run()
        finally:
            self.paths.discard(path)


def place(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


async def obey_control(rules, reader, writer):
    while line := await reader.readline():
        writer.write(json.dumps(rules.obey(json.loads(line))).encode() + b"\n")
        await writer.drain()
    writer.close()


async def main(control, pairs):
    rules = Rules()
    servers = []
    for pair in pairs:
        listen, target = (place(text) for text in pair.split("="))

        async def serve(reader, writer, target=target):
            await rules.serve(target, reader, writer)

        servers.append(await asyncio.start_server(serve, *listen))

    async def obey(reader, writer):
        await obey_control(rules, reader, writer)

    servers.append(await asyncio.start_unix_server(obey, control + ".new"))
    os.rename(control + ".new", control)  # from now on there is somebody behind it
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
