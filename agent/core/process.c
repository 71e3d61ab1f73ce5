#include "agent/core/process.h"

#include "agent/core/scan.h"

static const char deleted[] = " (deleted)";

static bool begins_with(struct pl_span text, const char *start)
{
    size_t len = strlen(start);
    return text.len > len && memcmp(text.ptr, start, len) == 0;
}

struct pl_span pl_process_old_exe(struct pl_span target)
{
    static const char *const homes[] = {"/usr/", "/lib/",   "/bin/",   "/sbin/",
                                        "/opt/", "/lib32/", "/lib64/", "/libx32/"};
    const struct pl_span none = {target.ptr, 0};
    size_t len = sizeof deleted - 1;
    if (target.len <= len || memcmp(target.ptr + target.len - len, deleted, len) != 0) return none;
    for (size_t i = 0; i < PL_LEN(homes); i++)
        if (begins_with(target, homes[i])) return (struct pl_span){target.ptr, target.len - len};
    return none;
}

/* "7f1c0000-7f1d0000 r-xp 00028000 08:01 131090   /usr/lib/x86_64-linux-gnu/libc.so.6 (deleted)" */
struct pl_span pl_process_old_map(struct pl_span line)
{
    struct pl_span addresses, permissions, skipped;
    const struct pl_span none = {line.ptr, 0};
    (void)pl_scan_word(&line, &addresses); // what is missing is empty
    (void)pl_scan_word(&line, &permissions);
    for (int i = 0; i < 3; i++) (void)pl_scan_word(&line, &skipped); // offset, device, inode
    if (permissions.len != 4 || permissions.ptr[2] != 'x') return none;
    while (line.len > 0 && line.ptr[0] == ' ') line = (struct pl_span){line.ptr + 1, line.len - 1};
    return pl_process_old_exe(line);
}

/* "123 (a program) S 1 ...": the name may hold anything, so the fields count from the last ')'. */
uint64_t pl_process_started(struct pl_span stat)
{
    enum { STATE_FIELD = 3, STARTED_FIELD = 22 }; // proc(5)
    struct pl_span word = {stat.ptr, 0};
    size_t at = stat.len;
    while (at > 0 && stat.ptr[at - 1] != ')') at--;
    struct pl_span rest = {stat.ptr + at, at == 0 ? 0 : stat.len - at};
    for (int field = STATE_FIELD; field <= STARTED_FIELD; field++)
        (void)pl_scan_word(&rest, &word); // what is missing is empty, and no number
    return pl_scan_number(word);
}

struct pl_span pl_process_file_name(struct pl_span file)
{
    size_t at = file.len;
    while (at > 0 && file.ptr[at - 1] != '/') at--;
    return (struct pl_span){file.ptr + at, file.len - at};
}
