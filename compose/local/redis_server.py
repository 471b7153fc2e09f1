"""A Redis of our own, for streams and carts."""

from supervisor import Program
from wire import Redis, RedisError


class RedisServer:
    def __init__(self, home, env, log):
        self.home, self.env, self.log = home, env, log
        self.port, self.password = int(env["REDIS_PORT"]), env["REDIS_PASSWORD"]

    def prepare(self):
        self.home.mkdir(parents=True, exist_ok=True)
        settings = {
            "bind": "127.0.0.1", "port": self.port, "dir": quoted(self.home), "daemonize": "no",
            "databases": 2, "appendonly": "yes", "appendfsync": self.env["REDIS_APPENDFSYNC"],
            "save": '""', "maxmemory-policy": "noeviction", "loglevel": "notice",
        }
        if self.password:
            settings["requirepass"] = quoted(self.password)
        conf = self.home / "redis.conf"  # a file, since `ps` would show a password in the arguments
        conf.touch(mode=0o600)
        conf.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))

    def program(self):
        return Program("redis", ["/usr/bin/redis-server", str(self.home / "redis.conf")], self.log,
                       env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})

    def connect(self, db=0):
        return Redis(self.port, self.password, db)

    def is_ready(self):
        try:
            with self.connect() as redis:
                return redis("PING") == "PONG"
        except (OSError, RedisError):  # not yet there, or still reading its files
            return False


def quoted(text):
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
