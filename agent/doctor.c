#include "agent/doctor.h"

#include "agent/io/enrol.h"
#include "agent/trust.h"
#include "common/base/err.h"
#include "common/sys/clock.h"
#include "common/wire/session.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FINE = 0, DEGRADED = 1, NOT_ACCEPTED = 2 };
enum { SKEW_MS_MAX = 5000 }; // a collector takes a clock that is off by more for a jump

static const char collectors[] = "Collectors";

void pl_doctor_say(char *out, size_t room, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(out, room, format, args); // what does not fit is cut
    va_end(args);
}

struct pl_finding *pl_doctor_add(struct pl_diagnosis *d, const char *section,
                                 enum pl_finding_state state, const char *name)
{
    struct pl_finding *f = pl_diagnosis_add(d, section, state);
    pl_doctor_say(f->name, sizeof f->name, "%s", name);
    return f;
}

/* ---- a collector ---- */

static void find_clock(int64_t skew_ms, struct pl_diagnosis *d)
{
    struct pl_finding *f = pl_doctor_add(d, collectors, PL_FINDING_OK, "clock");
    const char *where = skew_ms < 0 ? "behind" : "ahead of";
    PL_SAY(f, "%" PRId64 ".%03d s %s the collector's", imaxabs(skew_ms) / 1000,
           (int)(imaxabs(skew_ms) % 1000), where);
    if (imaxabs(skew_ms) <= SKEW_MS_MAX) return;
    f->state = PL_FINDING_LACK;
    PL_ADVISE(f, "set one of the clocks: chronyd or systemd-timesyncd on both machines");
}

static const char *advice(uint16_t code)
{
    switch (code) {
    case 0: return "is a collector running there, and does a firewall let this port through?";
    case PL_REFUSE_FULL: return "collector.max_agents, or 'plimsoll host forget' of old hosts";
    case PL_REFUSE_LATER: return "is its Redis up? 'plimsoll status' on the collector's machine";
    case PL_REFUSE_STOPPING: return "try again";
    case PL_REFUSE_POOL: return "set agent.pool to the pool this host joined, or join again";
    default: return "plimsoll-agent join with a token of 'plimsoll token new'";
    }
}

static const char distrust[] = "if its certificate was exchanged, join again with a new token; if "
                               "not, find out who answers there";

/* Ask one collector. True if it takes this host. */
static bool find_collector(const struct pl_agent_config *config, const struct pl_address *address,
                           const struct pl_link_trust *trust, struct pl_diagnosis *d)
{
    const struct pl_check check = {config->host, config->pool};
    struct pl_checked checked = {0};
    const struct pl_enrol_request request = {.check = &check, .checked = &checked};
    char text[PL_ADDRESS_TEXT_BYTES], error[PL_ENROL_ERROR_BYTES];
    uint16_t refused = 0;
    pl_address_write(address, text);
    struct pl_finding *f = pl_doctor_add(d, collectors, PL_FINDING_OK, text);
    int64_t begun_unix_ms = pl_clock_unix_ms(), begun_mono_ms = pl_clock_mono_ms();
    int err = pl_enrol(address, trust, &request, &refused, error);
    int64_t took_ms = pl_clock_mono_ms() - begun_mono_ms;
    if (err < 0) {
        f->state = PL_FINDING_LACK; // another one may take it
        PL_SAY(f, "does not take this host: %s", error);
        PL_ADVISE(f, "%s", err == PL_E_REFUSED && refused == 0 ? distrust : advice(refused));
        return false;
    }
    PL_SAY(f, "takes host %s in pool %s, by %s; an agent of that name is %s", config->host.text,
           config->pool.text, trust ? "TLS" : "plain TCP on this machine",
           checked.is_connected ? "connected now, and was not disturbed" : "not connected now");
    find_clock(begun_unix_ms + took_ms / 2 - checked.unix_ms, d);
    return true;
}

static void find_collectors(struct pl_agent_config *config, struct pl_diagnosis *d)
{
    struct pl_agent_trust trust;
    uint32_t first = d->count, accepted = 0;
    if (pl_agent_trust_load(&trust, config) < 0) {
        struct pl_finding *f = pl_doctor_add(d, collectors, PL_FINDING_REFUSED, "key and pin");
        PL_SAY(f, "this host cannot show who it is; the line above says why");
        PL_ADVISE(f, "plimsoll-agent join with a token of 'plimsoll token new'");
        return;
    }
    const struct pl_link_trust *link = trust.link.context ? &trust.link : NULL;
    for (uint32_t i = 0; i < config->collectors.count; i++)
        accepted += find_collector(config, &config->collectors.item[i], link, d);
    pl_agent_trust_fini(&trust);
    for (uint32_t i = first; accepted == 0 && i < d->count; i++)
        d->findings[i].state = PL_FINDING_REFUSED;
}

/* ---- the command ---- */

static void print_end(enum pl_finding_state verdict)
{
    static const char *const ends[PL_FINDING_STATE_COUNT] = {
        [PL_FINDING_OK] = "All is fine.",
        [PL_FINDING_NOTE] = "All is fine.",
        [PL_FINDING_LACK] = "The agent works, without what is marked LACKS.",
        [PL_FINDING_REFUSED] = "No collector takes this host: nothing it sees is kept."};
    (void)printf("\n%s\n", ends[verdict]);
}

int pl_doctor_main(struct pl_agent_config *config, bool as_json)
{
    struct pl_diagnosis *d = calloc(1, sizeof *d);
    char *buf = malloc(PL_DIAGNOSIS_BYTES);
    if (!d || !buf) {
        free(d);
        free(buf);
        (void)fputs("plimsoll-agent: there is not enough memory\n", stderr);
        return NOT_ACCEPTED;
    }
    find_collectors(config, d);
    pl_doctor_machine(config, d);
    pl_doctor_process(d);
    struct pl_text t = pl_text_init(buf, PL_DIAGNOSIS_BYTES);
    const char *const who[2] = {config->host.text, config->pool.text};
    enum pl_finding_state verdict = pl_diagnosis_verdict(d);
    if (as_json)
        pl_diagnosis_write_json(d, who, &t);
    else
        pl_diagnosis_write(d, &t);
    (void)fwrite(buf, 1, t.len, stdout); // a closed stdout is the reader's wish
    if (!as_json) print_end(verdict);
    free(buf);
    free(d);
    if (verdict == PL_FINDING_REFUSED) return NOT_ACCEPTED;
    return verdict == PL_FINDING_LACK ? DEGRADED : FINE;
}
