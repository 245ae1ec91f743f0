#!/usr/bin/env python3
"""Writes config/quickstart/*_events.ndjson: the same bytes for the same seed.

The templates are bodies that real SDKs sent (web SDK, server SDK) and events of a demo shop; people,
products, prices, pages and times vary. Every id is unique, so a receiver can prove what it got.
"""
import argparse
import copy
import json
import pathlib
import random

ROOT = pathlib.Path(__file__).resolve().parent.parent

def timestamp(second, rng):
    days, rest = divmod(second, 86_400)
    return (f"2026-01-{1 + days % 28:02}T{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
            f".{rng.randrange(1000):03}Z")


class Shop:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.templates = json.loads((ROOT / "scripts/quickstart_templates.json").read_text())
        self.second = 0
        self.shop = {event["eventType"]: event for event in self.templates["shop"]}

    def person(self):
        name = self.rng.choice(self.templates["people"])
        number = self.rng.randrange(300)
        return f"{name}{number}@Example.COM", f"{number:03}{abs(hash_of(name)) % 10**35:035}"

    def items(self):
        for _ in range(self.rng.randint(1, 4)):
            quantity = self.rng.randint(1, 3)
            price = self.rng.randrange(495, 12_000) / 100
            yield {"SKU": f"SKU-{self.rng.randrange(900_000) + 100_000}",
                   "name": self.rng.choice(self.templates["products"]),
                   "quantity": quantity, "priceTotal": round(price * quantity, 2)}

    def time(self):
        self.second += self.rng.randint(1, 900)
        return timestamp(self.second, self.rng)

    def web(self, number):
        kind = self.rng.choices(
            ["page_view", "link_click", "purchase", "commerce.purchases", "commerce.checkouts",
             "commerce.productListAdds", "commerce.productViews", "web.webpagedetails.pageViews"],
            [14, 10, 8, 22, 14, 12, 8, 12])[0]
        source = self.templates.get(kind) or self.shop[kind]
        event = {"_id": f"web-{number:06}"} | {k: v for k, v in copy.deepcopy(source).items() if k != "_id"}
        email, ecid = self.person()
        event["timestamp"] = self.time()
        event["identityMap"] = {"ECID": [{"id": ecid, "authenticatedState": "ambiguous", "primary": True}],
                                "Email": [{"id": email, "primary": False}]}
        path = self.rng.choice(["", "p/", "category/", "cart/"]) + f"{self.rng.getrandbits(32):08x}"
        event["web"]["webPageDetails"]["URL"] = f"https://shop.example.com/{path}?utm_source=mail"
        event.setdefault("environment", {}).setdefault("browserDetails", {})["userAgent"] = \
            self.rng.choice(self.templates["agents"])
        country, city = self.rng.choice(self.templates["cities"])
        event.setdefault("placeContext", {})["geo"] = {"countryCode": country, "city": city}
        if "commerce" in event:
            items = list(self.items())
            event["productListItems"] = items
            order = event["commerce"].setdefault("order", {})
            order["purchaseID"] = f"PO-{number:08}"
            order["currencyCode"] = self.rng.choice(["EUR", "USD", "GBP"])
            order["priceTotal"] = round(sum(item["priceTotal"] for item in items), 2)
        return event

    def server(self, number):
        event = copy.deepcopy(self.rng.choice(self.templates["server"]))
        email, _ = self.person()
        event["messageId"] = f"server-{number:06}"
        event["timestamp"] = self.time()
        event["userId"] = f"u-{self.rng.randrange(300)}"
        if event["type"] == "identify":
            event["traits"] = {"email": email, "plan": self.rng.choice(["free", "pro", "team"]),
                               "age": self.rng.randint(18, 90)}
        elif event["type"] == "track":
            items = list(self.items())
            event["properties"]["order_id"] = f"o-{number}"
            event["properties"]["total"] = round(sum(item["priceTotal"] for item in items), 2)
            event["properties"]["products"] = [{"sku": i["SKU"], "qty": i["quantity"]} for i in items]
        return event


def hash_of(text):
    value = 0
    for char in text:
        value = value * 1_000_003 + ord(char)
    return value * 7_919 ** 9


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--web", type=int, default=1000)
    arguments.add_argument("--server", type=int, default=200)
    arguments.add_argument("--folder", type=pathlib.Path, default=ROOT / "config/quickstart")
    options = arguments.parse_args()
    shop = Shop(options.seed)
    for name, make, count in (("web", shop.web, options.web), ("server", shop.server, options.server)):
        lines = [json.dumps(make(n), ensure_ascii=False, separators=(",", ":")) for n in range(1, count + 1)]
        (options.folder / f"{name}_events.ndjson").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
