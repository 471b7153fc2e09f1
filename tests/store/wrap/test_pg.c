/* test_pg.c - statements on the shared connection, against a real PostgreSQL. */
#include "story.h"

#define SQL(name, text) static const struct sql name = {#name, text}

SQL(echo, "select $1::bigint, $2::boolean, $3::text, $4::uuid, $5::bigint is null");
SQL(drop_all, "drop table if exists thing");
SQL(create_thing, "create table thing (id bigint primary key, name text not null constraint "
                  "thing_name_once unique, n bigint check (n >= 0))");
SQL(fill_thing, "insert into thing select i, 'name ' || i, i from generate_series(1, 1000) as i");
SQL(by_id, "select name from thing where id = $1::bigint");
SQL(add_thing, "insert into thing values ($1::bigint, 'new ' || $1::bigint, 0)");
SQL(add_same, "insert into thing values ($1::bigint, 'name 1', 0)");
SQL(update_all, "update thing set n = n + 1 where id <= $1::bigint");
SQL(count_new, "select count(*) from thing where name like 'new %'");
SQL(divide, "select 1 / ($1::bigint - $1::bigint)");

static void set_up(void)
{
    CHECK_KIND(run(pg, &drop_all), ERR_NONE);
    CHECK_KIND(run(pg, &create_thing), ERR_NONE);
    CHECK_KIND(run(pg, &fill_thing), ERR_NONE);
}

static void scalars(struct arena *arena)
{
    struct pg_args *p = pg_args(arena);
    struct id id = id_new(), back;
    struct pg_rows rows;

    pg_add_i64(p, INT64_MIN);
    pg_add_bool(p, true);
    pg_add_text(p, "it's \\ \"quoted\" \xC3\xA9");
    pg_add_id(p, &id);
    pg_add_text(p, NULL);
    CHECK_KIND(pg_exec(pg, &echo, p, arena, &rows), ERR_NONE);
    CHECK(rows.n == 1);
    CHECK(pg_i64(&rows, 0, 0) == INT64_MIN);
    CHECK(pg_bool(&rows, 0, 1));
    CHECK(!strcmp(pg_text(&rows, 0, 2), "it's \\ \"quoted\" \xC3\xA9"));
    back = pg_id(&rows, 0, 3);
    CHECK(id_equal(&id, &back));
    CHECK(pg_bool(&rows, 0, 4));
}

static void nulls(struct arena *arena)
{
    struct pg_args *p = pg_args(arena);
    struct pg_rows rows;
    struct id nil;

    for (int i = 0; i < 4; i++)
        pg_add_text(p, NULL);
    pg_add_i64(p, INT64_MAX);
    CHECK_KIND(pg_exec(pg, &echo, p, arena, &rows), ERR_NONE);
    nil = pg_id(&rows, 0, 3);
    CHECK(pg_is_null(&rows, 0, 0) && pg_i64(&rows, 0, 0) == 0);
    CHECK(pg_is_null(&rows, 0, 1) && !pg_bool(&rows, 0, 1));
    CHECK(pg_is_null(&rows, 0, 2) && !pg_text(&rows, 0, 2));
    CHECK(pg_is_null(&rows, 0, 3) && id_is_nil(&nil));
    CHECK(!pg_is_null(&rows, 0, 4) && !pg_bool(&rows, 0, 4));
}

SQL(texts_back,
    "select t, t is null from unnest($1::text[]) with ordinality as u(t, i) order by i");
SQL(i64s_back, "select v from unnest($1::bigint[]) with ordinality as u(v, i) order by i");
SQL(ids_back, "select v from unnest($1::uuid[]) with ordinality as u(v, i) order by i");
SQL(lengths, "select cardinality($1::bigint[]), cardinality($2::uuid[]), cardinality($3::text[])");
SQL(as_json, "select v ->> 'a' from unnest($1::text[]::json[]) as v");

static void text_arrays(struct arena *arena)
{
    static const char *const texts[] = {
        "plain",       NULL,          "",  "NULL",        "{a,b}", "\"q\"",
        "back\\slash", "line\nbreak", "'", "caf\xC3\xA9", ","};
    enum { N = sizeof texts / sizeof *texts };
    struct pg_args *p = pg_args(arena);
    struct pg_rows rows;

    pg_add_texts(p, texts, N);
    CHECK_KIND(pg_exec(pg, &texts_back, p, arena, &rows), ERR_NONE);
    CHECK(rows.n == N);
    for (size_t i = 0; i < rows.n; i++) {
        CHECK(pg_is_null(&rows, i, 0) == !texts[i]);
        CHECK(!texts[i] || !strcmp(texts[i], pg_text(&rows, i, 0)));
    }
}

static void number_arrays(struct arena *arena)
{
    static const int64_t values[] = {0, -1, INT64_MIN, INT64_MAX, 42};
    struct id ids[] = {id_new(), id_nil(), id_new()};
    struct pg_args *p = pg_args(arena), *q = pg_args(arena);
    struct pg_rows rows;

    pg_add_i64s(p, values, 5);
    CHECK_KIND(pg_exec(pg, &i64s_back, p, arena, &rows), ERR_NONE);
    CHECK(rows.n == 5);
    for (size_t i = 0; i < rows.n; i++)
        CHECK(pg_i64(&rows, i, 0) == values[i]);
    pg_add_ids(q, ids, 3);
    CHECK_KIND(pg_exec(pg, &ids_back, q, arena, &rows), ERR_NONE);
    CHECK(rows.n == 3);
    for (size_t i = 0; i < rows.n; i++) {
        struct id back = pg_id(&rows, i, 0);

        CHECK(id_equal(&back, &ids[i]));
    }
}

