/* What a machine measures, and its agent. */
#include "tests/sim/sim.h"

#include "common/base/text.h"

enum { SEND_PER_STEP = 150, ANSWER_WITHIN_MS = 10000 };

struct pl_boot_id sim_boot_id(const struct sim_machine *machine, uint32_t m)
{
    struct pl_boot_id id = {
        .bytes = {(uint8_t)m, (uint8_t)(machine->boot_count >> 8), (uint8_t)machine->boot_count}};
    return id;
}

bool sim_link_write(struct sim_link *link, const struct pl_writer *from)
{
    if (from->err != 0 || from->len > SIM_LINK_BYTES - link->len) return false;
    memcpy(link->bytes + link->len, from->ptr, from->len);
    link->len += from->len;
    return true;
}

size_t sim_link_arrived(struct sim_world *w, uint32_t m, const struct sim_link *link)
{
    const struct sim_machine *machine = &w->machines[m];
    if (machine->cut || w->now_ms < machine->stuck_until_ms || link->len == 0) return 0;
    if (!sim_chance(w, 8)) return link->len;
    return pl_rng_below(&w->rng, (uint32_t)link->len + 1); // TCP does not keep frames together
}

void sim_link_take(struct sim_link *link, size_t len)
{
    memmove(link->bytes, link->bytes + len, link->len - len);
    link->len -= len;
}

void sim_machine_init(struct sim_world *w, uint32_t m, uint32_t pool)
{
    struct sim_machine *machine = &w->machines[m];
    struct pl_text name = pl_text_init(machine->name.text, sizeof machine->name.text);
    pl_text_str(&name, "fe");
    pl_text_u64(&name, m + 1);
    machine->name.len = (uint8_t)name.len;
    machine->pool = pool;
    machine->cpu_bp = 3000;
    machine->memory_bp = 4000;
    sim_machine_start(w, m);
}

void sim_machine_start(struct sim_world *w, uint32_t m)
{
    struct sim_machine *machine = &w->machines[m];
    machine->up = true;
    machine->boot_count++;
    machine->next_sample_ms = w->now_ms + pl_rng_below(&w->rng, SIM_INTERVAL_MS);
    machine->reconnect_ms = w->now_ms + 200;
    /* Every third keeps so little that it must drop. */
    pl_spool_init(&machine->spool, machine->spool_slots, m % 3 == 2 ? 30 : SIM_SPOOL);
}

void sim_disconnect(struct sim_world *w, uint32_t m)
{
    struct sim_machine *machine = &w->machines[m];
    machine->connected = false;
    machine->reconnect_ms = w->now_ms + 200 + pl_rng_below(&w->rng, 2000);
    w->peers[m].open = w->peers[m].open && machine->cut; // the collector sees it unless it is cut
}

void sim_machine_stop(struct sim_world *w, uint32_t m)
{
    sim_say(w, "machine %s stops", w->machines[m].name.text);
    w->machines[m].up = false;
    w->machines[m].cut = true; // a dead machine closes nothing
    sim_disconnect(w, m);
}

/* Of memory: Little's law, where all share the processor. */
static int32_t held_bp(const struct sim_machine *machine, int64_t busy_bp)
{
    int64_t inside_milli = machine->traffic_milli * 10000 / PL_MAX(10000 - busy_bp, 100);
    return (int32_t)PL_MIN(inside_milli * machine->held_bp / 10000, 10000);
}

/* Metrics that move although nothing is short; no rule reads them. */
static const enum pl_metric restless[] = {PL_CPU_USER, PL_PROCS_RUNNING,   PL_CONTEXT_SWITCHES,
                                          PL_LOAD1,    PL_TCP_SEGMENTS_IN, PL_AGENT_CPU};

static void take_sample(struct sim_world *w, struct sim_machine *machine)
{
    struct pl_sample sample = {.unix_ms = SIM_START_UNIX_MS + w->now_ms + machine->clock_error_ms};
    for (size_t i = 0; i < PL_LEN(restless); i++) {
        sample.values[restless[i]] = (int32_t)pl_rng_below(&w->rng, 50);
    }
    int32_t noise_bp = (int32_t)pl_rng_below(&w->rng, 200) - 100;
    int64_t busy_bp = machine->cpu_bp + machine->traffic_milli * machine->cost_bp / 10000;
    sample.values[PL_CPU_BUSY] = (int32_t)PL_MAX(PL_MIN(busy_bp, 9900) + noise_bp, 0);
    int32_t memory_bp = machine->memory_bp + held_bp(machine, busy_bp);
    sample.values[PL_MEMORY_USED] = PL_MIN(memory_bp, 9800) + noise_bp;
    if (machine->held_bp > 0) sample.values[PL_SERVICE_CPU] = PL_ABSENT; // nobody tells it apart
    sample.values[PL_PSI_IO_FULL] = machine->stall_bp;
    sample.values[PL_TRAFFIC_REQUESTS] = PL_ABSENT;
    sample.values[PL_TCP_ACCEPTED] = (int32_t)(machine->traffic_milli / 100);
    machine->memory_bp += machine->leak_bp;
    machine->traffic_milli += machine->traffic_milli * machine->growth_ppm / 1000000;
    pl_spool_push(&machine->spool, &sample);
    machine->taken_ms[sample.seq % SIM_SPOOL] = w->now_ms;
    machine->next_sample_ms += SIM_INTERVAL_MS;
}

