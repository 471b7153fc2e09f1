"""An order's story as the streams tell it, and who heard each part of it, from the services' logs."""

import json
from datetime import datetime
from pathlib import Path

DB = 1  # of Redis, where the streams are


def stream_names(redis):
    names, cursor = set(), "0"
    while True:
        cursor, found = redis("SCAN", cursor, "MATCH", "stream:*", "COUNT", 1000, "TYPE", "stream")
        names |= set(found)
        if cursor == "0":
            return sorted(names)


def ends(redis):
    """The last id of every stream: where to read on from."""
    last = {}
    for name in stream_names(redis):
        entries = redis("XREVRANGE", name, "+", "-", "COUNT", 1)
        last[name] = entries[0][0] if entries else "0-0"
    return last


def events_about(redis, subject, since):
    """Entries of all streams that are about it, in the order of their times."""
    found = []
    for name in stream_names(redis):
        start = f"({since[name]}" if name in since else "-"
        for entry, flat in redis("XRANGE", name, start, "+"):
            fields = dict(zip(flat[::2], flat[1::2]))
            if fields.get("subject") == subject:
                found.append(fields | {"stream": name, "entry": entry, "at": moment(fields["time"])})
    return sorted(found, key=lambda event: event["at"])


def moment(text):
    """Seconds since 1970 of an RFC 3339 time, or of microseconds."""
    if isinstance(text, (int, float)) or text.isdigit():
        return int(text) / 1e6
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Listeners:
    """Reads on in the services' logs: (stream, entry) -> [(service, when)]."""

    def __init__(self, logs):
        self.offsets = {path: path.stat().st_size for path in Path(logs).glob("*.log")}
        self.heard = {}

    def read_on(self, subject):
        """Returns whether something about the subject was new."""
        grown = False
        for path, offset in self.offsets.items():
            with open(path, "rb") as log:
                log.seek(offset)
                text = log.read()
            text = text[:text.rfind(b"\n") + 1]
            self.offsets[path] = offset + len(text)
            for line in text.splitlines():
                if b'"hear.absorbed"' in line and subject.encode() in line:
                    grown |= self._note(line, subject)
        return grown

    def _note(self, line, subject):
        try:
            said = json.loads(line)
        except ValueError:
            return False
        if said.get("event") != "hear.absorbed" or said.get("subject") != subject:
            return False
        who = self.heard.setdefault((said["stream"], said["entry"]), [])
        who.append((said.get("service", "?"), moment(said["ts"])))
        return True


def groups(redis, streams):
    """Who has got how far, by the mirrors that listeners keep: stream -> [(service, id)]."""
    found = {}
    for stream in streams:
        rows = [dict(zip(flat[::2], flat[1::2])) for flat in redis("XINFO", "GROUPS", stream)]
        found[stream] = [(row["name"], row["last-delivered-id"]) for row in rows]
    return found


def position(entry):
    return tuple(int(part) for part in entry.split("-"))


def ears_of(event, heard, mirrors):
    """Who absorbed it, and when as far as the logs say."""
    logged = sorted(heard.get((event["stream"], event["entry"]), []), key=lambda pair: pair[1])
    if logged:
        return ", ".join(f"{name} {(when - event['at']) * 1000:.1f}" for name, when in logged)
    passed = [name for name, last in mirrors.get(event["stream"], [])
              if position(last) >= position(event["entry"])]
    return ", ".join(f"{name} ?" for name in sorted(passed)) or "-"


def table(events, heard, mirrors, started):
    """Lines of text; `started` is when the order was sent."""
    yield (f"{'ms':>8} {'+ms':>7}  {'stream':<17} {'id':<14} {'event':<20} {'said by':<9} "
           "absorbed by (ms later)")
    before = started
    for event in events:
        yield (f"{(event['at'] - started) * 1000:8.1f} {(event['at'] - before) * 1000:7.1f}  "
               f"{event['stream']:<17} {event['entry']:<14} {event['type']:<20} "
               f"{event['source'].lstrip('/'):<9} {ears_of(event, heard, mirrors)}")
        before = event["at"]
