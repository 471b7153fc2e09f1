"""Fills an empty shop with the demo catalogue, through the API, as the admin."""

import json
import time
from pathlib import Path

SHOP = Path(__file__).with_name("shop.json")
PATIENCE = 10.0  # the user service creates the admin when it starts


class SeedError(Exception):
    """The API refused; the text says what and why."""


def expect(reply, status, doing):
    if reply.status == status:
        return reply.json
    raise SeedError(f"{doing}: {reply.status} instead of {status}: {reply.text.strip()[:300]}")


def log_in(http, email, password):
    deadline = time.monotonic() + PATIENCE
    while True:
        reply = http.post("/api/v1/login", {"email": email, "password": password})
        if reply.status not in (401, 503) or time.monotonic() > deadline:
            return expect(reply, 200, f"log in as {email}")["access_token"]
        time.sleep(0.1)


def category_ids(http, names):
    """Ids by name, of categories made here or found."""
    tree = expect(http.get("/api/v1/categories"), 200, "list categories")
    known = {category["name"]: category["id"] for category in flat(tree)}
    for name in names:
        if name not in known:
            made = expect(http.post("/api/v1/categories", {"name": name}), 201, f"create category {name}")
            known[name] = made["category"]["id"]
    return known


def flat(tree):
    """The categories of a list or tree, or of an object that holds one."""
    nodes = tree if isinstance(tree, list) else tree.get("categories") or tree.get("children") or []
    return [found for node in nodes for found in (node, *flat(node))]


def seed(http, email, password):
    """Returns how many products were made: 0 when the shop has some already."""
    if expect(http.get("/api/v1/products?limit=1"), 200, "list products")["total"] > 0:
        return 0
    shop = json.loads(SHOP.read_text("utf-8"))
    http.token = log_in(http, email, password)
    ids = category_ids(http, shop["categories"])
    for product in shop["products"]:
        wish = {key: value for key, value in product.items() if key != "category"}
        wish["category_ids"] = [ids[product["category"]]]
        expect(http.post("/api/v1/products", wish), 201, f"create product {product['name']}")
    return len(shop["products"])