static void connect_agent(struct sim_world *w, uint32_t m)
{
    struct sim_machine *machine = &w->machines[m];
    uint8_t buf[PL_FRAME_BYTES_MAX];
    struct pl_writer out = pl_writer_init(buf, sizeof buf);
    struct pl_hello hello = {
        .version = PL_PROTOCOL_VERSION,
        .boot_id = sim_boot_id(machine, m),
        .host = machine->name,
        .pool = pl_engine_fleet(w->engine)->pools[machine->pool].name,
        .agent_version = "0.1.0",
        .unix_ms = SIM_START_UNIX_MS + w->now_ms + machine->clock_error_ms,
        .interval_ms = SIM_INTERVAL_MS,
        .first_seq = machine->spool.first_seq,
    };
    machine->connected = true;
    machine->cut = false;
    machine->silent_since_ms = w->now_ms;
    machine->up_link.len = machine->down_link.len = 0;
    pl_agent_session_start(&machine->session, &hello, &out);
    (void)sim_link_write(&machine->up_link, &out); // it is empty
    sim_peer_open(w, m);
}

static void on_event(struct sim_world *w, uint32_t m, const struct pl_agent_event *event)
{
    struct sim_machine *machine = &w->machines[m];
    uint64_t durable_seq = 0;
    if (event->type == PL_AGENT_WELCOMED) durable_seq = event->welcome.durable_seq;
    if (event->type == PL_AGENT_ACKED) durable_seq = event->acked_seq;
    if (pl_spool_ack(&machine->spool, durable_seq) != 0) {
        sim_fail(w, "%s: told that %llu is durable, which it never sent", machine->name.text,
                 (unsigned long long)durable_seq);
    }
    if (event->type == PL_AGENT_WELCOMED) machine->next_to_send = machine->spool.first_seq;
}

static void hear(struct sim_world *w, uint32_t m)
{
    struct sim_machine *machine = &w->machines[m];
    size_t arrived = sim_link_arrived(w, m, &machine->down_link), done = 0;
    while (machine->connected) {
        struct pl_frame frame;
        struct pl_agent_event event;
        struct pl_span rest = {machine->down_link.bytes + done, arrived - done};
        ssize_t len = pl_frame_parse(rest, &frame);
        if (len == 0) break;
        if (len < 0 || pl_agent_session_step(&machine->session, &frame, &event) != 0) {
            sim_fail(w, "%s: cannot read the collector", machine->name.text);
            return;
        }
        machine->silent_since_ms = w->now_ms;
        on_event(w, m, &event);
        done += (size_t)len;
    }
    sim_link_take(&machine->down_link, done);
}

static void send(struct sim_world *w, uint32_t m)
{
    struct sim_machine *machine = &w->machines[m];
    uint8_t buf[PL_FRAME_BYTES_MAX];
    machine->next_to_send = PL_MAX(machine->next_to_send, machine->spool.first_seq);
    for (int n = 0; n < SEND_PER_STEP && machine->next_to_send < machine->spool.next_seq; n++) {
        if (SIM_LINK_BYTES - machine->up_link.len < sizeof buf) return;
        struct pl_sample sample;
        struct pl_writer out = pl_writer_init(buf, sizeof buf);
        pl_spool_get(&machine->spool, machine->next_to_send++, &sample);
        pl_agent_session_sample(&machine->session, &sample, &out);
        (void)sim_link_write(&machine->up_link, &out); // there is room: asked above
    }
}

void sim_machine_step(struct sim_world *w, uint32_t m)
{
    struct sim_machine *machine = &w->machines[m];
    if (!machine->up) return;
    if (w->now_ms >= machine->next_sample_ms) take_sample(w, machine);
    bool answers = w->running && w->listening && w->now_ms >= w->paused_until_ms;
    if (!machine->connected && w->now_ms >= machine->reconnect_ms && answers) connect_agent(w, m);
    if (!machine->connected) return;
    hear(w, m);
    if (machine->session.state == PL_AGENT_STREAMING) send(w, m);
    bool waits = pl_spool_count(&machine->spool) > 0 && !w->store.away;
    if (!waits) machine->silent_since_ms = w->now_ms;
    if (w->now_ms - machine->silent_since_ms > ANSWER_WITHIN_MS) sim_disconnect(w, m);
}
