#!/usr/bin/env python3
"""Compares gateway-nginx/docs/ with the code and with tests/contracts/: says where they differ, and exits with 1.

The HTTP API: every public route of every service is an operation of openapi.yaml, with that route's need for a token,
and nothing else is; its examples fit its schemas. The events: every contract fits the payload of its message in
asyncapi.yaml exactly, every type that the code names has a contract, and who tells and hears what is as in the code.
"""
import json
import pathlib
import re
import sys

try:
    import yaml
except ImportError:
    sys.exit("python3-yaml is missing: `make setup-test` installs it")

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "gateway-nginx/docs"
SERVICES = sorted(main.parent.name for main in ROOT.glob("workers/*/main.c") if main.parent.name != "midtrans_sim")

# Names of the same shape as an event's that no service tells, and why they stand in the code.
NO_EVENTS = {
    "CancelRequested": "an order's own decision, in no stream",
    "DeliveryShipped": "order's saga is ready for deliveries; no service makes any",
    "DeliverySuccess": "as above",
    "DeliveryFailed": "as above",
    "DeliveryReturned": "as above",
}

differences = []


def differ(where, what):
    differences.append(f"{where}: {what}")


# ---- schemas: the part of JSON Schema that the documents use; another keyword is a mistake here ----

NOTES = {"description", "default", "example", "examples", "deprecated", "title"}
TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
}
FORMATS = {
    "date-time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"),
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
    "email": re.compile(r"\S+@\S+$"),
    "uri": re.compile(r"[a-z]+:\S+$"),
    "uri-reference": re.compile(r"\S+$"),
    "int64": None,
    "password": None,
}
BOUNDS = {
    "minimum": lambda v, n: v >= n,
    "maximum": lambda v, n: v <= n,
    "minLength": lambda v, n: len(v) >= n,
    "maxLength": lambda v, n: len(v) <= n,
    "minItems": lambda v, n: len(v) >= n,
    "maxItems": lambda v, n: len(v) <= n,
    "pattern": lambda v, p: re.search(p, v) is not None,
}
BOUNDED = {"minimum": int, "maximum": int, "minLength": str, "maxLength": str, "minItems": list, "maxItems": list,
           "pattern": str}


class Schemas:
    """Says what is wrong with a value. `exact`: members that a schema does not name are wrong too."""

    def __init__(self, document, exact=False):
        self.document, self.exact = document, exact

    def at(self, ref):
        found = self.document
        for part in ref.removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found

    def resolved(self, thing):
        while isinstance(thing, dict) and "$ref" in thing:
            thing = self.at(thing["$ref"])
        return thing

    def misfits(self, value, schema, where=""):
        for keyword, wanted in schema.items():
            if keyword == "$ref":
                yield from self.misfits(value, self.at(wanted), where)
            elif keyword == "allOf":
                for part in wanted:
                    yield from self.misfits(value, part, where)
            elif keyword == "anyOf":
                if all(list(self.misfits(value, part, where)) for part in wanted):
                    yield f"{where or 'it'} fits none of anyOf"
            elif keyword not in NOTES:
                yield from self.misfit(value, keyword, wanted, where)

    def misfit(self, value, keyword, wanted, where):
        name = where or "it"
        if keyword == "type":
            types = wanted if isinstance(wanted, list) else [wanted]
            if not any(TYPES[t](value) for t in types):
                yield f"{name} is no {' or '.join(types)}"
        elif keyword in ("enum", "const"):
            if value not in (wanted if keyword == "enum" else [wanted]):
                yield f"{name} is {value!r}, not {wanted!r}"
        elif keyword == "format":
            if wanted not in FORMATS:
                yield f"{name}: this check does not know the format {wanted}"
            elif FORMATS[wanted] and isinstance(value, str) and not FORMATS[wanted].match(value):
                yield f"{name} is no {wanted}: {value!r}"
        elif keyword in BOUNDS:
            if isinstance(value, BOUNDED[keyword]) and not BOUNDS[keyword](value, wanted):
                yield f"{name} is beyond {keyword} {wanted}: {value!r}"
        elif keyword in ("required", "properties", "items"):
            yield from self.members(value, keyword, wanted, where)
        else:
            yield f"{name}: this check does not know the keyword {keyword}"

    def members(self, value, keyword, wanted, where):
        if keyword == "items" and isinstance(value, list):
            for i, item in enumerate(value):
                yield from self.misfits(item, wanted, f"{where}[{i}]")
        elif keyword == "required" and isinstance(value, dict):
            for member in wanted:
                if member not in value:
                    yield f"{where or 'it'} has no member {member}"
        elif keyword == "properties" and isinstance(value, dict):
            for member, inner in value.items():
                if member in wanted:
                    yield from self.misfits(inner, wanted[member], f"{where}.{member}".lstrip("."))
                elif self.exact:
                    yield f"{where or 'it'} has a member {member} that the schema does not name"


