"""The few words of HTTP and Redis that the local run and the scenarios speak."""

import http.client
import json
import socket
from urllib.parse import urlencode, urlsplit


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")


class Http:
    """A client of one server, over one connection that is kept. base: "http://host:port" or
    "unix:/path". Not for use by several threads at once."""

    def __init__(self, base, timeout=10.0):
        self.base, self.timeout, self.connection = base, timeout, None
        self.token = None  # sent as bearer token when set

    def _connect(self):
        if self.base.startswith("unix:"):
            return UnixConnection(self.base[5:], self.timeout)
        parts = urlsplit(self.base)
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=self.timeout)

    def request(self, method, path, body=None, form=None, headers=None):
        """body becomes JSON, form becomes a form. OSError when there is no answer."""
        head = dict(headers or {})
        data = None
        if form is not None:
            data = urlencode(form).encode()
            head.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            head.setdefault("Content-Type", "application/json")
        if self.token:
            head.setdefault("Authorization", f"Bearer {self.token}")
        return self._send(method, path, data, head)

    def _send(self, method, path, data, head):
        kept = self.connection is not None
        if not kept:
            self.connection = self._connect()
        try:
            self.connection.request(method, path, data, head)
            answer = self.connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException) as failure:
            self.close()
            if kept and isinstance(failure, (http.client.RemoteDisconnected, BrokenPipeError)):
                return self._send(method, path, data, head)  # the server had tired of waiting
            if isinstance(failure, OSError):
                raise
            raise OSError(f"{method} {path}: broken reply: {failure!r}") from failure

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, body, **more)


class RedisError(Exception):
    """Redis answered with an error."""


class Redis:
    """One connection; a reply is a str, int, None or list of these. db is selected once."""

    def __init__(self, port, password="", db=0, host="127.0.0.1", timeout=5.0):
        self.socket = socket.create_connection((host, port), timeout)
        self.file = self.socket.makefile("rb")
        if password:
            self("AUTH", password)
        if db:
            self("SELECT", db)

    def __call__(self, *words):
        parts = [str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(parts)
                            + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
        return self._reply()

    def _reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"+":
            return rest.decode()
        if int(rest) < 0:
            return None
        if kind == b"*":
            return [self._reply() for _ in range(int(rest))]
        return self.file.read(int(rest) + 2)[:-2].decode("utf-8", "replace")

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
