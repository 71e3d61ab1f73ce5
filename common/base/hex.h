/* hex.h - bytes as lower-case hexadecimal digits, there and back. */
#pragma once

#include "common/base/text.h"

void pl_hex_write(struct pl_text *out, const uint8_t *bytes, size_t len);
/* `in` must be the 2 * `len` digits, in lower case, of `len` bytes. False: it is not, and `out`
 * holds nothing of use. */
bool pl_hex_read(struct pl_span in, uint8_t *out, size_t len);
