/* status_print.h - the parts that the tables of `plimsoll status` are made of. */
#pragma once

#include <cJSON.h>
#include <stdbool.h>
#include <stdio.h>

/* A member of an answer: "-", NAN or NULL if there is none of that type. */
const char *pl_status_text(const cJSON *object, const char *key);
double pl_status_number(const cJSON *object, const char *key);
const cJSON *pl_status_list(const cJSON *answer, const char *key);

enum { PL_STATUS_STATES = 5 }; // of pools and hosts; their ranks are below
/* 0 is the worst; a state nobody knows comes last. */
size_t pl_status_rank(const char *state);

/* Printable text, then blanks up to `width` columns: no name can drive a terminal. */
void pl_status_put_text(FILE *out, const char *text, size_t width);
/* Shape and word, and a colour only on top of them. */
void pl_status_put_state(FILE *out, const char *state, bool colour);
/* "97 %", at least `width` columns before the sign; "-" for NAN. */
void pl_status_put_percent(FILE *out, double share, int width);
/* Columns the longest `key` of the list takes, within reason. */
size_t pl_status_width(const cJSON *list, const char *key);

/* The pools with what is left of them, the worst first (status_pool.c). */
void pl_status_pools(FILE *out, const cJSON *list, bool colour);
