#include "collector/config_rules.h"

#include <stdio.h>

enum { PPM_PER_BP = 100, PATH_BYTES = 2 * PL_OPTION_PATH_BYTES };

/* Where a member of struct pl_config_rules is, and what it is called below `rules`. */
static const struct place {
    const char *key;
    size_t offset;
} places[] = {
#define X(key, type, member, fallback, min, max, help)                                             \
    {(key), offsetof(struct pl_config_rules, member)},
#include "collector/rule_option.def"
#undef X
};

/* "pools/web/rules/limit/cpu" for the key "limit.cpu", or for all pools "rules/limit/cpu". */
static const char *path_of(char *out, const struct pl_name *pool, const char *key)
{
    int at = pool ? snprintf(out, PATH_BYTES, "pools/%s/rules/", pool->text)
                  : snprintf(out, PATH_BYTES, "rules/");
    (void)snprintf(out + at, PATH_BYTES - (size_t)at, "%s", key); // names are short, keys are ours
    for (char *c = out + at; *c; c++) *c = *c == '.' ? '/' : *c;
    return out;
}

static void inherit(const struct pl_option_loader *l, const struct pl_config_rules *all,
                    struct pl_config_pool *pool)
{
    for (size_t i = 0; i < PL_LEN(places); i++) {
        char path[PATH_BYTES];
        size_t at = places[i].offset;
        if (pl_option_was_given(l, path_of(path, &pool->name, places[i].key))) continue;
        memcpy((uint8_t *)&pool->rules + at, (const uint8_t *)all + at, sizeof(int64_t));
    }
}

/* The levels of `limit` for all pools (NULL) or for one must leave room for each other. A
 * level of 0 was refused at its place. */
static void check_levels(struct pl_option_loader *l, const struct pl_name *pool,
                         const struct pl_config_limit_rule *limit)
{
    static const char *const keys[] = {"limit.cpu", "limit.memory"};
    const int64_t levels[] = {limit->cpu_ppm, limit->memory_ppm};
    char path[PATH_BYTES];
    for (size_t i = 0; i < PL_LEN(levels); i++) {
        if (levels[i] == 0 || levels[i] >= limit->warn_ppm) continue;
        pl_option_refuse_key(l, path_of(path, pool, keys[i]),
                             "is below rules.limit.warn: a warning comes first");
    }
    if (limit->warn_ppm > 0 && limit->leave_ppm >= limit->warn_ppm) {
        pl_option_refuse_key(l, path_of(path, pool, "limit.leave"),
                             "leaves nothing of rules.limit.warn: no alert would ever let go");
    }
}

static bool same_levels(const struct pl_config_limit_rule *a, const struct pl_config_limit_rule *b)
{
    return a->warn_ppm == b->warn_ppm && a->cpu_ppm == b->cpu_ppm &&
           a->memory_ppm == b->memory_ppm && a->leave_ppm == b->leave_ppm;
}

void pl_config_rules_finish(struct pl_option_loader *l, struct pl_collector_config *config)
{
    check_levels(l, NULL, &config->rules.limit);
    for (uint32_t i = 0; i < config->pool_count; i++) {
        struct pl_config_pool *pool = &config->pools[i];
        inherit(l, &config->rules, pool);
        /* What is wrong for all is reported already. */
        bool same = same_levels(&pool->rules.limit, &config->rules.limit);
        if (!same) check_levels(l, &pool->name, &pool->rules.limit);
    }
}

static int32_t bp_of(int64_t ppm)
{
    return (int32_t)(ppm / PPM_PER_BP);
}

static double share_of(int64_t ppm)
{
    return (double)ppm / 1e6;
}

static void use_limit(const struct pl_config_limit_rule *limit, struct pl_rules *out)
{
    const struct pl_level_policy policy = {
        .warn_bp = bp_of(limit->warn_ppm),
        .leave_bp = bp_of(limit->leave_ppm),
        .hold_ms = limit->hold_ms,
    };
    out->levels[PL_RESOURCE_CPU] = out->levels[PL_RESOURCE_MEMORY] = policy;
    out->levels[PL_RESOURCE_CPU].page_bp = bp_of(limit->cpu_ppm);
    out->levels[PL_RESOURCE_MEMORY].page_bp = bp_of(limit->memory_ppm);
    out->clear_ms[PL_RULE_LIMIT] = limit->clear_ms;
}

/* Half of the way down to nothing wrong lets go. */
static void use_stall(const struct pl_config_share_rule *stall, struct pl_rules *out)
{
    const int32_t share_bp = bp_of(stall->share_ppm);
    out->levels[PL_RESOURCE_MEMORY_STALL] = out->levels[PL_RESOURCE_IO_STALL] =
        (struct pl_level_policy){.warn_bp = share_bp,
                                 .page_bp = share_bp,
                                 .leave_bp = share_bp / 2,
                                 .hold_ms = stall->hold_ms};
    out->clear_ms[PL_RULE_STALL] = stall->clear_ms;
}

static void use_imbalance(const struct pl_config_share_rule *imbalance, struct pl_rules *out)
{
    enum { FAIR_BP = 10000 };
    struct pl_level_policy *share = &out->levels[PL_RESOURCE_SHARE];
    share->warn_bp = bp_of(imbalance->share_ppm);
    share->leave_bp = (share->warn_bp - FAIR_BP) / 2;
    share->hold_ms = imbalance->hold_ms;
}

void pl_collector_config_rules(const struct pl_collector_config *config,
                               const struct pl_config_pool *pool, struct pl_rules *out)
{
    const struct pl_config_rules *rules = pool ? &pool->rules : &config->rules;
    pl_rules_default(out);
    use_limit(&rules->limit, out);
    use_stall(&rules->stall, out);
    use_imbalance(&rules->imbalance, out);
    out->collapse_share = share_of(rules->collapse.share_ppm);
    out->collapse_hold_ms = rules->collapse.hold_ms;
    out->clear_ms[PL_RULE_COLLAPSE] = rules->collapse.clear_ms;
    out->no_spare_hold_ms = rules->no_spare.hold_ms;
    out->saturation.warn_share = share_of(rules->saturation.warn_ppm);
    out->saturation.time_to_act_s = (double)rules->saturation.time_to_act_ms / 1000;
    out->clear_ms[PL_RULE_SATURATION] = rules->saturation.clear_ms;
    out->silent_intervals = rules->silent.intervals;
    out->silent_grace_ms = config->silent_grace_ms;
    out->silent_forget_ms = rules->silent.forget_ms;
    out->unstable_ms = rules->unstable_ms;
    out->fast_interval_ms = (uint32_t)config->fast_interval_ms;
}
