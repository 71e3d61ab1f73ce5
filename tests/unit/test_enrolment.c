/* What a host keeps of its joining: there and back, and nothing else. */
#include "tests/check.h"

#include "agent/core/enrolment.h"
#include "common/base/err.h"

static const char good[] = "plimsoll-enrolment 1\n"
                           "host fe1\n"
                           "pool web\n"
                           "fingerprint "
                           "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
                           "collector 192.0.2.1:7410\n"
                           "collector [2001:db8::1]:7410\n";

static void test_what_is_written_is_read(void)
{
    struct pl_enrolment e;
    char buf[PL_ENROLMENT_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    REQUIRE(pl_enrolment_parse(pl_span_of(good), &e) == 0);
    CHECK_TEXT(e.host.text, "fe1");
    CHECK_TEXT(e.pool.text, "web");
    CHECK_INT(e.fingerprint.bytes[31], 0xff);
    CHECK_INT(e.collector_count, 2);
    CHECK_TEXT(e.collectors[1].host, "2001:db8::1");
    pl_enrolment_write(&e, &t);
    CHECK_TEXT(buf, good);
}

static void test_every_cut_is_refused(void)
{
    struct pl_enrolment e;
    size_t whole[] = {sizeof good - 1, strlen(good) - strlen("collector [2001:db8::1]:7410\n")};
    for (size_t cut = 0; cut < sizeof good - 1; cut++) {
        int want = cut == whole[1]                         ? 0
                   : cut <= strlen("plimsoll-enrolment 1") ? PL_E_MAGIC
                                                           : PL_E_SYNTAX;
        CHECK_INT(pl_enrolment_parse((struct pl_span){(const uint8_t *)good, cut}, &e), want);
    }
}

static void test_other_things_are_refused(void)
{
    static const char *const bad[] = {
        "plimsoll-enrolment 2\n",
        "plimsoll-enrolment 1\nhost f/1\n",
        "plimsoll-enrolment 1\nhost fe1\npool web\nfingerprint 0011\n",
        "plimsoll-enrolment 1\npool web\nhost fe1\n",
    };
    struct pl_enrolment e;
    for (size_t i = 0; i < PL_LEN(bad); i++) CHECK(pl_enrolment_parse(pl_span_of(bad[i]), &e) < 0);
}

int main(void)
{
    RUN(test_what_is_written_is_read);
    RUN(test_every_cut_is_refused);
    RUN(test_other_things_are_refused);
    return check_finish();
}
