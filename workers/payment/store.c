/* store.c - the payment's rows. Arrays of one length go in, one element a row. */
#include "workers/payment/store.h"

#include "sql_payment.h"

struct err store_lock(struct pg *tx, const struct id *orders, size_t n, struct book *b)
{
    struct pg_args *args = pg_args(b->arena);
    struct pg_rows r;
    struct err e;

    if (n == 0)
        return OK;
    pg_add_ids(args, orders, n);
    e = pg_exec(tx, &sql_payment_lock, args, b->arena, &r);
    if (e.kind)
        return e;
    for (size_t i = 0; i < r.n; i++)
        b->entries[b->n++].p = store_payment_of(&r, i);
    return OK;
}

/* ---- columns of a book's rows ---- */

struct columns { /* of the rows that are wanted */
    const struct entry **rows;
    size_t n;
    struct arena *arena;
    struct pg_args *args;
};

static struct columns columns_of(const struct book *b, bool (*wanted)(const struct entry *e))
{
    struct columns c = {.rows = ARENA_ARRAY(b->arena, const struct entry *, b->n),
                        .arena = b->arena};

    for (size_t i = 0; i < b->n; i++)
        if (wanted(&b->entries[i]))
            c.rows[c.n++] = &b->entries[i];
    c.args = pg_args(b->arena);
    return c;
}

static void add_ids(struct columns *c, struct id (*get)(const struct entry *e))
{
    struct id *values = ARENA_ARRAY(c->arena, struct id, c->n);
    for (size_t i = 0; i < c->n; i++)
        values[i] = get(c->rows[i]);
    pg_add_ids(c->args, values, c->n);
}

static void add_i64s(struct columns *c, int64_t (*get)(const struct entry *e))
{
    int64_t *values = ARENA_ARRAY(c->arena, int64_t, c->n);
    for (size_t i = 0; i < c->n; i++)
        values[i] = get(c->rows[i]);
    pg_add_i64s(c->args, values, c->n);
}

static void add_texts(struct columns *c, const char *(*get)(const struct entry *e))
{
    const char **values = ARENA_ARRAY(c->arena, const char *, c->n);
    for (size_t i = 0; i < c->n; i++)
        values[i] = get(c->rows[i]);
    pg_add_texts(c->args, values, c->n);
}

/* clang-format off */
static bool is_new(const struct entry *e) { return e->is_new; }
static bool is_changed(const struct entry *e) { return e->is_changed && !e->is_new; }
static bool has_link(const struct entry *e) { return e->url != NULL; }
static struct id order_of(const struct entry *e) { return e->p.order_id; }
static struct id attempt_of(const struct entry *e) { return e->p.attempt_id; }
static const char *state_of(const struct entry *e) { return payment_state_name(e->p.state); }
static int64_t version_of(const struct entry *e) { return e->p.version; }
static int64_t user_of(const struct entry *e) { return e->p.user_id; }
static int64_t amount_of(const struct entry *e) { return e->p.total.minor; }
static int64_t refunded_of(const struct entry *e) { return e->p.refunded_minor; }
static const char *currency_of(const struct entry *e) { return e->p.total.currency; }
static int64_t expires_of(const struct entry *e) { return e->p.expires_us; }
static const char *transaction_of(const struct entry *e) { return e->p.transaction_id; }
static const char *method_of(const struct entry *e) { return e->p.method; }
static const char *reason_of(const struct entry *e) { return e->p.reason; }
static const char *number_of(const struct entry *e) { return e->bill.number; }
static const char *email_of(const struct entry *e) { return e->bill.email; }
static const char *username_of(const struct entry *e) { return e->bill.username; }
static int64_t shipping_of(const struct entry *e) { return e->bill.shipping_minor; }
static const char *lines_of(const struct entry *e) { return e->bill.lines; }
static const char *token_of(const struct entry *e) { return e->token; }
static const char *url_of(const struct entry *e) { return e->url; }
/* clang-format on */

