"""One customer, from registration to a paid order; then three ways to pay at once, and a catalogue that changes."""
from harness import check, run_story

METHODS = ("qris", "bank_transfer", "credit_card", "gopay")


def from_the_cart(shop, kopi, teh):
    budi = shop.customer()
    budi.put(kopi, 2)
    budi.put(teh, 1)
    order = budi.order()
    url = budi.link(order)
    check(budi.look(order)["total_amount"] == 2 * 118000 + 45000, "the order costs what its lines cost")
    shop.pay(url)
    paid = budi.follow(order, "PAID")
    check(paid["payment_status"] == "success", "the order says that its payment succeeded")
    check(sorted((line["product_id"], line["quantity"]) for line in paid["items"]) == [(kopi, 2), (teh, 1)],
          "the order has the cart's lines")
    check([step["status"] for step in paid["history"]][-1] == "PAID", "its history ends with PAID")


def some_lines_of_the_cart(shop, kopi, teh):
    sari = shop.customer()
    sari.put(kopi, 3)
    sari.put(teh, 4)
    order = sari.order(product_ids=[teh])
    shop.pay(sari.link(order))
    paid = sari.follow(order, "PAID")
    check([line["product_id"] for line in paid["items"]] == [teh], "only the chosen line is ordered")


def every_method(shop, kopi):
    wati = shop.customer()
    for method in METHODS:
        order = wati.order([(kopi, 1)])
        shop.pay(wati.link(order), method=method)
        wati.follow(order, "PAID")
    listed = wati.expect(200, "GET", "/api/v1/order?status=PAID")
    check(len(listed) == len(METHODS), "her list has every order")


def price_changes(shop, kopi):
    """An order keeps the price it was accepted at."""
    dewi = shop.customer()
    order = dewi.order([(kopi, 1)])
    shop.admin.expect(200, "PUT", f"/api/v1/products/{kopi}", {"price": 120000})
    shop.pay(dewi.link(order))
    check(dewi.follow(order, "PAID")["total_amount"] == 118000, "a later price changes no order")


def story(shop):
    kopi, teh = shop.product(stock=50, price=118000), shop.product(stock=50, price=45000)
    from_the_cart(shop, kopi, teh)
    some_lines_of_the_cart(shop, kopi, teh)
    every_method(shop, kopi)
    price_changes(shop, kopi)
    shop.assert_sound()


run_story(story)
