/* What the doctor says: the verdict, lines that fit a terminal, and JSON. */
#include "tests/check.h"

#include "agent/core/diagnosis.h"

static struct pl_diagnosis diagnosis;
static char buf[PL_DIAGNOSIS_BYTES];

static struct pl_finding *add(enum pl_finding_state state, const char *name, const char *text)
{
    struct pl_finding *f = pl_diagnosis_add(&diagnosis, "This machine", state);
    memcpy(f->name, name, strlen(name) + 1);
    memcpy(f->text, text, strlen(text) + 1);
    return f;
}

static void begin(void)
{
    diagnosis = (struct pl_diagnosis){0};
}

static void test_the_worst_is_the_verdict(void)
{
    static const enum pl_finding_state steps[] = {PL_FINDING_NOTE, PL_FINDING_OK, PL_FINDING_LACK,
                                                  PL_FINDING_REFUSED, PL_FINDING_OK};
    static const enum pl_finding_state want[] = {PL_FINDING_NOTE, PL_FINDING_NOTE, PL_FINDING_LACK,
                                                 PL_FINDING_REFUSED, PL_FINDING_REFUSED};
    begin();
    CHECK_INT(pl_diagnosis_verdict(&diagnosis), PL_FINDING_OK);
    for (size_t i = 0; i < PL_LEN(steps); i++) {
        (void)add(steps[i], "a", "b");
        CHECK_INT(pl_diagnosis_verdict(&diagnosis), want[i]);
    }
}

static void test_lines_fit_a_terminal(void)
{
    struct pl_text t = pl_text_init(buf, sizeof buf);
    begin();
    (void)add(PL_FINDING_OK, "memory", "seen");
    struct pl_finding *f =
        add(PL_FINDING_LACK, "watched service",
            "the process that listens on port 443 is not found, because this user may not look "
            "into the processes of others");
    memcpy(f->advice, "do it", 6);
    pl_diagnosis_write(&diagnosis, &t);
    REQUIRE(!t.overflow);
    CHECK_TEXT(buf,
               "This machine\n"
               "  ok    memory                    seen\n"
               "  LACKS watched service           the process that listens on port 443 is not "
               "found, because this\n"
               "                                  user may not look into the processes of others\n"
               "                              ->  do it\n");
}

static void test_programs_read_json(void)
{
    static const char *const who[2] = {"fe1", "web"};
    struct pl_text t = pl_text_init(buf, sizeof buf);
    begin();
    (void)add(PL_FINDING_REFUSED, "a \"b\"", "c\n");
    pl_diagnosis_write_json(&diagnosis, who, &t);
    REQUIRE(!t.overflow);
    CHECK_TEXT(buf, "{\"host\":\"fe1\",\"pool\":\"web\",\"verdict\":\"not_accepted\",\"findings\":["
                    "\n {\"section\":\"This machine\",\"name\":\"a \\\"b\\\"\",\"state\":"
                    "\"refused\",\"text\":\"c\\u000a\",\"do\":\"\"}]}\n");
}

static void test_more_than_there_is_room_for(void)
{
    static const char *const who[2] = {"fe1", "web"};
    begin();
    for (int i = 0; i < PL_FINDINGS_MAX + 3; i++) {
        struct pl_finding *f = add(PL_FINDING_OK, "n", "");
        memset(f->text, 'x', sizeof f->text - 1);
        memset(f->advice, '"', sizeof f->advice - 1);
    }
    CHECK_INT(diagnosis.count, PL_FINDINGS_MAX);
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_diagnosis_write(&diagnosis, &t);
    CHECK(!t.overflow && strstr(buf, "\n... and 3 more\n") != NULL);
    t = pl_text_init(buf, sizeof buf);
    pl_diagnosis_write_json(&diagnosis, who, &t);
    CHECK(!t.overflow);
}

int main(void)
{
    RUN(test_the_worst_is_the_verdict);
    RUN(test_lines_fit_a_terminal);
    RUN(test_programs_read_json);
    RUN(test_more_than_there_is_room_for);
    return check_finish();
}
