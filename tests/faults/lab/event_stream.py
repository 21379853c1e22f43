"""Server-sent events over the unix socket, read so that a silence is noticed: http.client cannot go on after one."""
import socket
import time


class EventStream:
    """One request. `lines(limit)` gives the lines of its body as they come, and None whenever `tick` seconds were
    silent; it ends with the stream, or after `limit` seconds of silence."""

    def __init__(self, socket_path, target, headers, limit=6.0):
        self._buffer = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(limit)
        self._socket.connect(socket_path)
        words = [f"GET {target} HTTP/1.1", "Host: localhost", "Accept: text/event-stream"]
        words += [f"{name}: {value}" for name, value in headers.items()]
        self._socket.sendall(("\r\n".join(words) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        self.status = int(head.split(b" ", 2)[1])
        self._chunked = b"transfer-encoding: chunked" in head.lower()

    def _more(self):
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the stream has ended")
        self._buffer += data

    def text(self):
        """The rest, of an answer that is no stream."""
        try:
            while True:
                self._more()
        except OSError:
            pass
        return self._buffer.decode()

    def _chunk(self):
        """The next chunk if it is all there."""
        head, separator, rest = self._buffer.partition(b"\r\n")
        if not separator:
            return None
        size = int(head.split(b";")[0], 16)
        if len(rest) < size + 2:
            return None
        self._buffer = rest[size + 2:]
        return rest[:size]

    def lines(self, limit, tick=0.5):
        self._socket.settimeout(tick)
        heard = time.monotonic()
        body = b""
        while True:
            chunk = self._chunk()
            if chunk == b"":
                return
            if chunk is not None:
                body += chunk
                *whole, body = body.split(b"\n")
                for line in whole:
                    yield line.decode()
                continue
            try:
                self._more()
                heard = time.monotonic()
            except TimeoutError:
                if time.monotonic() - heard > limit:
                    return
                yield None

    def close(self):
        self._socket.close()
