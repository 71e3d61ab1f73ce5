/* stories - scripted worlds whose every effect is written down under golden/.
 *
 *     stories GOLDEN_DIR            compare
 *     stories GOLDEN_DIR --write    write them anew, to be read in a review
 */
#include "tests/check.h"
#include "tests/sim/sim.h"

#include <math.h>
#include <stdlib.h>

enum {
    STORY_BYTES = 64 * 1024,
    EVENTS_MAX = 16,
    MACHINES = 7,
    DAY_S = 86400,
    COST_BP = 100, // ten connections/s are one per cent of a machine
};

/* Machines: fe1 is alone in pool db; fe2, fe4, fe6 are pool api (pager 0), fe3, fe5, fe7 pool web
 * (pagers 0 and 1). */
enum event_type {
    LOAD,
    STOP,
    START,
    MOOD,
    JUMP,
    KILL,
    STORE_AWAY,
    STORE_BACK,
    PAUSE,
    TRAFFIC,  // connections/s of a machine of web, or (0) of each
    GROWTH,   // of them, millionths per second
    LEAK,     // of a machine's memory, basis points per second
    CAPACITY, // connections/s that pool web takes, as somebody says
    STALL,    // of a machine's time, basis points
    LAUNCH,   // announced for web, in `what` minutes; `value` connections/s are expected
    REPORT,   // what came of it
    HELD,     // of a machine's memory by ten connections that are inside, basis points
    ASK,      // what is known of a machine
};

struct event {
    int32_t at_s;
    enum event_type type;
    int32_t what; // machine number as in its name, pager, or 0
    int32_t value;
};

struct story {
    const char *name;
    int32_t seconds;
    struct event events[EVENTS_MAX];
    int event_count;
};

