"""Points in the sources at which a service ends itself (kill -9), once: see lib/base/failpoint.h."""
import re

from kit.failed import wait_until
from settings import ROOT

IN_SOURCES = re.compile(r'\bFAILPOINT\("([^"]*)"\);')
HIT = '"event":"failpoint.hit",'


def points_in_sources():
    """All there are; as often as they are there."""
    sources = [*sorted(ROOT.glob("lib/*/*.c")), *sorted(ROOT.glob("workers/*/*.c"))]
    return [point for source in sources for point in IN_SOURCES.findall(source.read_text("utf-8"))]


class Failpoint:
    """Armed from the start: the service is started anew with it, and will be again with it when it has died there."""

    def __init__(self, shop, service, point, **env):
        """env: further settings for this service alone."""
        self.shop, self.service, self.point = shop, service, point
        self.marker = shop.directory / f"failpoint.{service}.{point}"
        with shop.lock:
            shop.killed[service] = shop.killed.get(service, 0) + 1
        shop.stack.restart(service, env=env | {"FAILPOINT": f"{point}@{self.marker}"})

    def wait_passed(self):
        """Until it has died there and serves again."""
        wait_until(self.marker.exists, f"{self.service} to pass {self.point}")
        wait_until(lambda: self.n_hits() > 0, f"{self.service} to die at {self.point}")
        self.shop.stack.wait_ready(self.service)

    def n_hits(self):
        log = self.shop.stack.log_path(self.service).read_text("utf-8", "replace")
        return sum(HIT in line and f'"point":"{self.point}"' in line for line in log.splitlines())
