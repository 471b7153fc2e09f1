/* agenda.c - a binary heap of things to do, and the task that does them. */
#include "workers/midtrans_sim/agenda.h"

#include "base/clock.h"
#include "loop/sync.h"
#include "loop/task.h"

struct entry {
    int64_t at_us;
    uint64_t turn; /* entries of the same time keep their order */
    void (*fn)(struct sim *s, void *what);
    void *what;
};

struct agenda {
    struct sim *sim;
    struct latch changed;
    struct entry *heap;
    size_t n, capacity;
    uint64_t turns;
};

static bool before(const struct entry *a, const struct entry *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->turn < b->turn;
}

static void swap(struct entry *a, struct entry *b)
{
    struct entry t = *a;
    *a = *b;
    *b = t;
}

static void sift_down(struct agenda *a)
{
    for (size_t i = 0;;) {
        size_t least = i, left = 2 * i + 1, right = left + 1;
        if (left < a->n && before(&a->heap[left], &a->heap[least]))
            least = left;
        if (right < a->n && before(&a->heap[right], &a->heap[least]))
            least = right;
        if (least == i)
            return;
        swap(&a->heap[i], &a->heap[least]);
        i = least;
    }
}

static void push(struct agenda *a, struct entry e)
{
    size_t i = a->n;

    if (a->n == a->capacity) {
        a->capacity = a->capacity ? a->capacity * 2 : 64;
        a->heap = realloc(a->heap, a->capacity * sizeof *a->heap);
        if (!a->heap)
            abort(); /* out of memory */
    }
    a->heap[a->n++] = e;
    for (; i > 0 && before(&a->heap[i], &a->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&a->heap[i], &a->heap[(i - 1) / 2]);
}

static struct entry pop(struct agenda *a)
{
    struct entry top = a->heap[0];
    a->heap[0] = a->heap[--a->n];
    sift_down(a);
    return top;
}

static void do_what_is_due(struct agenda *a)
{
    int64_t now_us = sim_now_us(a->sim);
    while (a->n && a->heap[0].at_us <= now_us) {
        struct entry e = pop(a);
        e.fn(a->sim, e.what);
    }
}

static void run(void *arg)
{
    struct agenda *a = arg;

    for (;;) {
        struct err e;
        int64_t wait_us = NO_DEADLINE;
        do_what_is_due(a);
        if (a->n)
            wait_us = clock_mono_us() + a->heap[0].at_us - sim_now_us(a->sim);
        e = latch_wait(&a->changed, wait_us); /* its end is as good as its latch */
        (void)e.kind;
        latch_clear(&a->changed);
    }
}

struct agenda *agenda_new(struct loop *l, struct sim *s)
{
    struct agenda *a = calloc(1, sizeof *a);

    if (!a)
        abort(); /* out of memory */
    a->sim = s;
    task_spawn(l, "agenda", run, a);
    return a;
}

void agenda_add(struct agenda *a, int64_t at_us, void (*fn)(struct sim *s, void *what), void *what)
{
    bool first = !a->n || at_us < a->heap[0].at_us;

    push(a, (struct entry){at_us, a->turns++, fn, what});
    if (first)
        latch_set(&a->changed);
}

void agenda_look_again(struct agenda *a)
{
    latch_set(&a->changed);
}
