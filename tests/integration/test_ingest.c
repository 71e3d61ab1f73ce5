/* The agents' port on a real loop; time passes because the test says so. */
#include "tests/integration/ingest_fixture.h"

#include "common/wire/trace.h"

#include <fcntl.h>

static void test_an_agent_streams_and_is_acknowledged(void)
{
    struct agent a;
    struct pl_boot_id boot = {{1, 9}}, other = {{2, 9}};
    begin(NULL);
    agent_join(&a, "fe1", 1);
    CHECK_INT(a.heard.welcome.durable_seq, 5);
    for (int i = 0; i < 100; i++) agent_sample(&a);
    CHECK(wait_samples(100));
    CHECK_INT(told.last_seq, 100);
    pl_ingest_ack(ingest, 0, &other, 90); // of an agent that was restarted since: not for this one
    pl_ingest_ack(ingest, 0, &boot, 80);
    pl_ingest_ack(ingest, 1, &boot, 70); // nobody there
    CHECK(agent_expects(&a, PL_AGENT_ACKED));
    CHECK_INT(a.heard.acked_seq, 80);
    CHECK_INT(pl_ingest_counts(ingest)->acks, 1);
    agent_leave(&a);
    CHECK(wait_connected(0));
    CHECK_INT(told.gone, 1);
    finish();
}

static void test_bytes_may_come_one_by_one(void)
{
    struct agent a;
    uint8_t buf[PL_FRAME_BYTES_MAX];
    begin(NULL);
    agent_connect(&a);
    size_t len = hello_bytes(&a, "fe1", 1, buf, sizeof buf);
    for (size_t i = 0; i < len; i++) agent_send(&a, buf + i, 1);
    CHECK(agent_expects(&a, PL_AGENT_WELCOMED));
    len = 0;
    for (int i = 0; i < 50; i++) len += sample_bytes(&a, buf + len, sizeof buf - len);
    for (size_t i = 0; i < len; i += 7) agent_send(&a, buf + i, PL_MIN((size_t)7, len - i));
    CHECK(wait_samples(50));
    CHECK_INT(pl_ingest_counts(ingest)->frames, 51);
    agent_leave(&a);
    finish();
}

static const struct {
    const char *name;
    bool after_hello;
    uint8_t bytes[16];
    size_t len;
    enum pl_ingest_refusal why;
    enum pl_refuse_code code;
} bad_input[] = {
    {"http", false, "PUT / HTTP/1.1", 14, PL_INGEST_MAGIC, PL_REFUSE_PROTOCOL},
    {"frame version", false, {'P', 'l', 9}, 3, PL_INGEST_VERSION, PL_REFUSE_VERSION},
    {"protocol version",
     false,
     {'P', 'l', 1, 1, 0, 0, 0, 2, 0, 9},
     10,
     PL_INGEST_VERSION,
     PL_REFUSE_VERSION},
    {"oversize", false, {'P', 'l', 1, 1, 0, 0, 0x10, 1}, 8, PL_INGEST_TOO_BIG, PL_REFUSE_PROTOCOL},
    {"huge",
     true,
     {'P', 'l', 1, 5, 0xff, 0xff, 0xff, 0xff},
     8,
     PL_INGEST_TOO_BIG,
     PL_REFUSE_PROTOCOL},
    {"broken hello",
     false,
     {'P', 'l', 1, 1, 0, 0, 0, 3, 0, 1, 7},
     11,
     PL_INGEST_MALFORMED,
     PL_REFUSE_HELLO},
    {"broken sample",
     true,
     {'P', 'l', 1, 4, 0, 0, 0, 1, 0},
     9,
     PL_INGEST_MALFORMED,
     PL_REFUSE_PROTOCOL},
    {"sample first",
     false,
     {'P', 'l', 1, 4, 0, 0, 0, 0},
     8,
     PL_INGEST_OUT_OF_TURN,
     PL_REFUSE_PROTOCOL},
    {"second hello",
     true,
     {'P', 'l', 1, 1, 0, 0, 0, 0},
     8,
     PL_INGEST_OUT_OF_TURN,
     PL_REFUSE_PROTOCOL},
    {"a collector's frame",
     true,
     {'P', 'l', 1, 6, 0, 0, 0, 0},
     8,
     PL_INGEST_OUT_OF_TURN,
     PL_REFUSE_PROTOCOL},
};

