/* err.h - one space of error numbers for the whole house.
 *
 * 0 or a count is success, negative is failure. -errno and libuv codes (which are -errno on
 * Linux) pass through unchanged; the codes below start at -10000 and cannot collide with them. */
#pragma once

/* name, number, text: the text completes "<what we tried>: <text>". */
#define PL_ERR_LIST(X)                                                                             \
    X(PL_E_MAGIC, -10000, "does not start with the expected magic number")                         \
    X(PL_E_TOO_BIG, -10001, "is larger than its limit")                                            \
    X(PL_E_TRUNCATED, -10002, "ends too early")                                                    \
    X(PL_E_RANGE, -10003, "has a value outside its range")                                         \
    X(PL_E_SYNTAX, -10004, "is malformed")                                                         \
    X(PL_E_VERSION, -10005, "has a version this program does not speak")                           \
    X(PL_E_DUPLICATE, -10006, "repeats something that must be unique")                             \
    X(PL_E_FULL, -10007, "does not fit: the limit is reached")                                     \
    X(PL_E_STATE, -10008, "is not allowed at this point of the conversation")                      \
    X(PL_E_NOT_FOUND, -10009, "does not exist")                                                    \
    X(PL_E_REFUSED, -10010, "was refused by the other side")                                       \
    X(PL_E_TIMEOUT, -10011, "did not finish in time")                                              \
    X(PL_E_CLOSED, -10012, "was closed by the other side")                                         \
    X(PL_E_NO_HOST, -10013, "has a host name nobody knows")                                        \
    X(PL_E_CERTIFICATE, -10014, "has a certificate that is not trusted")                           \
    X(PL_E_PLAIN, -10015, "offers no encryption")

enum pl_err {
#define PL_ERR_ENUM(name, number, text) name = (number),
    PL_ERR_LIST(PL_ERR_ENUM)
#undef PL_ERR_ENUM
};

/* English text of a negative result: ours, or strerror's for -errno. Never NULL; static storage.
 * 0 and positive numbers give "success". */
const char *pl_err_text(int err);
