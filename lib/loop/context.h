/* context.h - a saved place of execution on a stack, and the jump between two of them.
 *
 * A few instructions on x86-64 and AArch64, ucontext elsewhere (it costs two system calls a
 * switch). Saves what the C calling convention says a callee preserves; the floating-point modes
 * are nobody's to change here. Sanitizers and valgrind are the caller's care. */
#ifndef PASAR_LOOP_CONTEXT_H
#define PASAR_LOOP_CONTEXT_H

#include <stddef.h>

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <ucontext.h>
#define CONTEXT_UCONTEXT 1
#endif

struct context {
#ifdef CONTEXT_UCONTEXT
    ucontext_t u;
#else
    void *sp; /* the registers lie on the stack there */
#endif
};

/* The first switch to *c calls entry() on the stack [bottom, bottom + size_bytes); it never
 * returns. */
void context_init(struct context *c, void *bottom, size_t size_bytes, void (*entry)(void));
/* Leaves the caller's place in *from and goes on at *to; returns when somebody switches to *from.
 */
void context_switch(struct context *from, struct context *to);

#endif
