/* password.h - which passwords are taken (NIST SP 800-63B section 5.1.1.2): long enough, not one of
 * those everybody tries first, and no rule about what they are composed of. */
#pragma once

#include "common/base/name.h"

enum {
    PL_PASSWORD_LEN_MIN = 10,    // characters
    PL_PASSWORD_BYTES_MAX = 256, // UTF-8
};

/* NULL: `password` will do for `user`; else what is wrong with it, as a sentence. */
const char *pl_password_fault(struct pl_span password, const struct pl_name *user);