class Loader(yaml.SafeLoader):
    """YAML in which no key stands twice: the second would hide the first."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in {key for key in keys if keys.count(key) > 1}:
            differ(node.start_mark.name, f"line {node.start_mark.line + 1}: {key} stands twice")
        return super().construct_mapping(node, deep)


def load(name):
    with open(DOCS / name, encoding="utf-8") as file:
        return yaml.load(file, Loader)


# ---- what the code says ----

def source(service):
    return {path.name: path.read_text("utf-8") for path in sorted((ROOT / "workers" / service).glob("*.[ch]"))}


def table(text, name):
    """The rows of a table in a main.c, from its name to its end."""
    found = re.search(name + r"\[\]\s*=\s*\{(.*?)\};", text, re.S)
    return found[1] if found else ""


def routes():
    """(method, path) -> (where, its AUTH_...), as the services' tables and the gateway have them."""
    found = {}
    for service in SERVICES:
        rows = table(source(service)["main.c"], r"struct route routes")
        for method, pattern, auth in re.findall(r'\{"(\w+)",\s*"([^"]+)",\s*(AUTH_\w+)', rows):
            if auth != "AUTH_INTERNAL":
                path = re.sub(r":(\w+)", r"{\1}", pattern)
                found[method, path] = f"workers/{service}/main.c", auth
    gateway = (ROOT / "gateway-nginx/routes/api.conf").read_text("utf-8")
    for path, body in re.findall(r"^location = (/api/v1/\S+) \{(.*?)\}$", gateway, re.S | re.M):
        if "proxy_pass" not in body:
            found["GET", path] = "gateway-nginx/routes/api.conf", "AUTH_NONE"
    return found


def streams(service, name):
    """The streams of one of main.c's tables, whether written out or by a name defined in a header."""
    files = source(service)
    defined = dict(re.findall(r'#define (\w+) "(stream:\w+)"', "\n".join(files.values())))
    words = re.findall(r'"(stream:\w+)"|\b([A-Z_]*STREAM[A-Z_]*)\b', table(files["main.c"], name))
    return {literal or defined[word] for literal, word in words}


def named_types(service):
    """Everything in quotes that has the shape of an event's type -> the file it stands in."""
    return {name: f"workers/{service}/{file}" for file, text in source(service).items()
            for name in re.findall(r'"((?:[A-Z][a-z]+){2,})"', text)}


# ---- the HTTP API ----

def needs(document, operation):
    security = operation.get("security", document["security"])
    if not security:
        return "AUTH_NONE"
    return "AUTH_OPTIONAL" if {} in security else "AUTH_USER"


def compare_operation(document, schemas, name, auth):
    method, path = name
    item = document["paths"][path]
    operation = item[method.lower()]
    where = f"openapi.yaml: {method} {path}"
    told = [schemas.resolved(p) for p in item.get("parameters", []) + operation.get("parameters", [])]
    if needs(document, operation) != auth.replace("ADMIN", "USER"):
        differ(where, f"its security does not fit {auth} in the route table")
    if auth == "AUTH_ADMIN" and "403" not in operation["responses"]:
        differ(where, "only an admin may: it answers 403 too")
    if {p["name"] for p in told if p["in"] == "path"} != set(re.findall(r"\{(\w+)\}", path)):
        differ(where, "its path parameters are not those of the path")


def compare_routes(document):
    schemas = Schemas(document)
    told = {(method.upper(), path) for path, item in document["paths"].items() for method in item
            if method in ("get", "put", "post", "patch", "delete")}
    there = routes()
    for method, path in sorted(there.keys() - told):
        differ("openapi.yaml", f"{method} {path} of {there[method, path][0]} is missing")
    for method, path in sorted(told - there.keys()):
        differ("openapi.yaml", f"{method} {path} is in no route table")
    for name in sorted(told & there.keys()):
        compare_operation(document, schemas, name, there[name][1])
    names = [op["operationId"] for item in document["paths"].values() for op in item.values() if isinstance(op, dict)]
    for name in {name for name in names if names.count(name) > 1}:
        differ("openapi.yaml", f"operationId {name} stands twice")
    return len(told)


def examples(schemas, thing, where):
    """(where, example, its schema) of all media types, parameters and schemas below."""
    if isinstance(thing, list):
        for i, inner in enumerate(thing):
            yield from examples(schemas, inner, f"{where}/{i}")
    if not isinstance(thing, dict):
        return
    if "schema" in thing and "example" in thing:
        yield where, thing["example"], thing["schema"]
    if "schema" in thing:
        for name, example in thing.get("examples", {}).items():
            yield f"{where}/{name}", example["value"], thing["schema"]
    if isinstance(thing.get("examples"), list):
        for example in thing["examples"]:
            yield where, example, thing
    for name, inner in thing.items():
        if name not in ("example", "examples"):
            yield from examples(schemas, inner, f"{where}/{name}")


def compare_examples(document):
    schemas = Schemas(document)
    for where, example, schema in examples(schemas, document, "#"):
        for misfit in schemas.misfits(example, schema):
            differ(f"openapi.yaml: the example at {where}", misfit)


# ---- the events ----

VERBS = {"send": "tells on", "receive": "hears of"}
ATTRIBUTES = {
    "id": "0190a5c1-7c40-7d50-8a5e-0c1d2e3f4a5b", "time": "2026-01-02T03:04:05.678901Z", "specversion": "1.0",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "prev": "820-4", "mac": "3q2-7wAA",
}


