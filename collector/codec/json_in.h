/* json_in.h - JSON that comes in: cJSON behind the rules cJSON does not enforce.
 *
 * cJSON takes trailing garbage, repeated keys, control bytes, invalid UTF-8, "\u0000" (and cuts the
 * text there), 007 and 1. - two programs that read such a text differently are a hole. Here it is
 * refused before cJSON sees it, or after. Fields are read with a sticky reader: take them all in a
 * straight line and look at `err` once. */
#pragma once

#include "common/base/base.h"
#include "common/base/name.h"

#include <cJSON.h>

enum { PL_JSON_BYTES_MAX = 64 * 1024, PL_JSON_DEPTH_MAX = 16, PL_JSON_MEMBERS_MAX = 64 };
#define PL_JSON_EXACT_MAX (INT64_C(1) << 53) // whole numbers up to it are exact in a double

/* The object or array in `text`; NULL if it is not strict JSON within the limits above. Free with
 * cJSON_Delete. */
cJSON *pl_json_parse(struct pl_span text);

struct pl_json_reader {
    const cJSON *object; // borrowed
    int err;             // 0; PL_E_NOT_FOUND: a member is missing; PL_E_RANGE, PL_E_SYNTAX: wrong
};

/* `object` may be anything, NULL too: then PL_E_SYNTAX. */
struct pl_json_reader pl_json_reader_init(const cJSON *object);
/* After a failure these return 0, false, NULL and leave outputs untouched. Numbers are whole, and
 * exact up to 2^53; larger ones are written as strings of digits and read by _u64. */
int64_t pl_json_i64(struct pl_json_reader *r, const char *member, int64_t min, int64_t max);
uint64_t pl_json_u64(struct pl_json_reader *r, const char *member);
bool pl_json_bool(struct pl_json_reader *r, const char *member);
void pl_json_name(struct pl_json_reader *r, const char *member, struct pl_name *out);
/* Text that fits `cap` bytes with its NUL. */
void pl_json_text(struct pl_json_reader *r, const char *member, char *out, size_t cap);
/* `len` bytes as twice as many lower-case hexadecimal digits; any other length is PL_E_SYNTAX. */
void pl_json_hex(struct pl_json_reader *r, const char *member, uint8_t *out, size_t len);
/* Index of the text in `words`. */
int pl_json_word(struct pl_json_reader *r, const char *member, const char *const *words,
                 size_t count);
const cJSON *pl_json_array(struct pl_json_reader *r, const char *member);
const cJSON *pl_json_object(struct pl_json_reader *r, const char *member);
