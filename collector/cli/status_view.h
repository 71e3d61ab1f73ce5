/* status_view.h - the answers of the API as a table for people.
 *
 * A state is a shape and a word, and a colour only on top of them. Text from the API is printed
 * without its control bytes, so that no host name can drive a terminal. */
#pragma once

#include <cJSON.h>
#include <stdbool.h>
#include <stdio.h>

enum { PL_STATUS_HOSTS_MAX = 20 }; // rows of hosts, the worst first; then a count

/* The answers of /api/v1/pools, /hosts and /alerts; what they lack is printed as "-". */
struct pl_status {
    const cJSON *pools, *hosts, *alerts; // borrowed
};

void pl_status_view(const struct pl_status *status, bool colour, FILE *out);
