#include "agent/io/packages.h"

#include "agent/core/scan.h"
#include "common/base/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 320, ZONES_MS = 26 * 3600 * 1000 };

static void path_of(const struct pl_packages *p, enum pl_package_format format, const char *suffix,
                    char path[PATH_BYTES])
{
    struct pl_text t = pl_text_init(path, PATH_BYTES);
    pl_text_str(&t, p->root);
    pl_text_char(&t, '/');
    pl_text_str(&t, pl_package_log_path(format));
    pl_text_str(&t, suffix);
}

void pl_packages_init(struct pl_packages *p, const char *root)
{
    *p = (struct pl_packages){.root = root};
    for (size_t i = 0; i < PL_LEN(p->logs); i++) p->logs[i].fd = -1;
    tzset(); // allocates; later calls only look whether the zone is another one
}

static void close_log(struct pl_package_log *log)
{
    if (log->fd >= 0) (void)close(log->fd); // nothing was written to it
    log->fd = -1;
}

void pl_packages_stop(struct pl_packages *p)
{
    for (size_t i = 0; i < PL_LEN(p->logs); i++) close_log(&p->logs[i]);
}

static void open_log(struct pl_packages *p, enum pl_package_format format, const char *suffix)
{
    struct pl_package_log *log = &p->logs[format];
    char path[PATH_BYTES];
    struct stat file;
    path_of(p, format, suffix, path);
    log->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (log->fd < 0) return;
    if (fstat(log->fd, &file) < 0 || !S_ISREG(file.st_mode)) {
        close_log(log);
        return;
    }
    log->inode = file.st_ino;
    log->at = PL_MAX((int64_t)file.st_size - PL_PACKAGES_TAIL_BYTES, 0);
}

static bool tell(struct pl_package_run *run, struct pl_told *told)
{
    struct pl_change change;
    bool has_any = false;
    while (pl_package_run_next(run, &change)) {
        pl_told_push(told, &change);
        has_any = true;
    }
    return has_any;
}

/* What is written as local time is read by the machine's zone, of which dpkg says nothing. */
static int64_t utc_of(int64_t local_ms)
{
    time_t local_s = local_ms / 1000;
    struct tm tm;
    if (!gmtime_r(&local_s, &tm)) return local_ms;
    tm.tm_isdst = -1;
    time_t utc_s = mktime(&tm);
    return utc_s < 0 ? local_ms : (int64_t)utc_s * 1000;
}

static bool take_line(struct pl_package_log *log, struct pl_package_line *line,
                      struct pl_told *told, int64_t now_unix_ms)
{
    int64_t from_ms = now_unix_ms - PL_PACKAGES_KEEP_MS;
    bool has_ended = false;
    if (line->change.unix_ms < from_ms - ZONES_MS) return false; // old in every zone
    if (line->is_local) line->change.unix_ms = utc_of(line->change.unix_ms);
    if (line->change.unix_ms < from_ms) return false;
    if (!pl_package_run_takes(&log->run, line->change.unix_ms)) has_ended = tell(&log->run, told);
    pl_package_run_add(&log->run, line);
    return has_ended;
}

/* Read a part. Bytes of whole lines taken, 0 at the end. */
static size_t read_part(struct pl_packages *p, enum pl_package_format format, struct pl_told *told,
                        int64_t now_unix_ms, bool *has_ended)
{
    struct pl_package_log *log = &p->logs[format];
    ssize_t len = pread(log->fd, p->buf, sizeof p->buf, log->at);
    struct pl_span text = {p->buf, len > 0 ? (size_t)len : 0}, words;
    while (pl_scan_line(&text, &words)) {
        struct pl_package_line line;
        if (!pl_package_line_parse(format, words, &line)) continue;
        *has_ended |= take_line(log, &line, told, now_unix_ms);
    }
    if (text.len == sizeof p->buf) text.len = 0; // no line is that long
    size_t taken = (len > 0 ? (size_t)len : 0) - text.len;
    log->at += (int64_t)taken;
    return taken;
}

/* All there is was read: has the log been exchanged, or begun anew? */
static void look(struct pl_packages *p, enum pl_package_format format)
{
    struct pl_package_log *log = &p->logs[format];
    char path[PATH_BYTES];
    struct stat file;
    path_of(p, format, "", path);
    if (stat(path, &file) < 0) return; // between two steps of a rotation
    if (file.st_ino != log->inode) {
        close_log(log);
        open_log(p, format, "");
        log->due_mono_ms = 0;
    } else if (file.st_size < log->at) {
        log->at = 0;
    }
}

static bool is_read(const struct pl_package_log *log, int64_t now_mono_ms)
{
    return now_mono_ms < log->due_mono_ms;
}

bool pl_packages_is_read(const struct pl_packages *p, int64_t now_mono_ms)
{
    for (size_t i = 0; i < PL_LEN(p->logs); i++)
        if (!is_read(&p->logs[i], now_mono_ms)) return false;
    return true;
}

static bool tick_log(struct pl_packages *p, enum pl_package_format format, struct pl_told *told,
                     int64_t now_mono_ms, int64_t now_unix_ms)
{
    struct pl_package_log *log = &p->logs[format];
    bool has_ended = false;
    if (now_mono_ms >= log->due_mono_ms) {
        if (!log->has_looked) open_log(p, format, ".1");
        log->has_looked = true;
        if (log->fd < 0) open_log(p, format, "");
        size_t taken = log->fd < 0 ? 0 : read_part(p, format, told, now_unix_ms, &has_ended);
        if (taken == 0) log->due_mono_ms = now_mono_ms + PL_PACKAGES_LOOK_MS;
        if (taken == 0 && log->fd >= 0) look(p, format);
    }
    // Before that, more of the run may follow.
    if (is_read(log, now_mono_ms) && pl_package_run_is_over(&log->run, now_unix_ms))
        has_ended |= tell(&log->run, told);
    return has_ended;
}

bool pl_packages_tick(struct pl_packages *p, struct pl_told *told, int64_t now_mono_ms,
                      int64_t now_unix_ms)
{
    bool has_ended = false;
    for (size_t i = 0; i < PL_LEN(p->logs); i++)
        has_ended |= tick_log(p, (enum pl_package_format)i, told, now_mono_ms, now_unix_ms);
    return has_ended;
}
