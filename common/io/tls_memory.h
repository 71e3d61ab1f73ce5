/* tls_memory.h - memory of OpenSSL's own, so that a program that streams by TLS leaves the heap
 * alone.
 *
 * OpenSSL allocates with each record it writes, and some 50 KiB for a while with each connection.
 * From a fixed piece of memory (base/slab.h) that costs no system call, cannot fail because others
 * took the memory, and leaves no holes in the heap. PL_TLS_MEMORY_BYTES is twice what a client with
 * one connection needs; only what is used takes pages. What finds no room there (a CA file of
 * hundreds of certificates, read at the start) comes from malloc. For programs of one thread. */
#pragma once

#include "common/base/base.h"

enum { PL_TLS_MEMORY_BYTES = 1024 * 1024 };

/* Before anything else asks OpenSSL for something. Texts of errors (60 KiB) are left out until one
 * is needed. PL_E_STATE if it is too late, or -ENOMEM. */
PL_MUST_CHECK int pl_tls_memory_start(void);
/* Give the pages back that a handshake needed and nothing needs now; unlocked ones. */
void pl_tls_memory_trim(void);
