/* fuzz.h - what every fuzz target looks like. A broken promise ends the process (PL_ASSERT), which
 * libFuzzer reports with the input that did it. */
#pragma once

#include "common/base/assert.h"
#include "common/base/base.h"
#include "common/base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
