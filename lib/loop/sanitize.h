/* sanitize.h - what AddressSanitizer and valgrind must be told about stacks they did not make.
 * Nothing at all in a build without them. */
#ifndef PASAR_LOOP_SANITIZE_H
#define PASAR_LOOP_SANITIZE_H

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZE_ADDRESS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZE_ADDRESS 1
#endif
#endif

#ifdef SANITIZE_ADDRESS
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#define SANITIZE_STACK_FACTOR 4 /* its frames are larger */
#define SANITIZE_START_SWITCH(save, bottom, size)                                                  \
    __sanitizer_start_switch_fiber((save), (bottom), (size))
#define SANITIZE_FINISH_SWITCH(save, bottom, size)                                                 \
    __sanitizer_finish_switch_fiber((save), (bottom), (size))
#define SANITIZE_STACK_MAPPED(p, n) __lsan_register_root_region((p), (n))
#define SANITIZE_STACK_UNMAPPED(p, n)                                                              \
    (__lsan_unregister_root_region((p), (n)), __asan_unpoison_memory_region((p), (n)))
#define SANITIZE_STACK_FRESH(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define SANITIZE_STACK_FACTOR 1
#define SANITIZE_START_SWITCH(save, bottom, size) ((void)(save), (void)(bottom), (void)(size))
#define SANITIZE_FINISH_SWITCH(save, bottom, size) ((void)(save), (void)(bottom), (void)(size))
#define SANITIZE_STACK_MAPPED(p, n) ((void)(p), (void)(n))
#define SANITIZE_STACK_UNMAPPED(p, n) ((void)(p), (void)(n))
#define SANITIZE_STACK_FRESH(p, n) ((void)(p), (void)(n))
#endif

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define SANITIZE_VALGRIND 1
#endif
#endif

#ifndef SANITIZE_VALGRIND
#define VALGRIND_STACK_REGISTER(start, end) ((void)(start), (void)(end), 0U)
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#endif

#endif
