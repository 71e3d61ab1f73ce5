#include "collector/codec/case_text.h"

#include "collector/codec/shortfall.h"
#include "common/base/assert.h"
#include "common/base/text.h"

enum { DATE_LEN = 10, HOUR_AT = 11, HOUR_LEN = 5 };

void pl_case_time_write(struct pl_text *out, int64_t unix_ms, int64_t now_unix_ms)
{
    char iso[32], today[32]; // 2026-05-01T14:03:12.000Z
    struct pl_text a = pl_text_init(iso, sizeof iso), b = pl_text_init(today, sizeof today);
    pl_text_rfc3339(&a, unix_ms);
    pl_text_rfc3339(&b, now_unix_ms);
    if (memcmp(iso, today, DATE_LEN) != 0) {
        pl_text_span(out, (struct pl_span){(const uint8_t *)iso, DATE_LEN});
        pl_text_char(out, ' ');
    }
    pl_text_span(out, (struct pl_span){(const uint8_t *)iso + HOUR_AT, HOUR_LEN});
    pl_text_str(out, " UTC");
}

/* ---- facts ---- */

static void add_alerts(const struct pl_engine *engine, const struct pl_name *name,
                       struct pl_case_facts *f)
{
    uint32_t struck = 0;
    for (enum pl_rule rule = 0; rule < PL_RULE_COUNT; rule++) {
        uint32_t index = pl_engine_find_alert(engine, rule, name);
        const struct pl_alert *a = index == PL_NO_INDEX ? NULL : pl_engine_alert(engine, index);
        if (!a || !pl_alert_pages(a)) continue;
        struck = PL_MAX(struck, a->finding.host_count);
        if (f->pages && f->since_unix_ms <= a->since_unix_ms) continue;
        f->pages = true;
        f->rule = rule;
        f->since_unix_ms = a->since_unix_ms;
    }
    f->struck_count += struck;
}

static void add_load(const struct pl_engine *engine, uint32_t pool, struct pl_case_facts *f)
{
    const struct pl_headroom *h = &pl_engine_saturation(engine, pool)->headroom;
    if (h->source != PL_CAPACITY_UNKNOWN && h->whole.p50 > 0)
        f->load = PL_MAX(f->load, h->traffic_per_s / h->whole.p50);
    struct pl_shortfall missing = pl_shortfall_of(engine, pool);
    if (missing.known) f->more_hosts += missing.more_hosts;
}

struct pl_case_facts pl_case_facts_gather(const struct pl_engine *engine, const struct pl_case *c)
{
    const struct pl_fleet *fleet = pl_engine_fleet(engine);
    struct pl_case_facts f = {.load = -1};
    for (uint32_t i = 0; i < c->pool_count; i++) {
        uint32_t pool = pl_fleet_find_pool(fleet, &c->pools[i]);
        if (pool == PL_NO_INDEX) continue;
        f.host_count += fleet->pools[pool].host_count;
        add_alerts(engine, &c->pools[i], &f);
        add_load(engine, pool, &f);
    }
    f.struck_count = PL_MIN(f.struck_count, f.host_count);
    if (!f.pages) f = (struct pl_case_facts){.host_count = f.host_count, .load = f.load};
    return f;
}

/* ---- the draft ---- */

static const char *title_of(enum pl_rule rule)
{
    switch (rule) {
    case PL_RULE_LIMIT:
    case PL_RULE_SATURATION:
    case PL_RULE_STALL:
    case PL_RULE_NO_SPARE: return "Slow pages";
    case PL_RULE_IMBALANCE: return "Slow pages for some visitors";
    case PL_RULE_SILENT: return "Part of the service does not answer";
    case PL_RULE_COLLAPSE: return "The service may not be reachable";
    case PL_RULE_LAUNCH_RISK:
    case PL_RULE_LAUNCH_OVER:
    case PL_RULE_LAUNCH_ABSENT: return "More visitors than expected";
    case PL_RULE_NOTIFIER:                                  // of no pool that customers know
    case PL_RULE_EXTERNAL: return "Something may be wrong"; // what, only people can say
    case PL_RULE_COUNT: break;
    }
    PL_UNREACHABLE("rule");
}

