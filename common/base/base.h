/* base.h - the few macros every file uses. */
#pragma once

#include <stddef.h>

/* Number of items of a true array (not of a pointer). */
#define PL_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The caller must look at the result; a deliberate ignore is written (void)f(); // reason */
#define PL_MUST_CHECK __attribute__((warn_unused_result))

#define PL_PRINTF(format_arg, first_arg) __attribute__((format(printf, format_arg, first_arg)))

/* Runs fn(&variable) when the variable leaves its scope. For straight-line code only. */
#define PL_CLEANUP(fn) __attribute__((cleanup(fn)))

/* The struct that contains `member`, from a pointer to that member. */
#define PL_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define PL_MIN(a, b) ((a) < (b) ? (a) : (b))
#define PL_MAX(a, b) ((a) > (b) ? (a) : (b))