void store_add(struct pg *tx, const struct book *b)
{
    struct columns c = columns_of(b, is_new);

    if (c.n == 0)
        return;
    add_ids(&c, order_of);
    add_ids(&c, attempt_of);
    add_texts(&c, state_of);
    add_i64s(&c, user_of);
    add_i64s(&c, amount_of);
    add_texts(&c, currency_of);
    add_i64s(&c, expires_of);
    add_texts(&c, number_of);
    add_texts(&c, email_of);
    add_texts(&c, username_of);
    add_i64s(&c, shipping_of);
    add_texts(&c, lines_of);
    pg_queue(tx, &sql_payment_add, c.args);
}

void store_save(struct pg *tx, const struct book *b)
{
    struct columns c = columns_of(b, is_changed);

    if (c.n == 0)
        return;
    add_ids(&c, order_of);
    add_i64s(&c, version_of);
    add_texts(&c, state_of);
    add_i64s(&c, refunded_of);
    add_texts(&c, transaction_of);
    add_texts(&c, method_of);
    add_texts(&c, reason_of);
    pg_queue(tx, &sql_payment_save, c.args);
}

void store_add_links(struct pg *tx, const struct book *b)
{
    struct columns c = columns_of(b, has_link);

    if (c.n == 0)
        return;
    add_ids(&c, attempt_of);
    add_ids(&c, order_of);
    add_texts(&c, token_of);
    add_texts(&c, url_of);
    pg_queue(tx, &sql_attempt_add, c.args);
}

/* ---- what else is written ---- */

void store_add_items(struct pg *tx, struct arena *a, const struct sides *s)
{
    struct id *orders = ARENA_ARRAY(a, struct id, s->n);
    const char **kinds = ARENA_ARRAY(a, const char *, s->n),
               **refs = ARENA_ARRAY(a, const char *, s->n);
    const char **currencies = ARENA_ARRAY(a, const char *, s->n),
               **details = ARENA_ARRAY(a, const char *, s->n);
    int64_t *amounts = ARENA_ARRAY(a, int64_t, s->n);
    struct pg_args *args = pg_args(a);

    if (s->n == 0)
        return;
    for (size_t i = 0; i < s->n; i++) {
        orders[i] = s->items[i].order_id;
        kinds[i] = s->items[i].kind;
        refs[i] = s->items[i].ref;
        amounts[i] = s->items[i].amount.minor;
        currencies[i] = s->items[i].amount.currency;
        details[i] = s->items[i].detail;
    }
    pg_add_ids(args, orders, s->n);
    pg_add_texts(args, kinds, s->n);
    pg_add_texts(args, refs, s->n);
    pg_add_i64s(args, amounts, s->n);
    pg_add_texts(args, currencies, s->n);
    pg_add_texts(args, details, s->n);
    pg_queue(tx, &sql_open_item_add, args);
}

void store_add_refusals(struct pg *tx, struct arena *a, const struct sides *s)
{
    struct id *attempts = ARENA_ARRAY(a, struct id, s->n);
    const char **refs = ARENA_ARRAY(a, const char *, s->n),
               **words = ARENA_ARRAY(a, const char *, s->n);
    const char **methods = ARENA_ARRAY(a, const char *, s->n);
    struct pg_args *args = pg_args(a);

    if (s->n == 0)
        return;
    for (size_t i = 0; i < s->n; i++) {
        attempts[i] = s->items[i].attempt_id;
        refs[i] = s->items[i].ref;
        words[i] = s->items[i].kind;
        methods[i] = s->items[i].detail;
    }
    pg_add_ids(args, attempts, s->n);
    pg_add_texts(args, refs, s->n);
    pg_add_texts(args, words, s->n);
    pg_add_texts(args, methods, s->n);
    pg_queue(tx, &sql_refusal_add, args);
}

void store_end_items(struct pg *tx, struct arena *a, const struct id *orders, size_t n)
{
    struct pg_args *args = pg_args(a);

    if (n == 0)
        return;
    pg_add_ids(args, orders, n);
    pg_queue(tx, &sql_open_item_settle, args);
}

void store_resolve_item(struct pg *tx, struct arena *a, int64_t id, const char *by,
                        const char *note)
{
    struct pg_args *args = pg_args(a);

    pg_add_i64(args, id);
    pg_add_text(args, by);
    pg_add_text(args, note);
    pg_queue(tx, &sql_open_item_resolve, args);
}