static const char *effect_of(enum pl_rule rule)
{
    switch (rule) {
    case PL_RULE_LIMIT:
    case PL_RULE_SATURATION:
    case PL_RULE_STALL: return "pages may be slow, and some requests may fail";
    case PL_RULE_IMBALANCE: return "pages may be slow for some visitors";
    case PL_RULE_SILENT: return "some requests may fail";
    case PL_RULE_COLLAPSE: return "pages may not be reachable";
    case PL_RULE_NO_SPARE:
    case PL_RULE_LAUNCH_RISK:
    case PL_RULE_LAUNCH_OVER:
    case PL_RULE_LAUNCH_ABSENT: return "pages may become slow";
    case PL_RULE_NOTIFIER:
    case PL_RULE_EXTERNAL: return "some requests may be slow or fail";
    case PL_RULE_COUNT: break;
    }
    PL_UNREACHABLE("rule");
}

static enum pl_case_impact impact_of(enum pl_rule rule)
{
    switch (rule) {
    case PL_RULE_LIMIT:
    case PL_RULE_SATURATION:
    case PL_RULE_STALL:
    case PL_RULE_SILENT: return PL_CASE_IMPACT_MAJOR;
    case PL_RULE_COLLAPSE: return PL_CASE_IMPACT_CRITICAL;
    case PL_RULE_IMBALANCE:
    case PL_RULE_NO_SPARE:
    case PL_RULE_LAUNCH_RISK:
    case PL_RULE_LAUNCH_OVER:
    case PL_RULE_LAUNCH_ABSENT:
    case PL_RULE_NOTIFIER:
    case PL_RULE_EXTERNAL: return PL_CASE_IMPACT_MINOR;
    case PL_RULE_COUNT: break;
    }
    PL_UNREACHABLE("rule");
}

/* Load in words: customers do not know what 105 % of what would be. */
static const char *load_of(double load)
{
    if (load < 0) return NULL;
    if (load >= 1) return "there are more visitors than the site can serve at once";
    if (load >= 0.85) return "the number of visitors is close to what the site can serve at once";
    if (load >= 0.6) return "there are many visitors, fewer than the site can serve at once";
    return "the number of visitors is not unusual";
}

static void put_seen(struct pl_text *t, const struct pl_case_facts *f)
{
    const char *load = load_of(f->load);
    if (f->struck_count == 0 && !load) return;
    pl_text_str(t, "\nWhat we know: ");
    if (f->struck_count > 0) {
        pl_text_u64(t, f->struck_count);
        pl_text_str(t, " of ");
        pl_text_u64(t, f->host_count);
        pl_text_str(t,
                    f->host_count == 1 ? " front end is concerned" : " front ends are concerned");
    }
    if (f->struck_count > 0 && load) pl_text_str(t, "; ");
    if (load) pl_text_str(t, load);
    pl_text_char(t, '.');
}

static void put_trouble(struct pl_text *t, const struct pl_case_facts *f, int64_t now_unix_ms)
{
    pl_text_str(t, "Since ");
    pl_case_time_write(t, f->since_unix_ms, now_unix_ms);
    pl_text_char(t, ' ');
    pl_text_str(t, effect_of(f->rule));
    pl_text_str(t, ".\nWho is affected: everybody who uses the site.");
    put_seen(t, f);
    pl_text_str(t, "\nWhat we do: we look for the cause and work on it.");
    if (f->more_hosts > 0) {
        pl_text_char(t, ' ');
        pl_text_u64(t, f->more_hosts);
        pl_text_str(t, f->more_hosts == 1 ? " more front end" : " more front ends");
        pl_text_str(t, " would carry this load.");
    }
    pl_text_str(t,
                "\nWhat you can do: nothing is needed. If a mailing or a post is about to go out, "
                "holding it back helps.");
}

void pl_case_propose(const struct pl_case *c, const struct pl_case_facts *f, int64_t now_unix_ms,
                     struct pl_case_words *out, int64_t *next_ms)
{
    const struct pl_case_update *last = pl_case_newest(c);
    enum pl_rule rule = f->pages ? f->rule : c->rule;
    bool is_known = f->pages || c->alert[0] != '\0';
    *out = (struct pl_case_words){.phase = last ? last->words.phase : PL_CASE_INVESTIGATING,
                                  .impact = last ? last->words.impact : PL_CASE_IMPACT_MINOR};
    *next_ms = PL_CASE_NEXT_MS;
    struct pl_text title = pl_text_init(out->title, sizeof out->title);
    struct pl_text t = pl_text_init(out->text, sizeof out->text);
    pl_text_str(&title, last ? last->words.title : is_known ? title_of(rule) : "Disturbance");
    if (!last && is_known) out->impact = impact_of(rule);
    if (last && f->pages) {
        pl_text_str(&t, "Nothing has changed since ");
        pl_case_time_write(&t, last->at_unix_ms, now_unix_ms);
        pl_text_str(&t, ".\n");
    }
    if (f->pages) {
        put_trouble(&t, f, now_unix_ms);
        return;
    }
    if (last || is_known) out->phase = PL_CASE_MONITORING;
    pl_text_str(
        &t, last || is_known
                ? "Everything answers as usual again. We keep watching.\nWho is affected: nobody, "
                  "as far as we see.\nWhat you can do: nothing is needed."
                : "We have reports of slow or failing pages and look into them.\nWho is affected: "
                  "we do not know yet.\nWhat you can do: nothing is needed.");
}

