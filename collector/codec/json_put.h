/* json_put.h - the small parts every JSON answer is made of.
 *
 * `key` is everything that stands before the value, braces and commas included: ",\"pool\":". */
#pragma once

#include "common/base/name.h"
#include "common/base/text.h"

/* What must stay free after the last list of an answer, for what follows it. */
enum { PL_JSON_TAIL_BYTES = 256 };

/* A list under construction. An item that would leave less than `reserve` bytes of the buffer is
 * taken back whole, so that the answer stays complete JSON. */
struct pl_json_list {
    struct pl_text *out; // borrowed
    size_t reserve;
    size_t mark; // where the item in work begins
    uint32_t count;
};

struct pl_json_list pl_json_list_begin(struct pl_text *out, const char *key, size_t reserve);
void pl_json_item_begin(struct pl_json_list *l);
/* False if the item was taken back; the list is full then. The caller writes the final ']'. */
bool pl_json_item_end(struct pl_json_list *l);

void pl_json_put_name(struct pl_text *out, const char *key, const struct pl_name *name);
void pl_json_put_text(struct pl_text *out, const char *key, const char *text);
void pl_json_put_i64(struct pl_text *out, const char *key, int64_t value);
/* A time as RFC 3339, or null for 0. */
void pl_json_put_time(struct pl_text *out, const char *key, int64_t unix_ms);
/* Bytes as lower-case hexadecimal digits. */
void pl_json_put_hex(struct pl_text *out, const char *key, const uint8_t *bytes, size_t len);
void pl_json_put_bool(struct pl_text *out, const char *key, bool value);
/* A finite number, with three decimals, cut to +-1e12. */
void pl_json_put_real(struct pl_text *out, const char *key, double value);
/* value / scale, see pl_text_fixed(). */
void pl_json_put_number(struct pl_text *out, const char *key, int64_t value, int32_t scale);
