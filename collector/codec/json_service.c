#include "collector/codec/json_service.h"

#include "common/wire/service.h"

bool pl_service_hides(const struct pl_host *host)
{
    return host->has_sample && host->last.values[PL_SERVICE_CPU] == PL_ABSENT &&
           pl_service_passes_on(host->service.name);
}

void pl_service_hint_write(const struct pl_host *host, struct pl_text *out)
{
    const char *name = host->service.name;
    pl_text_str(out, name);
    pl_text_str(out, " on ");
    pl_text_span(out, pl_name_span(&host->name));
    pl_text_str(
        out,
        " passes work on, so the limits of the service behind it are not known, and capacity is "
        "learned from the whole machine. In agent.yaml, below 'agent:', add a line 'service: "
        "/system.slice/php8.2-fpm.service' with the control group of what does the work (systemctl "
        "show -p ControlGroup UNIT), 'service: /web.slice' if several units share that slice, or "
        "'service: ");
    pl_text_str(out, name);
    pl_text_str(out, "' if it does all of the work itself; then restart plimsoll-agent");
}

void pl_json_put_service(struct pl_text *out, const struct pl_host *host)
{
    char bytes[640];
    struct pl_text hint = pl_text_init(bytes, sizeof bytes);
    if (host->service.name[0] == '\0') return;
    pl_text_str(out, ",\"service\":{\"name\":");
    pl_text_json(out, pl_span_of(host->service.name));
    pl_text_str(out, ",\"address\":");
    pl_text_json(out, pl_span_of(host->service.address));
    pl_text_str(out, ",\"source\":");
    pl_text_json(out, pl_span_of(host->service.source));
    if (pl_service_hides(host)) {
        pl_service_hint_write(host, &hint);
        pl_text_str(out, ",\"hint\":");
        pl_text_json(out, pl_text_bytes(&hint));
    }
    pl_text_char(out, '}');
}