/* ---- names of machines ---- */

static bool is_word_byte(char ch)
{
    char lower = (char)(ch | 0x20);
    return (lower >= 'a' && lower <= 'z') || (ch >= '0' && ch <= '9') || ch == '.' || ch == '_' ||
           ch == '-';
}

/* Four numbers and three dots, nothing else. */
static bool is_ipv4(struct pl_span word)
{
    uint32_t dots = 0, digits = 0;
    for (size_t i = 0; i < word.len; i++) {
        bool is_dot = word.ptr[i] == '.';
        if (!is_dot && (word.ptr[i] < '0' || word.ptr[i] > '9')) return false;
        if (is_dot && digits == 0) return false;
        digits = is_dot ? 0 : digits + 1;
        dots += is_dot;
    }
    return dots == 3 && digits > 0;
}

static bool is_host(const struct pl_fleet *fleet, struct pl_span word)
{
    struct pl_name name;
    if (pl_name_parse(word, &name) != 0) return false;
    if (pl_fleet_find_host(fleet, &name) != PL_NO_INDEX) return true;
    for (size_t i = 0; i < name.len; i++) {
        bool is_upper = name.text[i] >= 'A' && name.text[i] <= 'Z';
        if (is_upper) name.text[i] = (char)(name.text[i] | 0x20);
    }
    return pl_fleet_find_host(fleet, &name) != PL_NO_INDEX;
}

/* The word itself, and what stands in front of each of its dots. */
static bool is_machine(const struct pl_fleet *fleet, struct pl_span word)
{
    if (is_ipv4(word) || is_host(fleet, word)) return true;
    for (size_t i = 1; i < word.len; i++) {
        if (word.ptr[i] == '.' && is_host(fleet, (struct pl_span){word.ptr, i})) return true;
    }
    return false;
}

bool pl_case_names_machine(const struct pl_fleet *fleet, const char *text,
                           char found[PL_NAME_LEN_MAX + 1])
{
    for (const char *at = text; *at != '\0';) {
        size_t len = 0;
        while (at[len] != '\0' && is_word_byte(at[len])) len++;
        size_t kept = len; // a sentence ends in a dot, a list item begins with a hyphen
        const char *from = at;
        while (kept > 0 && (from[kept - 1] == '.' || from[kept - 1] == '-')) kept--;
        while (kept > 0 && (*from == '.' || *from == '-')) from++, kept--;
        struct pl_span word = {(const uint8_t *)from, kept};
        if (kept > 0 && is_machine(fleet, word)) {
            pl_said_copy(found, PL_NAME_LEN_MAX + 1, word);
            return true;
        }
        at += len > 0 ? len : 1;
    }
    return false;
}

/* ---- the help desk ---- */

void pl_case_paste_write(struct pl_text *out, const struct pl_case *c, struct pl_span url,
                         int64_t now_unix_ms)
{
    const struct pl_case_update *u = pl_case_newest(c);
    if (!u) {
        pl_text_str(out, "Nothing has been published about this yet.\n");
        return;
    }
    pl_text_str(out, u->words.title);
    pl_text_str(out, "\nStatus: ");
    pl_text_str(out, pl_case_phase_word(u->words.phase));
    pl_text_str(out, ", as of ");
    pl_case_time_write(out, u->at_unix_ms, now_unix_ms);
    pl_text_str(out, "\n\n");
    pl_text_str(out, u->words.text);
    pl_text_str(out, "\n\n");
    if (u->next_unix_ms != 0) {
        pl_text_str(out, "Next update: by ");
        pl_case_time_write(out, u->next_unix_ms, now_unix_ms);
        pl_text_char(out, '\n');
    }
    pl_text_str(out, "Read on: ");
    pl_text_span(out, url);
    pl_text_char(out, '\n');
}
