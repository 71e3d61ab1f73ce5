/* assert.h - checks that stay on in release builds.
 *
 * PL_ASSERT states what only a bug in plimsoll can break: arguments, invariants, the end of a
 * switch. Bad input, a dead network, a full disk or missing memory are errors, never asserts.
 * The process ends at once with file, line and expression, because a collector that goes on
 * after its own state is wrong would page the wrong people. */
#pragma once

/* Prints one line to stderr and aborts. Lives in common/sys, so that the pure rooms stay free of
 * system calls. */
_Noreturn void pl_panic(const char *file, int line, const char *what);

#define PL_ASSERT(cond)                                                                            \
    do {                                                                                           \
        if (__builtin_expect(!(cond), 0)) pl_panic(__FILE__, __LINE__, #cond);                     \
    } while (0)

/* The end of a switch over an enum that lists every case. */
#define PL_UNREACHABLE(what) pl_panic(__FILE__, __LINE__, "unreachable: " what)
