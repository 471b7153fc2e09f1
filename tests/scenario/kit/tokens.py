"""Access tokens, made by hand: as the user service signs them, and as it would not."""
import base64
import hashlib
import hmac
import json
import time


def part(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(claims, secret, algorithm="HS256", digest=hashlib.sha256):
    signed = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims)}"
    return f"{signed}.{part(hmac.new(secret.encode(), signed.encode(), digest).digest())}"


def claims_of(user, role="user", **more):
    now = int(time.time())
    return {"userID": user.id, "email": user.email, "username": "budi", "role": role, "iat": now, "exp": now + 600} | more


def bad_tokens(user, secret):
    """(what, token) that must open nothing."""
    good = token(claims_of(user), secret)
    head, body, signature = good.split(".")
    for name in ("none", "None", "NONE", ""):
        bare = f"{part({'alg': name, 'typ': 'JWT'})}.{part(claims_of(user, role='admin'))}"
        yield f"alg {name!r}", bare + "."
        yield f"alg {name!r} with a signature", f"{bare}.{signature}"
        yield f"alg {name!r} without its dot", bare
    yield "another secret", token(claims_of(user), "x" * 64)
    yield "no secret", token(claims_of(user), "")
    yield "HS512", token(claims_of(user), secret, "HS512", hashlib.sha512)
    yield "RS256", token(claims_of(user), secret, "RS256")
    yield "expired", token(claims_of(user, exp=int(time.time()) - 60), secret)
    yield "not yet valid", token(claims_of(user, nbf=int(time.time()) + 600), secret)
    yield "without end", token({k: v for k, v in claims_of(user).items() if k != "exp"}, secret)
    yield "another role than was signed", f"{head}.{part(claims_of(user, role='admin'))}.{signature}"
    yield "another user than was signed", f"{head}.{part(claims_of(user, userID=1))}.{signature}"
    for name, value in (("userID", "1"), ("userID", -1), ("userID", 1.5), ("userID", None), ("exp", "never")):
        yield f"{name} {value!r}", token(claims_of(user, **{name: value}), secret)
    for shape in ("", ".", "..", "...", f"{head}..{signature}", f".{body}.", "a.b.c", good + ".x", good[:-2], "\x7f" * 40,
                  "A" * 9000):
        yield f"shape {shape[:12]!r}", shape
