#include "common/base/name.h"

#include "common/base/err.h"

static bool is_alnum(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int pl_name_parse(struct pl_span in, struct pl_name *out)
{
    if (in.len > PL_NAME_LEN_MAX) return PL_E_TOO_BIG;
    if (in.len == 0 || !is_alnum(in.ptr[0])) return PL_E_SYNTAX;
    for (size_t i = 1; i < in.len; i++) {
        uint8_t c = in.ptr[i];
        if (!is_alnum(c) && c != '.' && c != '_' && c != '-') return PL_E_SYNTAX;
    }
    struct pl_name name = {.len = (uint8_t)in.len};
    memcpy(name.text, in.ptr, in.len);
    *out = name;
    return 0;
}

uint64_t pl_hash_bytes(struct pl_span bytes)
{
    /* Fowler, Noll, Vo: FNV-1a, 64 bit (IETF draft-eastlake-fnv). */
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < bytes.len; i++) hash = (hash ^ bytes.ptr[i]) * 0x100000001b3;
    return hash;
}