static const struct story stories[] = {
    {"overload", 180, {{30, LOAD, 3, 9600}, {90, LOAD, 3, 3000}}, 2},
    {"spike", 60, {{30, LOAD, 3, 9900}, {38, LOAD, 3, 3000}}, 2},
    {"settles_between",
     240,
     {{30, LOAD, 3, 9600}, {90, LOAD, 3, 8200}, {150, LOAD, 3, 9600}, {180, LOAD, 3, 3000}},
     4},
    {"dead_host", 120, {{30, STOP, 3, 0}, {60, START, 3, 0}}, 2},
    {"half_the_pool",
     120,
     {{30, STOP, 3, 0}, {33, STOP, 5, 0}, {60, START, 3, 0}, {63, START, 5, 0}},
     4},
    {"dies_under_load",
     120,
     {{20, LOAD, 3, 4500}, {30, LOAD, 3, 6000}, {40, LOAD, 3, 7400}, {50, STOP, 3, 0}},
     4},
    {"clock_jump", 200, {{40, JUMP, 0, 3600}, {120, JUMP, 0, -3600}}, 2},
    {"collector_hangs", 120, {{30, PAUSE, 0, 20}}, 1},
    {"collector_dies", 180, {{30, LOAD, 3, 9600}, {60, KILL, 0, 5}, {120, LOAD, 3, 3000}}, 3},
    {"collector_dies_before_the_answer",
     120,
     {{30, LOAD, 2, 9600},
      {35, MOOD, 0, SIM_DEAF},
      {43, KILL, 0, 3},
      {50, MOOD, 0, SIM_WELL},
      {70, LOAD, 2, 3000}},
     5},
    {"store_away",
     180,
     {{20, STORE_AWAY, 0, 0}, {30, LOAD, 3, 9600}, {90, LOAD, 3, 3000}, {150, STORE_BACK, 0, 0}},
     4},
    {"pager_down_for_an_hour",
     4200,
     {{20, MOOD, 0, SIM_DOWN},
      {30, LOAD, 2, 9600},
      {3620, MOOD, 0, SIM_WELL},
      {3900, LOAD, 2, 3000}},
     4},
    {"over_before_the_pager_is_back",
     900,
     {{20, MOOD, 0, SIM_DOWN}, {30, LOAD, 2, 9600}, {300, LOAD, 2, 3000}, {600, MOOD, 0, SIM_WELL}},
     4},
    /* 1,350 connections/s is what web takes, 900 without a host; a launch doubles it every three
       minutes. */
    {"launch_day",
     3600,
     {{0, CAPACITY, 0, 1350},
      {0, TRAFFIC, 0, 50},
      {1800, GROWTH, 0, 3850},
      {2400, GROWTH, 0, 0},
      {2700, TRAFFIC, 0, 60}},
     5},
    /* Registered half an hour before: 450 are expected of 900, and 1,500 come. */
    {"launch_announced",
     5700,
     {{0, CAPACITY, 0, 1350},
      {0, TRAFFIC, 0, 50},
      {600, LAUNCH, 30, 450},
      {2400, GROWTH, 0, 3850},
      {3000, GROWTH, 0, 0},
      {3300, TRAFFIC, 0, 60},
      {5690, REPORT, 0, 0}},
     7},
    {"one_host_dies",
     900,
     {{0, CAPACITY, 0, 1350},
      {0, TRAFFIC, 0, 160},
      {600, STOP, 3, 0},
      {601, TRAFFIC, 5, 240},
      {601, TRAFFIC, 7, 240}},
     5},
    {"slow_leak", 1500, {{60, LEAK, 3, 5}, {1350, LEAK, 3, -100}, {1400, LEAK, 3, 0}}, 3},
    /* Ten connections of workers that hold memory are 0.67 % of it: two waves of traffic, never
       over half of what fills it, and then a crowd. */
    {"prefork_short_of_memory",
     2400,
     {{0, HELD, 0, 67},
      {0, TRAFFIC, 0, 60},
      {300, TRAFFIC, 0, 90},
      {600, TRAFFIC, 0, 120},
      {900, TRAFFIC, 0, 75},
      {1200, TRAFFIC, 0, 105},
      {1500, TRAFFIC, 0, 90},
      {1790, ASK, 3, 0},
      {1800, GROWTH, 0, 3850},
      {2160, GROWTH, 0, 0},
      {2220, TRAFFIC, 0, 90}},
     11},
    {"flash_crowd",
     2400,
     {{0, CAPACITY, 0, 1350},
      {0, TRAFFIC, 0, 60},
      {1900, GROWTH, 0, 20000},
      {1990, GROWTH, 0, 0},
      {2100, TRAFFIC, 0, 70}},
     5},
    {"deploy_restarts_all",
     600,
     {{0, TRAFFIC, 0, 100},
      {300, STOP, 3, 0},
      {310, START, 3, 0},
      {330, STOP, 5, 0},
      {340, START, 5, 0},
      {360, STOP, 7, 0},
      {370, START, 7, 0}},
     7},
    {"ddos_step",
     2400,
     {{0, CAPACITY, 0, 1350},
      {0, TRAFFIC, 0, 60},
      {1900, TRAFFIC, 0, 3000},
      {1960, TRAFFIC, 0, 60}},
     4},
    /* A usual day, then nobody is served for ten minutes, and all come back at once. */
    {"collapse_and_retry_storm",
     DAY_S + 5400,
     {{0, TRAFFIC, 0, 100},
      {DAY_S + 1800, TRAFFIC, 0, 3},
      {DAY_S + 2400, TRAFFIC, 0, 70},
      {DAY_S + 2520, TRAFFIC, 0, 5},
      {DAY_S + 2700, TRAFFIC, 0, 110}},
     5},
    {"noisy_neighbour",
     1500,
     {{60, LOAD, 3, 9600},
      {90, LOAD, 3, 3000},
      {120, LOAD, 3, 9600},
      {150, LOAD, 3, 3000},
      {180, LOAD, 3, 9600},
      {210, LOAD, 3, 3000},
      {240, LOAD, 3, 9600},
      {270, LOAD, 3, 3000},
      {300, LOAD, 3, 9600},
      {330, LOAD, 3, 3000},
      {360, LOAD, 3, 9600},
      {390, LOAD, 3, 3000}},
     12},
    {"midnight_batch",
     900,
     {{60, STALL, 1, 2600},
      {68, STALL, 1, 0},
      {120, LOAD, 1, 8200},
      {420, LOAD, 1, 3000},
      {500, STALL, 1, 2600},
      {560, STALL, 1, 0}},
     6},
    {"pager_asks_for_peace",
     180,
     {{20, MOOD, 0, SIM_LIMIT}, {30, LOAD, 2, 9600}, {50, MOOD, 0, SIM_WELL}, {120, LOAD, 2, 3000}},
     4},
};

