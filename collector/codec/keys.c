#include "collector/codec/keys.h"

#include "common/base/assert.h"
#include "common/base/err.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

const struct pl_resolution_plan *pl_resolution_plan(enum pl_resolution resolution)
{
    static const struct pl_resolution_plan plans[] = {
        [PL_R1] = {"r1", SECOND, MINUTE, 15 * MINUTE, HOUR},
        [PL_R10] = {"r10", 10 * SECOND, 10 * MINUTE, 6 * HOUR, DAY},
        [PL_R300] = {"r300", 5 * MINUTE, 5 * HOUR, 3 * (int64_t)DAY, 30 * (int64_t)DAY},
    };
    PL_ASSERT(resolution < PL_RESOLUTION_COUNT);
    return &plans[resolution];
}

const char *pl_account_key(enum pl_account_key key)
{
    static const char *const keys[] = {
#define KEY(id, key) key,
        PL_ACCOUNT_KEY_LIST(KEY)
#undef KEY
    };
    PL_ASSERT(key < PL_ACCOUNT_KEY_COUNT);
    return keys[key];
}

int64_t pl_floor_ms(int64_t unix_ms, int64_t step_ms)
{
    int64_t rest = unix_ms % step_ms;
    return unix_ms - (rest < 0 ? rest + step_ms : rest);
}

void pl_key_metric(char *out, const struct pl_name *host, enum pl_resolution resolution,
                   int64_t unix_ms)
{
    const struct pl_resolution_plan *plan = pl_resolution_plan(resolution);
    struct pl_text t = pl_text_init(out, PL_KEY_BYTES);
    pl_text_str(&t, "pl:{");
    pl_text_span(&t, pl_name_span(host));
    pl_text_str(&t, "}:");
    pl_text_str(&t, plan->tag);
    pl_text_char(&t, ':');
    pl_text_i64(&t, pl_floor_ms(unix_ms, plan->bucket_ms) / SECOND);
    PL_ASSERT(!t.overflow);
}

static void write_key(char *out, const struct pl_name *host, const char *kind)
{
    struct pl_text t = pl_text_init(out, PL_KEY_BYTES);
    pl_text_str(&t, "pl:{");
    pl_text_span(&t, pl_name_span(host));
    pl_text_str(&t, kind);
    PL_ASSERT(!t.overflow);
}

void pl_key_changes(char *out, const struct pl_name *host)
{
    write_key(out, host, "}:changes");
}

void pl_key_learned(char *out, const struct pl_name *host)
{
    write_key(out, host, "}:learned");
}

int64_t pl_key_ttl_s(enum pl_resolution resolution, int64_t unix_ms, int64_t now_unix_ms)
{
    const struct pl_resolution_plan *plan = pl_resolution_plan(resolution);
    int64_t end = pl_floor_ms(unix_ms, plan->bucket_ms) + plan->bucket_ms;
    int64_t ttl_ms = end - now_unix_ms + plan->keep_ms;
    ttl_ms = PL_MAX(ttl_ms, plan->keep_ms);
    ttl_ms = PL_MIN(ttl_ms, plan->bucket_ms + plan->keep_ms);
    return ttl_ms / SECOND;
}

bool pl_key_window_whole(enum pl_resolution resolution, int64_t window_unix_ms, int64_t now_unix_ms)
{
    const struct pl_resolution_plan *plan = pl_resolution_plan(resolution);
    int64_t end = pl_floor_ms(window_unix_ms, plan->bucket_ms) + plan->bucket_ms;
    return now_unix_ms < end + plan->keep_ms;
}

void pl_field_write(char *out, int64_t first_unix_ms, uint64_t first_seq)
{
    struct pl_text t = pl_text_init(out, PL_FIELD_BYTES);
    pl_text_i64(&t, first_unix_ms);
    if (first_seq > 0) {
        pl_text_char(&t, '-');
        pl_text_u64(&t, first_seq);
    }
}

int pl_field_parse(struct pl_span field, int64_t *first_unix_ms)
{
    enum { DIGITS_MAX = 15 }; // the year 9999 has 15
    size_t at = 0;
    int64_t value = 0;
    while (at < field.len && field.ptr[at] >= '0' && field.ptr[at] <= '9') {
        if (at == DIGITS_MAX) return PL_E_RANGE;
        value = value * 10 + (field.ptr[at++] - '0');
    }
    if (at == 0 || (at < field.len && field.ptr[at] != '-')) return PL_E_SYNTAX;
    *first_unix_ms = value;
    return 0;
}

const char *pl_said_key(enum pl_said_key key)
{
    static const char *const keys[PL_SAID_KEY_COUNT] = {
#define PL_SAID_KEY_TEXT(id, key) [PL_SAID_KEY_##id] = (key),
        PL_SAID_KEY_LIST(PL_SAID_KEY_TEXT)
#undef PL_SAID_KEY_TEXT
    };
    PL_ASSERT(key < PL_SAID_KEY_COUNT);
    return keys[key];
}
