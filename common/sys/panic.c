#include "common/base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void pl_panic(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "event=panic at=%s:%d what=\"%s\"\n", file, line, what);
    abort();
}
