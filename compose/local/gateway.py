"""nginx, rendered from gateway-nginx/nginx.conf.template for this stack."""

import os
import re
import shutil

from settings import DOMAINS, ROOT
from supervisor import Program
from wire import Http

SOURCE = ROOT / "gateway-nginx"
VARIABLE = re.compile(r"\$\{(NGINX_[A-Z_]+)\}")


def render(template, values):
    """Fills ${NGINX_...}; nginx's own $variables stay. A name without a value is a KeyError."""
    return VARIABLE.sub(lambda match: str(values[match[1]]), template)


class Gateway:
    def __init__(self, home, sockets, env, log_directory):
        self.home, self.sockets, self.env, self.logs = home, sockets, env, log_directory
        self.log = log_directory / "nginx.log"
        self.status_socket = sockets / "nginx.sock"
        self.conf = home / "nginx.conf"

    @property
    def url(self):
        return f"http://{self.env['GATEWAY_HOST']}:{self.env['GATEWAY_PORT']}"

    def values(self):
        env = self.env
        values = {
            "NGINX_LISTEN": f"{env['GATEWAY_HOST']}:{env['GATEWAY_PORT']}",
            "NGINX_STATUS_LISTEN": f"unix:{self.status_socket}",
            "NGINX_ACCESS_LOG": f"{self.logs / 'access.log'} access buffer=32k flush=1s",
            "NGINX_AUTH_PER_MINUTE": env["GATEWAY_AUTH_PER_MINUTE"],
            "NGINX_AUTH_BURST": env["GATEWAY_AUTH_BURST"],
            "NGINX_API_PER_SECOND": env["GATEWAY_API_PER_SECOND"],
            "NGINX_API_BURST": env["GATEWAY_API_BURST"],
            "NGINX_CORS_ORIGIN": env["GATEWAY_CORS_ORIGIN"],
            "NGINX_DOCS": SOURCE / "docs",
        }
        for domain in DOMAINS:
            values[f"NGINX_{domain.upper()}"] = f"unix:{self.sockets / domain}.sock"
        return values

    def prepare(self):
        shutil.rmtree(self.home / "temp", ignore_errors=True)
        (self.home / "temp").mkdir(parents=True)
        (self.home / "routes").mkdir(exist_ok=True)
        values = self.values()
        for source in (SOURCE / "nginx.conf.template", *(SOURCE / "routes").glob("*.conf")):
            target = self.home / source.relative_to(SOURCE).with_suffix("").with_suffix(".conf")
            target.write_text(render(source.read_text("utf-8"), values))

    def program(self):
        # Workers of a master that is root would be nobody, who cannot reach sockets below /root.
        who = "user root root; " if os.geteuid() == 0 else ""
        argv = ["/usr/sbin/nginx", "-e", "stderr", "-p", str(self.home), "-c", str(self.conf),
                "-g", who + "daemon off;"]
        return Program("nginx", argv, self.log, env={"PATH": "/usr/sbin:/usr/bin:/bin"},
                       before=lambda: self.status_socket.unlink(missing_ok=True))

    def is_ready(self):
        client = Http(f"unix:{self.status_socket}", timeout=1)
        try:
            return client.get("/readyz").status == 200
        except OSError:
            return False
        finally:
            client.close()
