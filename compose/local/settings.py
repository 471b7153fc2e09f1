"""Settings of the local run: .env.example holds the development values, .env and the environment
override them, and what follows from where the stack lives (sockets, addresses) is added here."""

import os
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOMAINS = ("user", "product", "cart", "order", "payment")
SECRETS = ("JWT_SECRET", "INTERNAL_SECRET")


class SettingsError(Exception):
    """A setting cannot be used; the text names it and says why."""


def parse(path):
    """Returns (values, names): the KEY=VALUE lines, and with them the names in `#KEY=` lines."""
    values, names = {}, set()
    for number, line in enumerate(Path(path).read_text("utf-8").splitlines(), 1):
        line = line.strip().removeprefix("export ")
        commented = line.startswith("#")
        name, equals, value = line.lstrip("#").partition("=")
        if commented and (not equals or not name.isidentifier() or not name.isupper()):
            continue  # prose
        if not line:
            continue
        if not equals or not name.strip().isidentifier():
            raise SettingsError(f"{path}, line {number}: expected NAME=value, found: {line}")
        names.add(name.strip())
        if not commented:
            values[name.strip()] = unquote(value.strip())
    return values, names


def unquote(value):
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.split(" #")[0].rstrip()


def development():
    """The development values, and the names of all settings."""
    return parse(ROOT / ".env.example")


def from_user():
    """What the person at the keyboard has set: .env, and over it the environment. Addresses of what the
    local run starts itself are left out: an .env may well have those of another machine."""
    _, names = development()
    chosen = {}
    if (ROOT / ".env").exists():
        chosen, _ = parse(ROOT / ".env")
    chosen |= {name: os.environ[name] for name in names if name in os.environ}
    return {name: value for name, value in chosen.items() if value != "" and not is_address(name)}


def unknown():
    """Names in .env that no setting has: most likely a slip of the keyboard."""
    if not (ROOT / ".env").exists():
        return []
    return sorted(set(parse(ROOT / ".env")[0]) - development()[1])


def is_address(name):
    return name == "REDIS_HOST" or name.endswith(("_LISTEN", "_DB_HOST", "_DB_PORT")) or \
        name in [f"{domain.upper()}_URL" for domain in DOMAINS]


def with_secrets(env, directory):
    """Fills empty secrets with values made once per stack directory, so that a restart keeps them."""
    path = directory / "secrets"
    known = parse(path)[0] if path.exists() else {}
    fresh = [name for name in SECRETS if not env.get(name) and name not in known]
    if fresh:
        known |= {name: secrets.token_hex(32) for name in fresh}
        path.touch(mode=0o600)
        path.write_text("".join(f"{name}={value}\n" for name, value in sorted(known.items())))
    return env | {name: env.get(name) or known[name] for name in SECRETS}


def number(env, name, low, high):
    try:
        value = int(env[name])
    except ValueError:
        raise SettingsError(f"{name}={env[name]} is not a number") from None
    if not low <= value <= high:
        raise SettingsError(f"{name}={value} is not between {low} and {high}")
    return value


def one_of(env, name, *allowed):
    if env[name] not in allowed:
        raise SettingsError(f"{name}={env[name]} is neither {' nor '.join(allowed)}")


def port(env, name):
    return number(env, name, 1, 65535)


def service_env(env, directory, sockets, database):
    """What follows from where a stack is. database: (host or socket directory, port)."""
    own = {"REDIS_HOST": "127.0.0.1"}
    for domain in DOMAINS:
        upper = domain.upper()
        own[f"{upper}_LISTEN"] = f"unix:{sockets / domain}.sock"
        own[f"{upper}_URL"] = f"unix:{sockets / domain}.sock"
        own[f"{upper}_DB_HOST"], own[f"{upper}_DB_PORT"] = database
    if env["LOCAL_SIMULATOR"] == "on":
        own |= simulator_env(env, directory)
    return {name: str(value) for name, value in own.items()}


def simulator_env(env, directory):
    base = f"http://127.0.0.1:{port(env, 'SIM_PORT')}"
    webhook = f"http://{env['GATEWAY_HOST']}:{env['GATEWAY_PORT']}/api/v1/payment/webhook"
    return {
        "SIM_LISTEN": f"127.0.0.1:{env['SIM_PORT']}",
        "SIM_PUBLIC_URL": base,
        "SIM_SERVER_KEY": env["MIDTRANS_SERVER_KEY"],
        "SIM_NOTIFICATION_URL": webhook,
        "SIM_STATE": directory / "midtrans_sim.journal",
        "MIDTRANS_SNAP_URL": base + "/snap/v1",
        "MIDTRANS_API_URL": base,
        "MIDTRANS_NOTIFICATION_URL": webhook,
    }