/* The story so far; lines that repeat the one before are counted. */
struct page {
    char text[STORY_BYTES];
    size_t len;
    char last[512];
    int repeated;
};

static void put(struct page *p, const char *line)
{
    size_t len = strlen(line);
    if (p->len + len + 2 > sizeof p->text) abort();
    memcpy(p->text + p->len, line, len);
    memcpy(p->text + p->len + len, "\n", 2);
    p->len += len + 1;
}

static void end_repeats(struct page *p)
{
    char line[64];
    if (p->repeated == 0) return;
    (void)snprintf(line, sizeof line, "           (%d more times)", p->repeated); // fits
    put(p, line);
    p->repeated = 0;
}

static void on_line(void *arg, const char *line)
{
    enum { TIME_LEN = 9 };
    struct page *p = arg;
    if (strcmp(line + TIME_LEN, p->last) == 0) {
        p->repeated++;
        return;
    }
    end_repeats(p);
    put(p, line);
    (void)snprintf(p->last, sizeof p->last, "%s", line + TIME_LEN); // lines are shorter
}

/* To one machine, or (what 0) to all of pool web. */
static void happen_to(struct sim_world *w, const struct event *event)
{
    static const char *const words[] = {[TRAFFIC] = "connections/s",
                                        [GROWTH] = "millionths more of them every second",
                                        [LEAK] = "bp more memory every second",
                                        [STALL] = "bp of its time stalled",
                                        [HELD] = "bp of memory held by ten connections inside"};
    for (uint32_t m = 0; m < w->machine_count; m++) {
        struct sim_machine *machine = &w->machines[m];
        bool meant = event->what == 0 ? machine->pool == 0 : m == (uint32_t)event->what - 1;
        if (!meant) continue;
        if (event->type == TRAFFIC) machine->traffic_milli = INT64_C(1000) * event->value;
        if (event->type == TRAFFIC) machine->cost_bp = COST_BP;
        if (event->type == GROWTH) machine->growth_ppm = event->value;
        if (event->type == LEAK) machine->leak_bp = event->value;
        if (event->type == STALL) machine->stall_bp = event->value;
        if (event->type == HELD) machine->held_bp = event->value;
        sim_say(w, "%s: %d %s", machine->name.text, event->value, words[event->type]);
    }
}

/* Its capacity as the engine has learned it. */
static void say_capacity(struct sim_world *w, const struct pl_name *name)
{
    const struct pl_fleet *fleet = pl_engine_fleet(w->engine);
    const struct pl_host_capacity *c =
        &fleet->hosts[pl_fleet_find_host(fleet, name)].capacity.answer;
    bool is_known = c->gap == PL_GAP_NONE;
    sim_say(w, "%s takes %d/s as it seems, first limit: %s", name->text, (int)lround(c->per_s.p50),
            is_known ? pl_learned_name(c->first_limit) : "not known");
}

static void announce(struct sim_world *w, const struct event *event)
{
    struct pl_launch l = pl_launch_init();
    struct pl_now now = sim_collector_now(w);
    uint32_t index;
    if (pl_name_parse(pl_span_of("l-1"), &l.id) != 0) abort();
    if (pl_name_parse(pl_span_of("web"), &l.pools[l.pool_count++]) != 0) abort();
    strcpy(l.title, "Giveaway");
    l.kind = PL_LAUNCH_GIVEAWAY;
    l.starts_unix_ms = now.unix_ms + INT64_C(60000) * event->what;
    l.ends_unix_ms = l.starts_unix_ms + 3600000;
    l.expect = PL_EXPECT_RATE;
    l.expected = event->value;
    sim_say(w, "a launch in %d minutes is announced: %d/s", event->what, event->value);
    if (pl_engine_put_launch(w->engine, &l, now, &index) != 0) abort();
}

static void report(struct sim_world *w)
{
    const struct pl_launch_entry *e = &pl_engine_launches(w->engine)->entries[0];
    const struct pl_launch_after *a = &e->after;
    sim_say(w, "launch is %s: expected %.0f to %.0f, came %.0f, least headroom %.0f %%, pages %u",
            pl_launch_state_word(e->course.state), e->course.foreseen.p50, e->course.foreseen.p90,
            e->course.peak_per_s, 100 * e->course.least_headroom, a->page_count);
    for (uint32_t i = 0; i < a->deed_count; i++)
        sim_say(w, "launch: %s %s, %u times", pl_launch_deed_word(a->deeds[i].kind),
                a->deeds[i].text, a->deeds[i].count);
    sim_say(w, "launch: %u points of %lld s", a->curve.count, (long long)a->curve.step_ms / 1000);
}

