#include "collector/config_hook.h"

#include "collector/config.h"
#include "collector/config_notify.h"

#include <stdio.h>

const char *pl_config_check_template(const void *value)
{
    return pl_hook_template_fault(value);
}

const char *pl_config_check_hook_url(const void *value)
{
    return *(const char *)value == '\0' ? NULL : pl_config_check_url(value);
}

static void finish_hook(struct pl_option_loader *l, struct pl_config_hook *from, struct pl_hook *to)
{
    static const int64_t hour_ms = 3600 * 1000;
    struct pl_config_place place = {"hooks", &from->name, "url"};
    struct pl_config_secret token = {from->token, sizeof from->token};
    char path[PL_OPTION_PATH_BYTES];
    (void)snprintf(path, sizeof path, "hooks/%s/token_file", from->name.text); // it fits
    if (from->url[0] == '\0') pl_config_refuse_item(l, place, NULL, "is missing: what is called");
    place.key = "pool";
    if (from->pool.len == 0)
        pl_config_refuse_item(l, place, NULL, "is missing: the pool whose launches it is for");
    // What is wrong with the token is reported there.
    if (from->token_file[0] != '\0') (void)!pl_config_secret(l, path, from->token_file, &token);
    *to = (struct pl_hook){.name = from->name,
                           .pool = from->pool,
                           .kind = from->kind,
                           .on = from->on,
                           .headroom_ppm = (int32_t)from->headroom_ppm,
                           .has_undo = from->undo_url[0] != '\0',
                           .budget = {hour_ms / PL_MAX(from->per_hour, 1), from->per_hour}};
}

void pl_config_hooks_finish(struct pl_option_loader *l, struct pl_collector_config *config)
{
    for (uint32_t i = 0; i < config->hook_count; i++)
        finish_hook(l, &config->hook_items[i], &config->hooks[i]);
}
