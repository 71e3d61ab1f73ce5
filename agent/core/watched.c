#include "agent/core/watched.h"

#include "agent/core/cgroup.h"
#include "common/base/err.h"

/* A number without a sign: a port, or nothing that could be one. */
static bool is_number(struct pl_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
    }
    return text.len > 0;
}

static int choose_port(struct pl_span text, struct pl_watched_choice *out)
{
    uint64_t port = pl_scan_number(text);
    if (port < 1 || port > UINT16_MAX) return PL_E_RANGE;
    *out = (struct pl_watched_choice){.kind = PL_WATCHED_PORT, .port = (uint16_t)port};
    return 0;
}

int pl_watched_choice_parse(struct pl_span text, struct pl_watched_choice *out)
{
    struct pl_watched_choice choice = {.kind = PL_WATCHED_MAIN};
    struct pl_cgroup_place place;
    if (text.len > PL_WATCHED_TEXT_MAX) return PL_E_TOO_BIG;
    if (is_number(text)) return choose_port(text, out);
    if (pl_span_is(text, "none")) {
        choice.kind = PL_WATCHED_NONE;
    } else if (text.len > 0 && text.ptr[0] == '/') {
        int err = pl_cgroup_named(PL_CGROUP_V2, text, &place);
        if (err < 0) return err;
        choice.kind = PL_WATCHED_GROUP;
        memcpy(choice.text, text.ptr, text.len);
    } else if (text.len > 0) {
        choice.kind = PL_WATCHED_PROGRAM;
        memcpy(choice.text, text.ptr, PL_MIN(text.len, (size_t)PL_WATCHED_PROGRAM_MAX));
    }
    *out = choice;
    return 0;
}

/* The sum of `n` words, where one that is no number (times of ended children may go below 0 in old
 * kernels) adds nothing; absent if there are fewer. */
static uint64_t sum_words(struct pl_span *line, int n)
{
    struct pl_span word;
    uint64_t sum = 0;
    for (int i = 0; i < n; i++) {
        if (!pl_scan_word(line, &word)) return PL_RAW_ABSENT;
        uint64_t value = pl_scan_number(word);
        if (value <= UINT32_MAX * UINT64_C(1000)) sum += value;
    }
    return sum;
}

static void skip_words(struct pl_span *line, int n)
{
    struct pl_span word;
    for (int i = 0; i < n; i++) (void)pl_scan_word(line, &word); // fewer: the next one is absent
}

void pl_watched_parse_process(struct pl_span text, struct pl_raw_process *out)
{
    const uint64_t tick_us = 10000; // USER_HZ is 100 on every machine Linux still runs on
    struct pl_span line, state;
    *out =
        (struct pl_raw_process){PL_RAW_ABSENT, PL_RAW_ABSENT, PL_RAW_ABSENT, PL_RAW_ABSENT, false};
    size_t behind = text.len; // the name, which may hold anything, ends at the last parenthesis
    while (behind > 0 && text.ptr[behind - 1] != ')') behind--;
    text = (struct pl_span){text.ptr + behind, behind == 0 ? 0 : text.len - behind};
    if (!pl_scan_line(&text, &line) || !pl_scan_word(&line, &state)) return;
    out->has_ended = state.ptr[0] == 'Z' || state.ptr[0] == 'X';
    out->parent = pl_scan_next(&line);        // field 4
    skip_words(&line, 9);                     // to field 13
    uint64_t ticks = sum_words(&line, 4);     // utime, stime, cutime, cstime: 14 to 17
    skip_words(&line, 2);                     //
    out->threads = pl_scan_next(&line);       // field 20
    skip_words(&line, 1);                     //
    out->started_ticks = pl_scan_next(&line); // field 22
    if (ticks != PL_RAW_ABSENT) out->used_us = ticks * tick_us;
}

bool pl_watched_next_child(struct pl_span *text, uint32_t *pid)
{
    struct pl_span word;
    while (pl_scan_word(text, &word)) {
        uint64_t value = pl_scan_number(word);
        if (text->len == 0) return false; // nothing behind it
        if (value < 1 || value > INT32_MAX) continue;
        *pid = (uint32_t)value;
        return true;
    }
    return false;
}

uint64_t pl_watched_parse_files_limit(struct pl_span text)
{
    static const char name[] = "Max open files";
    struct pl_span line;
    while (pl_scan_line(&text, &line)) {
        if (line.len < sizeof name - 1 || memcmp(line.ptr, name, sizeof name - 1) != 0) continue;
        line = (struct pl_span){line.ptr + sizeof name - 1, line.len - (sizeof name - 1)};
        return pl_scan_next(&line);
    }
    return PL_RAW_ABSENT;
}
