#include "collector/codec/freeze.h"

#include "collector/codec/json_put.h"

struct window {
    const struct pl_name *pool, *launch; // borrowed from the book
    int64_t from_unix_ms, until_unix_ms;
};

/* A launch that was called off freezes nothing; one that is over does for some hours more. */
static bool holds(const struct pl_launch_entry *e, int64_t now_unix_ms)
{
    return e->used && e->launch.freeze && e->course.state != PL_LAUNCH_CANCELLED &&
           now_unix_ms < pl_launch_thaws_unix_ms(&e->launch);
}

/* At most PL_FREEZE_WINDOWS_MAX into `out`, of `pool` or (empty) of all. */
static uint32_t list(const struct pl_launch_book *book, const struct pl_name *pool,
                     int64_t now_unix_ms, struct window *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < book->used_max; i++) {
        const struct pl_launch_entry *e = &book->entries[i];
        if (!holds(e, now_unix_ms)) continue;
        for (uint32_t k = 0; k < e->launch.pool_count; k++) {
            bool is_meant = pool->len == 0 || pl_name_eq(&e->launch.pools[k], pool);
            if (!is_meant || count == PL_FREEZE_WINDOWS_MAX) continue;
            out[count++] = (struct window){&e->launch.pools[k], &e->launch.id,
                                           pl_launch_freezes_unix_ms(&e->launch),
                                           pl_launch_thaws_unix_ms(&e->launch)};
        }
    }
    return count;
}

void pl_freeze_text_write(struct pl_text *out, const struct pl_launch_book *book,
                          int64_t now_unix_ms)
{
    struct window windows[PL_FREEZE_WINDOWS_MAX];
    static const struct pl_name all = {0};
    uint32_t count = list(book, &all, now_unix_ms, windows);
    pl_text_str(out, "# Packages stay as they are: pool, from, until (Unix seconds), launch.\n");
    for (uint32_t i = 0; i < count; i++) {
        pl_text_span(out, pl_name_span(windows[i].pool));
        pl_text_char(out, ' ');
        pl_text_i64(out, windows[i].from_unix_ms / 1000);
        pl_text_char(out, ' ');
        pl_text_i64(out, windows[i].until_unix_ms / 1000);
        pl_text_char(out, ' ');
        pl_text_span(out, pl_name_span(windows[i].launch));
        pl_text_char(out, '\n');
    }
}

void pl_json_freeze(struct pl_text *out, const struct pl_view *view, const struct pl_name *pool)
{
    struct window windows[PL_FREEZE_WINDOWS_MAX];
    int64_t now_ms = view->now.unix_ms, until_ms = 0;
    uint32_t count = list(pl_engine_launches(view->engine), pool, now_ms, windows);
    for (uint32_t i = 0; i < count; i++) {
        if (windows[i].from_unix_ms <= now_ms)
            until_ms = PL_MAX(until_ms, windows[i].until_unix_ms);
    }
    pl_json_put_bool(out, "{\"frozen\":", until_ms > 0);
    pl_json_put_time(out, ",\"until\":", until_ms);
    pl_text_str(out, ",\"windows\":[");
    for (uint32_t i = 0; i < count; i++) {
        pl_json_put_name(out, i > 0 ? ",{\"pool\":" : "{\"pool\":", windows[i].pool);
        pl_json_put_time(out, ",\"from\":", windows[i].from_unix_ms);
        pl_json_put_time(out, ",\"until\":", windows[i].until_unix_ms);
        pl_json_put_name(out, ",\"launch\":", windows[i].launch);
        pl_text_char(out, '}');
    }
    pl_text_str(out, "]}\n");
}
