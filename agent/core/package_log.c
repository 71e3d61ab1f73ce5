#include "agent/core/package_log.h"

#include "agent/core/scan.h"
#include "common/base/assert.h"
#include "common/base/text.h"

#include <assert.h>

const char *pl_package_log_path(enum pl_package_format format)
{
    static const char *const paths[] = {
        [PL_PACKAGE_DPKG] = "var/log/dpkg.log",
        [PL_PACKAGE_RPM] = "var/log/dnf.rpm.log",
    };
    PL_ASSERT(format < PL_PACKAGE_FORMAT_COUNT);
    return paths[format];
}

/* ---- a line ---- */

static void copy(struct pl_span in, char *out, size_t len_max)
{
    size_t len = PL_MIN(in.len, len_max);
    for (size_t i = 0; i < len; i++) {
        char c = (char)in.ptr[i];
        out[i] = c > ' ' && c <= '~' ? c : '?';
    }
    out[len] = '\0';
}

/* `len` digits at `at`; -1 if they are none. */
static int64_t digits(struct pl_span text, size_t at, size_t len)
{
    if (text.len < at + len) return -1;
    uint64_t value = pl_scan_number((struct pl_span){text.ptr + at, len});
    return value == PL_RAW_ABSENT ? -1 : (int64_t)value;
}

/* Days since 1970-01-01 (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* "2026-05-01" and "14:03:12" in ms since 1970 as if UTC; -1 if it is no time. */
static int64_t time_of(struct pl_span day, struct pl_span time)
{
    int64_t year = digits(day, 0, 4), month = digits(day, 5, 2), mday = digits(day, 8, 2);
    int64_t hour = digits(time, 0, 2), minute = digits(time, 3, 2), second = digits(time, 6, 2);
    if (year < 1970 || month < 1 || month > 12 || mday < 1 || mday > 31) return -1;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return -1;
    if (day.ptr[4] != '-' || day.ptr[7] != '-' || time.ptr[2] != ':' || time.ptr[5] != ':')
        return -1;
    int64_t days = days_from_civil(year, month, mday);
    return ((days * 24 + hour) * 60 + minute) * 60000 + second * 1000;
}

/* "openssl:amd64" is openssl. */
static struct pl_span without_arch(struct pl_span name)
{
    const uint8_t *colon = name.len > 0 ? memchr(name.ptr, ':', name.len) : NULL;
    return colon ? (struct pl_span){name.ptr, (size_t)(colon - name.ptr)} : name;
}

/* dpkg(1): "YYYY-MM-DD HH:MM:SS upgrade|install|remove pkg installed-version available-version" */
static bool parse_dpkg(struct pl_span line, struct pl_package_line *out)
{
    struct pl_span day, time, action, name, before, after;
    (void)pl_scan_word(&line, &day); // what is missing is empty, and refused as that
    (void)pl_scan_word(&line, &time);
    (void)pl_scan_word(&line, &action);
    (void)pl_scan_word(&line, &name);
    (void)pl_scan_word(&line, &before);
    (void)pl_scan_word(&line, &after);
    out->change.unix_ms = time_of(day, time);
    if (out->change.unix_ms < 0) return false;
    out->is_local = true;
    bool is_upgrade = pl_span_is(action, "upgrade"), is_install = pl_span_is(action, "install");
    out->is_change = name.len > 0 && (is_install || pl_span_is(action, "remove") ||
                                      (is_upgrade && !pl_span_eq(before, after)));
    if (!out->is_change) return true;
    out->change.kind = is_upgrade   ? PL_CHANGE_UPGRADED
                       : is_install ? PL_CHANGE_INSTALLED
                                    : PL_CHANGE_REMOVED;
    copy(without_arch(name), out->change.subject, PL_CHANGE_SUBJECT_MAX);
    if (!is_install) copy(before, out->change.before, PL_CHANGE_VALUE_MAX);
    if (is_upgrade || is_install) copy(after, out->change.after, PL_CHANGE_VALUE_MAX);
    return true;
}