/* Each refusal is told to the peer, counted, and of no consequence for an agent beside it. */
static void test_bad_input_is_refused(void)
{
    struct agent good;
    begin(NULL);
    agent_join(&good, "good", 1);
    for (size_t i = 0; i < PL_LEN(bad_input); i++) {
        struct agent bad;
        uint64_t before = refused(bad_input[i].why);
        printf("# %s\n", bad_input[i].name);
        agent_connect(&bad);
        if (bad_input[i].after_hello) {
            agent_hello(&bad, "bad", 1);
            CHECK(agent_expects(&bad, PL_AGENT_WELCOMED));
        }
        agent_send(&bad, bad_input[i].bytes, bad_input[i].len);
        CHECK(agent_expects_refusal(&bad, bad_input[i].code));
        CHECK_INT(refused(bad_input[i].why), before + 1);
        agent_leave(&bad);
        agent_sample(&good);
        CHECK(wait_samples(i + 1));
    }
    agent_leave(&good);
    finish();
}

static void test_unknown_frames_are_skipped(void)
{
    static const uint8_t unknown[] = {'P', 'l', 1, 200, 0, 0, 0, 2, 1, 2};
    struct agent a;
    begin(NULL);
    agent_join(&a, "fe1", 1);
    agent_send(&a, unknown, sizeof unknown);
    agent_sample(&a);
    CHECK(wait_samples(1));
    CHECK_INT(pl_ingest_counts(ingest)->unknown_frames, 1);
    agent_leave(&a);
    finish();
}

static void test_who_takes_too_long_is_cut(void)
{
    struct agent mute, half, silent;
    begin(NULL);
    agent_connect(&mute);
    agent_join(&half, "half", 1);
    agent_join(&silent, "silent", 1);
    agent_sample(&half);
    CHECK(wait_samples(1));
    agent_send(&half, "Pl\1", 3);
    tick_after(PL_INGEST_HELLO_MS - 1000);
    CHECK_INT(pl_ingest_connected(ingest), 3);
    tick_after(PL_INGEST_HELLO_MS);
    CHECK(agent_expects_refusal(&mute, PL_REFUSE_HELLO));
    CHECK(agent_expects_refusal(&half, PL_REFUSE_PROTOCOL));
    CHECK_INT(refused(PL_INGEST_HELLO_TIMEOUT), 1);
    CHECK_INT(refused(PL_INGEST_FRAME_TIMEOUT), 1);
    agent_leave(&mute);
    agent_leave(&half);
    CHECK(wait_connected(1));
    tick_after(PL_INGEST_SILENT_MS - 1000);
    CHECK(agent_expects(&silent, PL_AGENT_ACKED)); // we are not silent
    CHECK_INT(pl_ingest_connected(ingest), 1);
    tick_after(PL_INGEST_SILENT_MS);
    CHECK(agent_expects_close(&silent));
    CHECK_INT(refused(PL_INGEST_SILENT), 1);
    agent_leave(&silent);
    finish();
}

/* While Redis is away nothing becomes durable; the agent hears all the same that we live. */
static void test_the_last_acknowledgement_is_repeated(void)
{
    struct agent a;
    begin(NULL);
    agent_join(&a, "fe1", 1);
    tick_after(PL_INGEST_TELL_MS - 1000);
    CHECK_INT(pl_ingest_counts(ingest)->acks, 0);
    tick_after(PL_INGEST_TELL_MS);
    CHECK(agent_expects(&a, PL_AGENT_ACKED));
    CHECK_INT(a.heard.acked_seq, 5); // as in WELCOME
    tick_after(2 * PL_INGEST_TELL_MS - 1000);
    CHECK_INT(pl_ingest_counts(ingest)->acks, 1);
    agent_leave(&a);
    finish();
}

/* A refused peer that neither reads nor closes is closed after a while; one that floods, at once.
 */
