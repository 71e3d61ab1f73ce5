/* png.h - a picture as a PNG file in memory, by libpng.
 *
 * libpng allocates and reports errors by longjmp, so it lives here and not in the codec. */
#pragma once

#include "collector/codec/notify/picture.h"
#include "common/base/base.h"

#include <sys/types.h>

/* Bytes written, at most `cap`; PL_E_TOO_BIG if it needs more, -ENOMEM. Takes about a millisecond.
 */
PL_MUST_CHECK ssize_t pl_png_write(const struct pl_picture *picture, uint8_t *out, size_t cap);
