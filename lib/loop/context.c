/* context.c - the jump between two stacks, once for each kind of machine. */
#include "loop/context.h"

#include <stdint.h>
#include <string.h>

#ifndef CONTEXT_UCONTEXT
/* void context_jump(void **from_sp, void *to_sp): pushes the preserved registers, leaves the stack
 * pointer in *from_sp, takes to_sp and pops. Hidden: called from this file only. */
void context_jump(void **from_sp, void *to_sp) __attribute__((visibility("hidden")));
#endif

#if defined(__x86_64__)
__asm__(".text\n"
        ".p2align 4\n"
        ".globl context_jump\n"
        ".hidden context_jump\n"
        ".type context_jump, @function\n"
        "context_jump:\n"
        ".cfi_startproc\n"
        "    endbr64\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        ".cfi_adjust_cfa_offset 48\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        ".cfi_adjust_cfa_offset -48\n"
        "    ret\n"
        ".cfi_endproc\n"
        ".size context_jump, .-context_jump\n");

#define SAVED_WORDS 6
#define ENTRY_AT 6 /* where `ret` finds its address */
#define WORDS 8    /* and a zero as the entry's own return address: entered as if called */

#elif defined(__aarch64__)
__asm__(".text\n"
        ".p2align 4\n"
        ".globl context_jump\n"
        ".hidden context_jump\n"
        ".type context_jump, %function\n"
        "context_jump:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp, #0]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x2, sp\n"
        "    str x2, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp, #0]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size context_jump, .-context_jump\n");

#define ENTRY_AT 11 /* x30, the link register */
#define WORDS 20

#endif

#ifndef CONTEXT_UCONTEXT

/* As if entry() had been about to start when it was switched away from: zeros for all registers, so
 * that a debugger's walk up the frames ends here. */
void context_init(struct context *c, void *bottom, size_t size_bytes, void (*entry)(void))
{
    char *top = (char *)bottom + size_bytes;
    uintptr_t words[WORDS] = {0};

    top -= (uintptr_t)top % 16;
    words[ENTRY_AT] = (uintptr_t)entry;
    c->sp = top - sizeof words;
    memcpy(c->sp, words, sizeof words);
}

void context_switch(struct context *from, struct context *to)
{
    context_jump(&from->sp, to->sp);
}

#else
#include <stdlib.h>

void context_init(struct context *c, void *bottom, size_t size_bytes, void (*entry)(void))
{
    if (getcontext(&c->u))
        abort();
    c->u.uc_stack.ss_sp = bottom;
    c->u.uc_stack.ss_size = size_bytes;
    c->u.uc_link = NULL;
    makecontext(&c->u, entry, 0);
}

void context_switch(struct context *from, struct context *to)
{
    swapcontext(&from->u, &to->u);
}

#endif