static void happen(struct sim_world *w, const struct event *event)
{
    uint32_t m = (uint32_t)event->what - 1;
    switch (event->type) {
    case CAPACITY:
        pl_engine_capacity(w->engine, 0,
                           &(struct pl_capacity){PL_CAPACITY_CONFIGURED, event->value, false,
                                                 PL_SOURCE_CONNECTIONS});
        sim_say(w, "web is said to take %d/s", event->value);
        return;
    case TRAFFIC:
    case GROWTH:
    case LEAK:
    case HELD:
    case STALL: happen_to(w, event); return;
    case ASK: say_capacity(w, &w->machines[m].name); return;
    case LOAD:
        w->machines[m].cpu_bp = event->value;
        sim_say(w, "load of %s is %d %%", w->machines[m].name.text, event->value / 100);
        return;
    case STOP: sim_machine_stop(w, m); return;
    case START:
        sim_say(w, "machine %s starts", w->machines[m].name.text);
        sim_machine_start(w, m);
        return;
    case MOOD:
        w->pagers[event->what].mood = (enum sim_mood)event->value;
        sim_say(w, "pager %d is %s", event->what, event->value == SIM_WELL ? "well" : "not well");
        return;
    case JUMP:
        w->clock_error_ms += 1000 * event->value;
        w->clock_set_ms = w->now_ms;
        sim_say(w, "clock of the collector jumps %d s", event->value);
        return;
    case KILL: sim_collector_kill(w, 1000 * event->value); return;
    case STORE_AWAY:
    case STORE_BACK:
        w->store.away = event->type == STORE_AWAY;
        sim_say(w, "store is %s", w->store.away ? "away" : "back");
        return;
    case LAUNCH: announce(w, event); return;
    case REPORT: report(w); return;
    case PAUSE:
        w->paused_until_ms = w->now_ms + 1000 * event->value;
        sim_say(w, "collector is stopped for %d s", event->value);
        return;
    }
}

static int tell_story(const struct story *story, struct page *page)
{
    struct sim_world *w = calloc(1, sizeof *w);
    if (!w) abort();
    w->tell = on_line;
    w->tell_arg = page;
    sim_world_init(w, 1, MACHINES);
    for (int next = 0; w->now_ms < INT64_C(1000) * story->seconds; sim_step(w)) {
        while (next < story->event_count && w->now_ms >= INT64_C(1000) * story->events[next].at_s) {
            happen(w, &story->events[next++]);
        }
    }
    end_repeats(page);
    int failures = w->oracle.failures;
    sim_world_fini(w);
    free(w);
    return failures;
}

static size_t read_golden(const char *path, char *out, size_t cap)
{
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    size_t len = fread(out, 1, cap - 1, f);
    out[len] = '\0';
    (void)fclose(f); // only read
    return len;
}

static void write_golden(const char *path, const struct page *page)
{
    FILE *f = fopen(path, "w");
    if (!f || fwrite(page->text, 1, page->len, f) != page->len || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

static const char *golden_dir;
static const struct story *story_now;
static bool writing;

static void test_story(void)
{
    static struct page page;
    static char golden[STORY_BYTES];
    char path[512];
    page = (struct page){0};
    CHECK_INT(tell_story(story_now, &page), 0);
    (void)snprintf(path, sizeof path, "%s/%s.txt", golden_dir, story_now->name); // cut: not found
    if (writing) write_golden(path, &page);
    CHECK(read_golden(path, golden, sizeof golden) > 0);
    size_t same = 0, line = 1;
    while (golden[same] != '\0' && golden[same] == page.text[same]) line += golden[same++] == '\n';
    if (golden[same] == page.text[same]) return;
    CHECK(false);
    printf("# %s differs from line %zu on; the whole story:\n%s", path, line, page.text);
}

int main(int argc, char **argv)
{
    if (argc < 2) return 2;
    golden_dir = argv[1];
    writing = argc > 2 && strcmp(argv[2], "--write") == 0;
    for (size_t i = 0; i < PL_LEN(stories); i++) {
        story_now = &stories[i];
        check_run(story_now->name, test_story);
    }
    return check_finish();
}
