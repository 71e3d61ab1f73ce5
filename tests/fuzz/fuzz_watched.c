/* What /proc and an operator say about the watched service; the first byte says which. A text that
 * was cut says the same as the whole one or nothing, and no path leads out of the tree of groups.
 */
#include "tests/fuzz/fuzz.h"

#include "agent/core/cgroup.h"
#include "agent/core/watched.h"

enum { KINDS = 5 };

static bool is_cut_of(uint64_t cut, uint64_t whole)
{
    return cut == PL_RAW_ABSENT || cut == whole;
}

static void fuzz_process(struct pl_span text)
{
    struct pl_raw_process whole, cut;
    pl_watched_parse_process(text, &whole);
    pl_watched_parse_process((struct pl_span){text.ptr, text.len / 2}, &cut);
    PL_ASSERT(whole.used_us == PL_RAW_ABSENT || whole.used_us < UINT64_C(1) << 60);
    if (whole.started_ticks == PL_RAW_ABSENT) return; // the cut may show another line
    PL_ASSERT(cut.started_ticks == PL_RAW_ABSENT || memchr(text.ptr, '\n', text.len / 2));
}

static void fuzz_children(struct pl_span text)
{
    uint32_t pid = 0, count = 0, cut_count = 0;
    struct pl_span cut = {text.ptr, text.len / 2};
    while (pl_watched_next_child(&text, &pid)) {
        PL_ASSERT(pid >= 1 && pid <= INT32_MAX);
        count++;
    }
    while (pl_watched_next_child(&cut, &pid)) cut_count++;
    PL_ASSERT(cut_count <= count);
}

static void check_path(const char *path)
{
    PL_ASSERT(path[0] == '/' && strlen(path) <= PL_CGROUP_PATH_MAX);
    for (const char *c = path; *c != '\0'; c++) {
        PL_ASSERT(*c > ' ' && *c <= '~');
        PL_ASSERT(strncmp(c, "/../", 4) != 0 && strcmp(c, "/..") != 0);
    }
}

/* Both texts in one, with a byte 0 between. */
static void fuzz_group(struct pl_span text)
{
    const uint8_t *zero = text.len > 0 ? memchr(text.ptr, 0, text.len) : NULL;
    size_t len = zero ? (size_t)(zero - text.ptr) : text.len;
    struct pl_span agent = {text.ptr + len, text.len - len};
    struct pl_cgroup_place place;
    if (agent.len > 0) agent = (struct pl_span){agent.ptr + 1, agent.len - 1};
    if (!pl_cgroup_own((struct pl_span){text.ptr, len}, agent, &place)) return;
    for (int i = 0; i < PL_CGROUP_CONTROLLERS; i++) {
        if (place.has[i]) check_path(place.path[i]);
    }
}

static void fuzz_choice(struct pl_span text)
{
    struct pl_watched_choice choice;
    if (pl_watched_choice_parse(text, &choice) < 0) return;
    PL_ASSERT((choice.kind == PL_WATCHED_PORT) == (choice.port != 0));
    if (choice.kind == PL_WATCHED_GROUP) check_path(choice.text);
    if (choice.kind == PL_WATCHED_PROGRAM) PL_ASSERT(strlen(choice.text) <= PL_WATCHED_PROGRAM_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) return 0;
    struct pl_span text = {data + 1, len - 1};
    switch (data[0] % KINDS) {
    case 0: fuzz_process(text); break;
    case 1: fuzz_children(text); break;
    case 2: fuzz_group(text); break;
    case 3: fuzz_choice(text); break;
    default: {
        uint64_t whole = pl_watched_parse_files_limit(text);
        uint64_t cut = pl_watched_parse_files_limit((struct pl_span){text.ptr, text.len / 2});
        PL_ASSERT(is_cut_of(cut, whole));
    }
    }
    return 0;
}
