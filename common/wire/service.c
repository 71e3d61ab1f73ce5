#include "common/wire/service.h"

#include "common/base/err.h"
#include "common/wire/frame.h"

int pl_service_parse(struct pl_span body, struct pl_service *out)
{
    struct pl_reader r = pl_reader_init(body);
    struct pl_service service;
    pl_get_text(&r, service.name, PL_SERVICE_NAME_MAX);
    pl_get_text(&r, service.address, PL_SERVICE_ADDRESS_MAX);
    pl_get_text(&r, service.source, PL_SERVICE_SOURCE_MAX);
    int err = pl_reader_finish(&r);
    if (err < 0) return err;
    bool has_more = service.address[0] != '\0' || service.source[0] != '\0';
    if (service.name[0] == '\0' && has_more) return PL_E_SYNTAX;
    *out = service;
    return 0;
}

void pl_service_write(const struct pl_service *service, struct pl_writer *out)
{
    size_t at = pl_frame_begin(out, PL_FRAME_SERVICE);
    pl_put_str8(out, pl_span_of(service->name));
    pl_put_str8(out, pl_span_of(service->address));
    pl_put_str8(out, pl_span_of(service->source));
    pl_frame_end(out, at);
}

bool pl_service_passes_on(const char *name)
{
    static const char *const proxies[] = {"apache2", "caddy",   "docker-proxy", "envoy",
                                          "haproxy", "httpd",   "lighttpd",     "nginx",
                                          "squid",   "traefik", "varnishd"};
    for (size_t i = 0; i < PL_LEN(proxies); i++) {
        if (strcmp(name, proxies[i]) == 0) return true;
    }
    return false;
}
