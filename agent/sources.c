#include "agent/sources.h"

#include "agent/io/local.h"
#include "common/base/assert.h"
#include "common/io/sockaddr.h"

#include <assert.h>
#include <stdio.h>

static_assert((int)PL_AGENT_LOCAL_MAX <= (int)PL_LOCAL_SOURCES_MAX, "each has its place");
static_assert((int)PL_CONFIG_LOCAL_HAPROXY == (int)PL_STATUS_HAPROXY &&
                  (int)PL_CONFIG_LOCAL_NGINX == (int)PL_STATUS_NGINX &&
                  (int)PL_CONFIG_LOCAL_APACHE == (int)PL_STATUS_APACHE &&
                  (int)PL_CONFIG_LOCAL_PHP_FPM == (int)PL_STATUS_PHP_FPM,
              "the same kinds in the same order");
static_assert((int)PL_AGENT_LOCAL_PATH_BYTES == (int)PL_REPLY_PATH_MAX + 1,
              "what can be written is asked");

static void make_target(const struct pl_config_local *local, struct pl_local_target *out)
{
    struct pl_address address;
    const char *path = local->path;
    int err = 0;
    *out = (struct pl_local_target){.kind = (enum pl_status_kind)local->kind,
                                    .workers = (uint32_t)local->workers};
    (void)snprintf(out->name, sizeof out->name, "%s", local->name.text); // it fits
    if (local->kind == PL_CONFIG_LOCAL_HAPROXY) out->protocol = PL_REPLY_HAPROXY;
    if (local->kind == PL_CONFIG_LOCAL_PHP_FPM) out->protocol = PL_REPLY_FASTCGI;
    if (local->url[0] != '\0') {
        out->protocol = PL_REPLY_HTTP;
        PL_ASSERT(pl_agent_local_url(local->url, &address, &path)); // as it was when read
        err = pl_sockaddr(&address, &out->address);
    } else if (local->socket[0] == '/') {
        (void)snprintf(out->socket, sizeof out->socket, "%s", local->socket); // it fits
    } else {
        err = pl_address_parse(pl_span_of(local->socket), &address);
        if (err == 0) err = pl_sockaddr(&address, &out->address);
    }
    PL_ASSERT(err == 0); // the configuration has refused everything else
    (void)snprintf(out->path, sizeof out->path, "%s", path); // it fits
}

size_t pl_sources_targets(const struct pl_agent_config *config, struct pl_local_target *targets)
{
    for (uint32_t i = 0; i < config->local_count; i++) make_target(&config->local[i], &targets[i]);
    return config->local_count;
}