static void test_a_refused_peer_cannot_stay(void)
{
    static const uint8_t flood[200000];
    struct agent stubborn, flooding;
    begin(NULL);
    agent_connect(&stubborn);
    agent_send(&stubborn, "nonsense", 8);
    CHECK(agent_expects(&stubborn, PL_AGENT_REFUSED));
    CHECK_INT(pl_ingest_connected(ingest), 1);
    tick_after(PL_INGEST_LINGER_MS);
    CHECK(wait_connected(0));
    agent_leave(&stubborn);
    agent_connect(&flooding);
    CHECK_INT(fcntl(flooding.fd, F_SETFL, O_NONBLOCK), 0);
    CHECK(send(flooding.fd, flood, sizeof flood, MSG_NOSIGNAL) > 0);
    CHECK(wait_connected(1) && wait_connected(0));
    agent_leave(&flooding);
    finish();
}

static void test_an_agent_that_never_reads_is_cut(void)
{
    struct agent a;
    struct pl_boot_id boot = {{1, 9}};
    begin(NULL);
    agent_join(&a, "fe1", 1);
    const struct pl_ingest_counts *counts = pl_ingest_counts(ingest);
    uint64_t seq = 1;
    do { // until the socket takes no more
        pl_ingest_ack(ingest, 0, &boot, seq);
    } while (counts->acks == seq++);
    uint64_t sent = counts->acks, newest = sent + 1000;
    while (seq <= newest) pl_ingest_ack(ingest, 0, &boot, seq++);
    CHECK_INT(counts->acks, sent); // nothing piles up: only the newest waits
    tick_after(PL_INGEST_WRITE_MS - 1000);
    CHECK_INT(pl_ingest_connected(ingest), 1);
    while (agent_expects(&a, PL_AGENT_ACKED) && a.heard.acked_seq < newest) continue;
    CHECK_INT(a.heard.acked_seq, newest);

    do {
        sent = counts->acks;
        pl_ingest_ack(ingest, 0, &boot, seq++);
    } while (counts->acks > sent);
    tick_after(PL_INGEST_WRITE_MS);
    CHECK_INT(refused(PL_INGEST_NOT_READING), 1);
    CHECK(wait_connected(0));
    agent_leave(&a);
    finish();
}

static void test_one_host_has_one_connection(void)
{
    struct agent first, again, twin;
    begin(NULL);
    agent_join(&first, "fe1", 1);
    agent_join(&again, "fe1", 1); // the same process: it lost its connection
    CHECK(agent_expects_close(&first));
    CHECK_INT(told.gone, 1);
    CHECK_INT(pl_ingest_counts(ingest)->replaced, 1);
    agent_connect(&twin); // another machine with that name, while the first one is heard
    agent_hello(&twin, "fe1", 2);
    CHECK(agent_expects_refusal(&twin, PL_REFUSE_TAKEN));
    CHECK_INT(refused(PL_INGEST_TAKEN), 1);
    agent_sample(&again);
    CHECK(wait_samples(1));
    agent_leave(&first);
    agent_leave(&again);
    agent_leave(&twin);
    finish();
}

static void test_the_handler_may_refuse_and_close(void)
{
    struct agent a, b;
    begin(NULL);
    told.refuse_with = PL_REFUSE_FULL;
    agent_connect(&a);
    agent_hello(&a, "fe1", 1);
    CHECK(agent_expects_refusal(&a, PL_REFUSE_FULL));
    CHECK_INT(refused(PL_INGEST_FULL), 1);
    told.refuse_with = 0;
    told.close_on_sample = true;
    agent_join(&b, "fe1", 2); // the refused one holds no seat
    uint8_t buf[PL_FRAME_BYTES_MAX];
    size_t len = sample_bytes(&b, buf, sizeof buf);
    len += sample_bytes(&b, buf + len, sizeof buf - len);
    agent_send(&b, buf, len);
    CHECK(agent_expects_close(&b));
    CHECK_INT(told.samples, 1); // what came behind it in the same read is not looked at
    agent_leave(&a);
    agent_leave(&b);
    finish();
}

static bool somebody_is_parked(void *arg)
{
    (void)arg;
    return pl_ingest_counts(ingest)->parked == 1;
}

