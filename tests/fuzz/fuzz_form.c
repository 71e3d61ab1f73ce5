/* Forms: fields lie in the buffer one behind the other, named, without a NUL, and never longer than
 * what they were decoded from. */
#include "tests/fuzz/fuzz.h"

#include "collector/codec/form_in.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pl_form_field fields[PL_FORM_FIELDS_MAX];
    uint8_t *buf = malloc(len + 1), *at = buf;
    int count = pl_form_parse((struct pl_span){data, len}, buf, fields);
    PL_ASSERT(count <= PL_FORM_FIELDS_MAX);
    for (int i = 0; i < count; i++) {
        struct pl_span name = fields[i].name, value = fields[i].value;
        PL_ASSERT(name.len > 0 && name.ptr == at && value.ptr == at + name.len);
        at += name.len + value.len;
        PL_ASSERT((size_t)(at - buf) <= len);
        PL_ASSERT(!memchr(name.ptr, 0, name.len + value.len));
    }
    free(buf);
    return 0;
}