static void empty_arrays_and_casts(struct arena *arena)
{
    static const char *const documents[] = {"{\"a\": \"x\"}", "{\"a\": null}"};
    struct pg_args *p = pg_args(arena), *q = pg_args(arena);
    struct pg_rows rows;

    pg_add_i64s(p, NULL, 0);
    pg_add_ids(p, NULL, 0);
    pg_add_texts(p, NULL, 0);
    CHECK_KIND(pg_exec(pg, &lengths, p, arena, &rows), ERR_NONE);
    for (int i = 0; i < 3; i++)
        CHECK(!pg_is_null(&rows, 0, i) && pg_i64(&rows, 0, i) == 0);
    pg_add_texts(q, documents, 2);
    CHECK_KIND(pg_exec(pg, &as_json, q, arena, &rows), ERR_NONE);
    CHECK(rows.n == 2 && !strcmp(pg_text(&rows, 0, 0), "x") && !pg_text(&rows, 1, 0));
}

static void counts(struct arena *arena)
{
    struct pg_rows rows;

    set_up();
    CHECK_KIND(pg_exec(pg, &update_all, args_i64(arena, 7), arena, &rows), ERR_NONE);
    CHECK(rows.n == 0 && rows.n_affected == 7);
    CHECK_KIND(pg_exec(pg, &by_id, args_i64(arena, -1), arena, &rows), ERR_NONE);
    CHECK(rows.n == 0);
}

/* ---- many at once ---- */

static void ask_fifty(void *arg)
{
    int64_t seed = *(int64_t *)arg;
    struct arena *arena = arena_new();

    for (int64_t i = 0; i < 50; i++) {
        int64_t id = (seed * 50 + i * 7) % 1000 + 1;
        char expected[32];
        struct pg_rows rows = {0};

        snprintf(expected, sizeof expected, "name %lld", (long long)id);
        CHECK_KIND(pg_exec(pg, &by_id, args_i64(arena, id), arena, &rows), ERR_NONE);
        CHECK(rows.n == 1 && !strcmp(pg_text(&rows, 0, 0), expected));
        arena_reset(arena);
    }
    arena_free(arena);
    n_helpers--;
}

static void sixty_four_tasks(struct arena *arena)
{
    int64_t *seeds = ARENA_ARRAY(arena, int64_t, 64);

    set_up();
    for (int64_t i = 0; i < 64; i++) {
        seeds[i] = i;
        help(ask_fifty, &seeds[i]);
    }
    while (n_helpers)
        task_sleep(MS);
}

/* Every third divides by zero, every third violates a constraint: their neighbours must not notice.
 */
static void add_or_fail(void *arg)
{
    int64_t i = *(int64_t *)arg;
    struct arena *arena = arena_new();
    struct pg_args *p = args_i64(arena, 5000 + i);

    if (i % 3 == 0) {
        CHECK_KIND(pg_exec(pg, &add_thing, p, arena, NULL), ERR_NONE);
    } else if (i % 3 == 1) {
        CHECK_KIND(pg_exec(pg, &divide, p, arena, NULL), ERR_INVALID);
    } else {
        CHECK_KIND(pg_exec(pg, &add_same, p, arena, NULL), ERR_CONFLICT);
        CHECK(!strcmp(pg_constraint(pg), "thing_name_once"));
    }
    arena_free(arena);
    n_helpers--;
}

static void failures_stay_alone(struct arena *arena)
{
    int64_t *numbers = ARENA_ARRAY(arena, int64_t, 99);

    set_up();
    for (int64_t i = 0; i < 99; i++) {
        numbers[i] = i;
        help(add_or_fail, &numbers[i]);
    }
    while (n_helpers)
        task_sleep(MS);
    CHECK(number(pg, &count_new, arena) == 33);
    CHECK(pg_generation(pg) == 1);
}

SQL(sized, "select length($1::text), repeat('x', $2::int)");

static void send_much(void *arg)
{
    size_t size = *(size_t *)arg;
    struct arena *arena = arena_new();
    struct pg_args *p = pg_args(arena);
    char *text = arena_alloc(arena, size + 1);
    struct pg_rows rows = {0};

    memset(text, 'y', size);
    pg_add_text(p, text);
    pg_add_i64(p, (int64_t)size);
    CHECK_KIND(pg_exec(pg, &sized, p, arena, &rows), ERR_NONE);
    CHECK(rows.n == 1 && pg_i64(&rows, 0, 0) == (int64_t)size);
    CHECK(rows.n == 1 && strlen(pg_text(&rows, 0, 1)) == size);
    arena_free(arena);
    n_helpers--;
}

/* More than sockets hold, in both directions at once. */
static void large_values(struct arena *arena)
{
    size_t *sizes = ARENA_ARRAY(arena, size_t, 64);

    for (size_t i = 0; i < 64; i++) {
        sizes[i] = i * 10000 + (i == 63 ? 5000000 : 0);
        help(send_much, &sizes[i]);
    }
    while (n_helpers)
        task_sleep(MS);
}

#define STORY(name)                                                                                \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        tell(name);                                                                                \
    }
STORY(scalars)
STORY(nulls)
STORY(text_arrays)
STORY(number_arrays)
STORY(empty_arrays_and_casts)
STORY(counts)
STORY(sixty_four_tasks)
STORY(failures_stay_alone)
STORY(large_values)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_text_arrays),
        cmocka_unit_test(test_number_arrays),
        cmocka_unit_test(test_empty_arrays_and_casts),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_sixty_four_tasks),
        cmocka_unit_test(test_failures_stay_alone),
        cmocka_unit_test(test_large_values),
    };

    story_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
