/* fetch_private.h - between fetch.c and fetch_engine.c. For no one else. */
#ifndef PASAR_WRAP_FETCH_PRIVATE_H
#define PASAR_WRAP_FETCH_PRIVATE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "loop/task.h"
#include "wrap/fetch.h"

struct event;

/* A curl handle and the call it carries. Handles are kept: making one costs more than a call. */
struct transfer {
    struct transfer *next; /* of the idle ones */
    CURL *easy;
    struct fetch *fetch;
    struct task *task;
    struct curl_slist *headers; /* of the last call: often those of the next one too */
    struct buf body;
    size_t max_bytes;
    size_t n_header_bytes;
    bool is_finished;
    CURLcode code;
};

struct fetch {
    struct loop *loop;
    CURLM *multi;
    struct event *timer;
    struct event **sockets; /* by descriptor; kept for the next one with that number */
    int n_sockets;
    struct transfer *idle;
    int n_idle;
    int n_running;
    bool is_freed; /* but tasks still hold transfers: the last one frees it */
    int64_t told_mono_us;
};

void fetch_engine_init(struct fetch *f);
void fetch_engine_release(struct fetch *f);

#endif