/* Minutes east of UTC of "Z" or "+0200" behind the 19 characters of a time. */
static int64_t offset_minutes(struct pl_span stamp)
{
    enum { AT = 19 };
    int64_t hours = digits(stamp, AT + 1, 2), minutes = digits(stamp, AT + 3, 2);
    if (stamp.len <= AT || stamp.ptr[AT] == 'Z' || hours < 0 || minutes < 0) return 0;
    return (stamp.ptr[AT] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

/* name-[epoch:]version-release.arch: the version begins behind the last dash but one. */
static void split_nevra(struct pl_span nevra, struct pl_span *name, struct pl_span *version)
{
    size_t at = nevra.len, dashes = 0;
    while (at > 0 && dashes < 2) dashes += nevra.ptr[--at] == '-';
    *name = dashes == 2 ? (struct pl_span){nevra.ptr, at} : nevra;
    *version = dashes == 2 ? (struct pl_span){nevra.ptr + at + 1, nevra.len - at - 1}
                           : (struct pl_span){nevra.ptr, 0};
    for (size_t i = version->len; i > 0; i--) {
        if (version->ptr[i - 1] != '.') continue;
        version->len = i - 1;
        return;
    }
}

/* dnf's log of what librpm reports: "Upgrade" is the new package, "Upgraded" the old one. */
static bool parse_rpm(struct pl_span line, struct pl_package_line *out)
{
    struct pl_span stamp, level, action, nevra, name, version;
    (void)pl_scan_word(&line, &stamp);
    (void)pl_scan_word(&line, &level);
    (void)pl_scan_word(&line, &action);
    (void)pl_scan_word(&line, &nevra);
    if (stamp.len < 19 || stamp.ptr[10] != 'T') return false;
    out->change.unix_ms =
        time_of((struct pl_span){stamp.ptr, 10}, (struct pl_span){stamp.ptr + 11, stamp.len - 11});
    if (out->change.unix_ms < 0) return false;
    out->change.unix_ms = PL_MAX(out->change.unix_ms - offset_minutes(stamp) * 60000, 0);
    bool is_upgrade = pl_span_is(action, "Upgrade:");
    bool is_install = pl_span_is(action, "Installed:");
    out->is_change = nevra.len > 0 && (is_upgrade || is_install || pl_span_is(action, "Erase:"));
    if (!out->is_change) return true;
    out->change.kind = is_upgrade   ? PL_CHANGE_UPGRADED
                       : is_install ? PL_CHANGE_INSTALLED
                                    : PL_CHANGE_REMOVED;
    split_nevra(nevra, &name, &version);
    bool is_new = is_upgrade || is_install;
    copy(name, out->change.subject, PL_CHANGE_SUBJECT_MAX);
    copy(version, is_new ? out->change.after : out->change.before, PL_CHANGE_VALUE_MAX);
    return out->change.subject[0] != '\0';
}

bool pl_package_line_parse(enum pl_package_format format, struct pl_span line,
                           struct pl_package_line *out)
{
    struct pl_package_line got = {.change.count = 1};
    bool is_line = format == PL_PACKAGE_DPKG ? parse_dpkg(line, &got) : parse_rpm(line, &got);
    if (is_line && got.is_change && got.change.subject[0] == '\0') got.is_change = false;
    if (is_line) *out = got;
    return is_line;
}

/* ---- a run ---- */

bool pl_package_run_takes(const struct pl_package_run *run, int64_t unix_ms)
{
    if (run->first_unix_ms == 0) return true;
    return unix_ms >= run->first_unix_ms && unix_ms - run->last_unix_ms <= PL_PACKAGE_GAP_MS &&
           unix_ms - run->first_unix_ms <= PL_PACKAGE_RUN_MS;
}

void pl_package_run_add(struct pl_package_run *run, const struct pl_package_line *line)
{
    static_assert(PL_CHANGE_UPGRADED == 0 && PL_CHANGE_REMOVED == 2, "kinds are indexes");
    if (run->first_unix_ms == 0) run->first_unix_ms = line->change.unix_ms;
    run->last_unix_ms = PL_MAX(run->last_unix_ms, line->change.unix_ms);
    if (!line->is_change) return;
    struct pl_package_kind *kind = &run->kinds[line->change.kind];
    for (uint32_t i = 0; i < PL_MIN(kind->count, (uint32_t)PL_PACKAGE_NAMED_MAX); i++)
        if (strcmp(kind->items[i].subject, line->change.subject) == 0) return;
    if (kind->count < PL_PACKAGE_NAMED_MAX) kind->items[kind->count] = line->change;
    kind->count = PL_MIN(kind->count + 1, (uint32_t)PL_CHANGE_THINGS_MAX);
}

bool pl_package_run_is_over(const struct pl_package_run *run, int64_t now_unix_ms)
{
    return run->first_unix_ms > 0 && now_unix_ms - run->last_unix_ms > PL_PACKAGE_GAP_MS;
}

/* "libc6, bash, dash": as many of the first names as fit. */
static void names_write(const struct pl_package_kind *kind, struct pl_change *out)
{
    struct pl_text t = pl_text_init(out->subject, sizeof out->subject);
    for (size_t i = 0; i < PL_PACKAGE_NAMED_MAX; i++) {
        const char *name = kind->items[i].subject;
        if (i > 0 && t.len + 2 + strlen(name) > PL_CHANGE_SUBJECT_MAX) return;
        if (i > 0) pl_text_str(&t, ", ");
        pl_text_str(&t, name);
    }
}

bool pl_package_run_next(struct pl_package_run *run, struct pl_change *out)
{
    for (size_t k = 0; k < PL_LEN(run->kinds); k++) {
        struct pl_package_kind *kind = &run->kinds[k];
        if (kind->count == 0) continue;
        if (kind->count <= PL_PACKAGE_NAMED_MAX) {
            *out = kind->items[--kind->count];
            return true;
        }
        *out = (struct pl_change){kind->items[0].kind, run->first_unix_ms, kind->count, "", "", ""};
        names_write(kind, out);
        kind->count = 0;
        return true;
    }
    *run = (struct pl_package_run){0};
    return false;
}
