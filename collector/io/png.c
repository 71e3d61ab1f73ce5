#include "collector/io/png.h"

#include "common/base/err.h"

#include <errno.h>
#include <png.h>

ssize_t pl_png_write(const struct pl_picture *picture, uint8_t *out, size_t cap)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = PL_PICTURE_WIDTH,
                       .height = PL_PICTURE_HEIGHT,
                       .format = PNG_FORMAT_RGB_COLORMAP,
                       .flags = PNG_IMAGE_FLAG_FAST,
                       .colormap_entries = PL_PICTURE_COLOURS};
    png_alloc_size_t len = cap;
    if (png_image_write_to_memory(&image, out, &len, 0, picture->pixels, PL_PICTURE_WIDTH,
                                  pl_picture_palette)) {
        return (ssize_t)len;
    }
    return len > cap ? PL_E_TOO_BIG : -ENOMEM; // `len` is what it would need
}
