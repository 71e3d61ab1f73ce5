/* config_hook.h - the hooks of the configuration: calls that may be made for a launch, and the
 * secrets they need. */
#pragma once

#include "collector/codec/action_text.h"
#include "collector/core/launch/action.h"
#include "common/base/option.h"

enum { PL_CONFIG_HOOK_URL_BYTES = 1024, PL_CONFIG_HOOK_TOKEN_BYTES = 256 };

struct pl_config_hook {
    struct pl_name name, pool;
    enum pl_hook_kind kind;
    enum pl_hook_on on;
    int64_t headroom_ppm, per_hour;
    char url[PL_CONFIG_HOOK_URL_BYTES], undo_url[PL_CONFIG_HOOK_URL_BYTES];
    enum { PL_CONFIG_HOOK_POST, PL_CONFIG_HOOK_PUT } method;
    char body[PL_HOOK_TEMPLATE_BYTES], undo_body[PL_HOOK_TEMPLATE_BYTES];
    char token_file[256];
    char token[PL_CONFIG_HOOK_TOKEN_BYTES]; // what stands there; secret; empty: none
};

const char *pl_config_check_template(const void *value);
const char *pl_config_check_hook_url(const void *value);

struct pl_collector_config;
/* Once all files are read: fill `config->hooks` from `config->hook_items`, and read their tokens.
 * Collects what is wrong. */
void pl_config_hooks_finish(struct pl_option_loader *l, struct pl_collector_config *config);
