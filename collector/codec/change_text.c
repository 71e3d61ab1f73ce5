#include "collector/codec/change_text.h"

#include "common/base/assert.h"

#define ARROW "\xe2\x86\x92" // U+2192
#define DOTS  "\xe2\x80\xa6" // U+2026

static void from_to_write(const struct pl_change *change, struct pl_text *out)
{
    pl_text_char(out, ' ');
    pl_text_str(out, change->before);
    pl_text_str(out, ARROW);
    pl_text_str(out, change->after);
}

/* "12 packages removed (a, b, …)", "removed a 1.2" */
static void packages_write(const struct pl_change *change, const char *verb, const char *version,
                           struct pl_text *out)
{
    if (change->count > 1) {
        pl_text_u64(out, change->count);
        pl_text_str(out, " packages ");
        pl_text_str(out, verb);
        pl_text_str(out, " (");
        pl_text_str(out, change->subject);
        pl_text_str(out, ", " DOTS ")");
        return;
    }
    pl_text_str(out, verb);
    pl_text_char(out, ' ');
    pl_text_str(out, change->subject);
    if (version[0] != '\0') pl_text_char(out, ' ');
    pl_text_str(out, version);
}

static void old_write(const struct pl_change *change, struct pl_text *out)
{
    bool are_many = strchr(change->subject, ',') != NULL;
    pl_text_str(out, are_many ? " still run the old " : " still runs the old ");
    pl_text_str(out, change->before);
}

void pl_change_text_write(const struct pl_change *change, struct pl_text *out)
{
    switch (change->kind) {
    case PL_CHANGE_UPGRADED:
        if (change->count > 1 || change->before[0] == '\0') { // dnf does not say
            packages_write(change, "upgraded", change->after, out);
            return;
        }
        pl_text_str(out, change->subject);
        from_to_write(change, out);
        return;
    case PL_CHANGE_INSTALLED: packages_write(change, "installed", change->after, out); return;
    case PL_CHANGE_REMOVED: packages_write(change, "removed", change->before, out); return;
    case PL_CHANGE_BOOTED: pl_text_str(out, "booted"); return;
    case PL_CHANGE_CORES:
        pl_text_str(out, "cores");
        from_to_write(change, out);
        return;
    case PL_CHANGE_MEMORY:
        pl_text_str(out, "memory");
        from_to_write(change, out);
        return;
    case PL_CHANGE_RESTARTED:
        pl_text_str(out, change->subject);
        pl_text_str(out, " started");
        return;
    case PL_CHANGE_OUTDATED:
        pl_text_str(out, change->subject);
        old_write(change, out);
        return;
    case PL_CHANGE_KIND_COUNT: break;
    }
    PL_UNREACHABLE("kind of change");
}

static void hosts_write(const struct pl_change_group *group, const struct pl_fleet *fleet,
                        struct pl_text *out)
{
    for (uint32_t i = 0; i < group->named_count; i++) {
        if (i > 0) pl_text_str(out, ", ");
        pl_text_span(out, pl_name_span(&fleet->hosts[group->hosts[i]].name));
    }
    if (group->host_count <= group->named_count) return;
    pl_text_str(out, " and ");
    pl_text_u64(out, group->host_count - group->named_count);
    pl_text_str(out, " more");
}

/* "2 h": how long ago, no finer than it matters. */
static void ago_write(int64_t ms, struct pl_text *out)
{
    int64_t s = PL_MAX(ms, 0) / 1000;
    pl_text_i64(out, s < 60 ? s : s < 3600 ? s / 60 : s / 3600);
    pl_text_str(out, s < 60 ? " s ago" : s < 3600 ? " min ago" : " h ago");
}

static void group_write(const struct pl_change_group *group, const struct pl_fleet *fleet,
                        int64_t now_unix_ms, struct pl_text *out)
{
    const struct pl_change *change = &group->change;
    if (change->kind == PL_CHANGE_OUTDATED) { // "nginx on fe2 still runs the old libssl.so.3"
        pl_text_str(out, change->subject);
        pl_text_str(out, " on ");
        hosts_write(group, fleet, out);
        old_write(change, out);
    } else if (change->kind == PL_CHANGE_BOOTED) {
        hosts_write(group, fleet, out);
        pl_text_str(out, " booted");
    } else {
        pl_change_text_write(change, out);
        pl_text_str(out, " on ");
        hosts_write(group, fleet, out);
    }
    pl_text_str(out, " (");
    ago_write(now_unix_ms - change->unix_ms, out);
    pl_text_char(out, ')');
}

void pl_changes_text_write(const struct pl_change_digest *digest, const struct pl_fleet *fleet,
                           int64_t now_unix_ms, struct pl_text *out)
{
    uint32_t told = PL_MIN(digest->group_count, (uint32_t)PL_CHANGES_TOLD_MAX);
    uint32_t more = digest->group_count - told + digest->more_count;
    if (told == 0) return;
    pl_text_str(out, "changed in 24 h: ");
    for (uint32_t i = 0; i < told; i++) {
        if (i > 0) pl_text_str(out, "; ");
        group_write(&digest->groups[i], fleet, now_unix_ms, out);
    }
    if (more == 0) return;
    pl_text_str(out, "; and ");
    pl_text_u64(out, more);
    pl_text_str(out, " more");
}
