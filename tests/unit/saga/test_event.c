/* test_event.c - ids, partitions, and which entries are believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "saga/entry.h"

#define STREAM "stream:orders"

static void test_entry_ids_are_read_strictly(void **state)
{
    static const struct {
        const char *text;
        bool good;
        struct entry_id id;
    } rows[] = {
        {"0-0", true, {0, 0}},
        {"123-4", true, {123, 4}},
        {"18446744073709551615-18446744073709551615", true, {UINT64_MAX, UINT64_MAX}},
        {"18446744073709551616-0", false, {0, 0}},
        {"123", false, {0, 0}},
        {"123-", false, {0, 0}},
        {"-4", false, {0, 0}},
        {"1-2 ", false, {0, 0}},
        {"+1-2", false, {0, 0}},
        {"", false, {0, 0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct entry_id id;
        assert_int_equal(entry_id_parse(rows[i].text, &id).kind == ERR_NONE, rows[i].good);
        if (rows[i].good)
            assert_int_equal(entry_id_compare(id, rows[i].id), 0);
    }
}

static void test_entry_ids_are_ordered(void **state)
{
    (void)state;
    assert_true(entry_id_compare((struct entry_id){9, 9}, (struct entry_id){10, 0}) < 0);
    assert_true(entry_id_compare((struct entry_id){10, 1}, (struct entry_id){10, 0}) > 0);
}

static void test_a_subject_keeps_its_partition(void **state)
{
    (void)state;
    assert_int_equal(stream_partition_of("anything", 1), 0);
    assert_int_equal(stream_partition_of("0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b", 8),
                     stream_partition_of("0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b", 8));
}

/* ---- an entry as Redis gives it ---- */

struct sample {
    struct arena *arena;
    struct mac_key key;
    struct redis_value *fields; /* names and values */
    struct redis_value entry;
};

static struct redis_value text_value(const char *text)
{
    return (struct redis_value){.type = REDIS_TEXT, .text = text, .n = strlen(text)};
}

static void sample_init(struct sample *s)
{
    static const char *const values[N_ENTRY_FIELDS] = {"0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b",
                                                       "OrderPaid",
                                                       "/order",
                                                       "subject",
                                                       "2026-01-02T03:04:05.678901Z",
                                                       "1.0",
                                                       "",
                                                       "5-1",
                                                       "{\"order_id\":1}",
                                                       NULL};
    struct entry e = {.entry = "7-1"};
    struct redis_value *parts;
    char *mac;

    s->arena = arena_new();
    s->key = mac_key_of("a secret of the tests", "stream");
    mac = arena_alloc(s->arena, MAC_TEXT_SIZE);
    memcpy(e.fields, values, sizeof values);
    entry_sign(&s->key, STREAM, &e, mac);
    parts = ARENA_ARRAY(s->arena, struct redis_value, 2);
    s->fields = ARENA_ARRAY(s->arena, struct redis_value, 2 * N_ENTRY_FIELDS);
    for (size_t f = 0; f < N_ENTRY_FIELDS; f++) {
        s->fields[2 * f] = text_value(entry_field_names[f]);
        s->fields[2 * f + 1] = text_value(e.fields[f]);
    }
    parts[0] = text_value(e.entry);
    parts[1] =
        (struct redis_value){.type = REDIS_ARRAY, .n = 2 * N_ENTRY_FIELDS, .elements = s->fields};
    s->entry = (struct redis_value){.type = REDIS_ARRAY, .n = 2, .elements = parts};
}

static enum err_kind read_kind(struct sample *s, const char *stream)
{
    struct event e;

    return event_from_entry(s->arena, &s->key, stream, &s->entry, &e).kind;
}

static void test_what_a_relay_signed_is_read(void **state)
{
    struct sample s;
    struct event e;

    (void)state;
    sample_init(&s);
    assert_int_equal(event_from_entry(s.arena, &s.key, STREAM, &s.entry, &e).kind, ERR_NONE);
    assert_string_equal(e.type, "OrderPaid");
    assert_null(e.traceparent);
    assert_int_equal(e.entry.xid, 7);
    assert_int_equal(e.prev.xid, 5);
    assert_int_equal(json_integer_value(json_object_get(e.data, "order_id")), 1);
    arena_free(s.arena);
}

static void test_every_changed_field_is_noticed(void **state)
{
    struct sample s;

    (void)state;
    for (size_t f = 0; f < N_ENTRY_FIELDS; f++) {
        sample_init(&s);
        s.fields[2 * f + 1] = text_value("changed");
        assert_int_equal(read_kind(&s, STREAM), ERR_DENIED);
        arena_free(s.arena);
    }
}

static void test_what_stands_elsewhere_is_not_believed(void **state)
{
    struct sample s;

    (void)state;
    sample_init(&s);
    assert_int_equal(read_kind(&s, "stream:stock"), ERR_DENIED);
    s.entry.elements[0] = text_value("8-1");
    assert_int_equal(read_kind(&s, STREAM), ERR_DENIED);
    arena_free(s.arena);
}

static void test_odd_shapes_are_not_believed(void **state)
{
    struct sample s;

    (void)state;
    sample_init(&s);
    s.entry.elements[1].n -= 2; /* one field less */
    assert_int_equal(read_kind(&s, STREAM), ERR_DENIED);
    s.entry.elements[1].n += 2;
    s.fields[2] = s.fields[0]; /* one twice */
    assert_int_equal(read_kind(&s, STREAM), ERR_DENIED);
    s.entry.elements[1].type = REDIS_NIL; /* deleted while it was read */
    assert_int_equal(read_kind(&s, STREAM), ERR_DENIED);
    arena_free(s.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entry_ids_are_read_strictly),
        cmocka_unit_test(test_entry_ids_are_ordered),
        cmocka_unit_test(test_a_subject_keeps_its_partition),
        cmocka_unit_test(test_what_a_relay_signed_is_read),
        cmocka_unit_test(test_every_changed_field_is_noticed),
        cmocka_unit_test(test_what_stands_elsewhere_is_not_believed),
        cmocka_unit_test(test_odd_shapes_are_not_believed),
    };

    crypt_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