static void test_a_full_house_parks_the_next(void)
{
    struct agent agents[SLOTS], parked;
    begin(NULL);
    for (int i = 0; i < SLOTS; i++) {
        char host[] = {'h', (char)('0' + i), '\0'};
        agent_join(&agents[i], host, 1);
    }
    agent_connect(&parked);
    CHECK(run_until(somebody_is_parked, NULL, LIMIT_MS));
    uint8_t buf[PL_FRAME_BYTES_MAX];
    size_t len = hello_bytes(&parked, "late", 1, buf, sizeof buf);
    CHECK_INT(send(parked.fd, buf, len, MSG_NOSIGNAL), len);
    CHECK_INT(pl_ingest_connected(ingest), SLOTS);
    agent_leave(&agents[2]);
    CHECK(agent_expects(&parked, PL_AGENT_WELCOMED));
    CHECK_INT(pl_ingest_connected(ingest), SLOTS);
    for (int i = 0; i < SLOTS; i++)
        if (i != 2) agent_leave(&agents[i]);
    agent_leave(&parked);
    CHECK(wait_connected(0));
    agent_join(&parked, "later", 1); // the listener still listens
    agent_leave(&parked);
    finish();
}

static void test_stopping_tells_the_agents(void)
{
    struct agent a;
    bool stopped = false;
    begin(NULL);
    agent_join(&a, "fe1", 1);
    pl_ingest_stop(ingest, set_flag, &stopped);
    CHECK_INT(told.gone, 1);
    CHECK(agent_expects_refusal(&a, PL_REFUSE_STOPPING));
    CHECK(run_until(is_set, &stopped, LIMIT_MS));
    agent_leave(&a);
    pl_ingest_free(ingest);
    loop_end();
}

static size_t read_file(const char *path, uint8_t *buf, size_t cap)
{
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    size_t len = fread(buf, 1, cap, file);
    (void)fclose(file); // only read from
    return len;
}

static void test_frames_are_recorded(void)
{
    static uint8_t buf[65536];
    char dir[64], path[128];
    struct agent a, b;
    make_dir(dir);
    (void)snprintf(path, sizeof path, "%s/trace", dir);
    begin(path);
    CHECK(pl_ingest_recording(ingest));
    agent_join(&a, "fe1", 1);
    agent_join(&b, "fe2", 1);
    for (int i = 0; i < 20; i++) agent_sample(i % 2 == 0 ? &a : &b);
    CHECK(wait_samples(20));
    tick_after(0);
    agent_leave(&a);
    CHECK(wait_connected(1));
    finish();
    agent_leave(&b);

    struct pl_span in = {buf, read_file(path, buf, sizeof buf)};
    struct pl_trace_record record;
    int64_t last = 0;
    int frames[3] = {0}, ends[3] = {0};
    for (ssize_t used = pl_trace_parse_begin(in); used > 0;) {
        in = (struct pl_span){in.ptr + used, in.len - (size_t)used};
        used = pl_trace_parse(in, &last, &record);
        CHECK(used > 0 || (used == 0 && in.len == 0));
        if (used <= 0) break;
        REQUIRE(record.stream == 1 || record.stream == 2);
        if (record.frame.len > 0) frames[record.stream]++;
        if (record.frame.len == 0) ends[record.stream]++;
    }
    CHECK(frames[1] == 11 && frames[2] == 11); // HELLO and ten samples
    CHECK(ends[1] == 1 && ends[2] == 1);
    remove_dir(dir);
}

int main(void)
{
    RUN(test_an_agent_streams_and_is_acknowledged);
    RUN(test_bytes_may_come_one_by_one);
    RUN(test_bad_input_is_refused);
    RUN(test_unknown_frames_are_skipped);
    RUN(test_who_takes_too_long_is_cut);
    RUN(test_the_last_acknowledgement_is_repeated);
    RUN(test_a_refused_peer_cannot_stay);
    RUN(test_an_agent_that_never_reads_is_cut);
    RUN(test_one_host_has_one_connection);
    RUN(test_the_handler_may_refuse_and_close);
    RUN(test_a_full_house_parks_the_next);
    RUN(test_stopping_tells_the_agents);
    RUN(test_frames_are_recorded);
    return check_finish();
}