def contracts():
    files = sorted((ROOT / "tests/contracts").glob("*.json"))
    return {path.stem: json.loads(path.read_text("utf-8")) for path in files}


def compare_contract(document, name, contract):
    """The contract's event beside its message: attributes, payload, and the channel it is in."""
    schemas = Schemas(document, exact=True)
    where = f"tests/contracts/{name}.json"
    message = document["components"]["messages"].get(name)
    if contract["type"] != name:
        differ(where, f"its type is {contract['type']}")
    if not message:
        return differ("asyncapi.yaml", f"there is no message for {where}")
    entry = ATTRIBUTES | {key: contract[key] for key in ("type", "source", "subject")}
    for misfit in Schemas(document).misfits(entry, message["headers"]):
        differ(where, f"does not fit asyncapi.yaml's headers: {misfit}")
    for misfit in schemas.misfits(contract["data"], message["payload"]):
        differ(where, f"does not fit asyncapi.yaml's payload: {misfit}")
    for member, wanted in contract.items():  # such as `reasons`: all that `reason` may be
        if member not in ("type", "stream", "source", "subject", "data"):
            schema = schemas.resolved(message["payload"])["properties"].get(member.removesuffix("s"), {})
            if schema.get("enum") != wanted:
                differ(where, f"{member} are not the enum of asyncapi.yaml's payload")
    at = [channel["address"] for channel in document["channels"].values() if name in channel["messages"]]
    if at != [contract["stream"]]:
        differ(where, f"is of {contract['stream']}; asyncapi.yaml has it in {', '.join(at) or 'no channel'}")


def compare_types(document, pinned):
    """Types in the code against contracts, and contracts against messages."""
    for name in sorted(document["components"]["messages"].keys() - pinned.keys()):
        differ("asyncapi.yaml", f"the message {name} has no file in tests/contracts/")
    for service in SERVICES:
        named = named_types(service)
        for name in sorted(named.keys() - pinned.keys() - NO_EVENTS.keys()):
            differ(named[name], f"{name} has no file in tests/contracts/ (is it no event? say so in NO_EVENTS)")
        for name, contract in pinned.items():
            if contract["source"] == f"/{service}" and name not in named:
                differ(f"tests/contracts/{name}.json", f"nothing in workers/{service}/ tells {name}")
    for name in sorted(NO_EVENTS.keys() & pinned.keys()):
        differ("tests/lint/documents.py", f"{name} is an event now: take it out of NO_EVENTS")
    readme = (ROOT / "tests/contracts/README.md").read_text("utf-8")
    for name in sorted(name for name in pinned if f"`{name}`" not in readme):
        differ("tests/contracts/README.md", f"does not list `{name}`")


def said_in_code(pinned):
    """(service, action, stream) -> types."""
    said = {}
    for service in SERVICES:
        for stream in streams(service, r"char \*const streams"):
            said[service, "send", stream] = {
                name for name, c in pinned.items() if (c["source"], c["stream"]) == (f"/{service}", stream)}
        named = named_types(service)
        for stream in streams(service, r"struct hear_row hears"):
            said[service, "receive", stream] = {
                name for name, c in pinned.items() if c["stream"] == stream and name in named}
    return said


def listed(names):
    return ", ".join(sorted(names)) or "nothing"


def compare_operations(document, pinned):
    schemas = Schemas(document)
    told = {}
    for operation in document["operations"].values():
        address = schemas.resolved(operation["channel"])["address"]
        names = {ref["$ref"].rsplit("/", 1)[1] for ref in operation["messages"]}
        told[operation["tags"][0]["name"], operation["action"], address] = names
    said = said_in_code(pinned)
    for key in sorted(said.keys() | told.keys()):
        missing, extra = said.get(key, set()) - told.get(key, set()), told.get(key, set()) - said.get(key, set())
        if missing or extra or key not in told or key not in said:
            service, action, stream = key
            differ("asyncapi.yaml", f"what {service} {VERBS[action]} {stream}: missing {listed(missing)}, "
                   f"not in the code {listed(extra)}")


def compare_attributes(document):
    text = (ROOT / "lib/saga/event.c").read_text("utf-8")
    fields = set(re.findall(r'\[FIELD_\w+\] = "(\w+)"', text)) - {"data"}
    if fields != set(document["components"]["schemas"]["Event"]["properties"]):
        differ("asyncapi.yaml", f"an entry's fields besides data are {', '.join(sorted(fields))} (lib/saga/event.c)")


def main():
    openapi, asyncapi, pinned = load("openapi.yaml"), load("asyncapi.yaml"), contracts()
    n = compare_routes(openapi)
    compare_examples(openapi)
    for name, contract in pinned.items():
        compare_contract(asyncapi, name, contract)
    compare_types(asyncapi, pinned)
    compare_operations(asyncapi, pinned)
    compare_attributes(asyncapi)
    print("\n".join(differences) or f"{n} operations and {len(pinned)} events are as the code has them")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
