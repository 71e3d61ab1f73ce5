/* Calendars of the configuration: who is away is on call by no layer, and a schedule that is one.
 */
#include "tests/check.h"

#include "collector/config.h"
#include "common/base/err.h"

#include <stdlib.h>
#include <unistd.h>

enum { HOUR = 3600, DAY = 86400 };

#define NOTIFIERS                                                                                  \
    "notifiers: {a-push: {type: alertmanager, url: http://h/1}, sam-push: {type: alertmanager, "   \
    "url: http://h/3}}\n"

static char path[] = "/tmp/plimsoll-test-XXXXXX";
static struct pl_collector_config config;
static struct pl_option_errors errors;

static int load(const char *yaml)
{
    FILE *f = fopen(path, "we");
    if (!f || fputs(yaml, f) < 0 || fclose(f) != 0) abort();
    const char *paths[] = {path};
    return pl_collector_config_load(paths, 1, &config, &errors);
}

static int64_t at(int32_t month, int32_t day, int32_t hour)
{
    return pl_civil_day_s(2026, month, day) + hour * HOUR;
}

/* A calendar of one long event, in a file of that name beside the configuration. */
static void calendar(const char *name, const char *summary)
{
    FILE *f = fopen(name, "we");
    if (!f ||
        fprintf(f,
                "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:long\r\nSUMMARY:%s\r\n"
                "DTSTART:20200101T000000Z\r\nDTEND:20990101T000000Z\r\nEND:VEVENT\r\n"
                "END:VCALENDAR\r\n",
                summary) < 0 ||
        fclose(f) != 0)
        abort();
}

static uint16_t on_duty(uint16_t schedule, int64_t unix_s)
{
    return pl_oncall_duty(&config.roster, schedule, unix_s, unix_s + DAY).person;
}

static void test_calendars(void)
{
    char file[sizeof path + 8];
    (void)snprintf(file, sizeof file, "%s.ics", path);
    static char yaml[8192];
    static const char form[] =
        NOTIFIERS "people:\n  alex: {contact: [a-push]%s}\n  sam: {contact: [sam-push]}\n"
                  "schedules: {duty: {layers: [first, second]}, cal: {%s}}\n"
                  "layers: {first: {people: [alex]}, second: {people: [sam]}}\n";
    char absence[128], shifts[128];
    (void)snprintf(absence, sizeof absence, ", absence_file: %s", file);
    (void)snprintf(shifts, sizeof shifts, "calendar_file: %s", file);
    calendar(file, "alex");
    (void)snprintf(yaml, sizeof yaml, form, "", shifts);
    CHECK_INT(load(yaml), 0);
    CHECK_INT(on_duty(0, at(5, 6, 10)), 0);
    CHECK_INT(on_duty(1, at(5, 6, 10)), 0); // the calendar stands for layers
    (void)snprintf(yaml, sizeof yaml, form, absence, shifts);
    CHECK_INT(load(yaml), 0);
    CHECK_INT(on_duty(0, at(5, 6, 10)), 1); // alex is away: the next layer
    CHECK_INT(on_duty(1, at(5, 6, 10)), PL_NOBODY);
    calendar(file, "alice");
    (void)snprintf(yaml, sizeof yaml, form, "", shifts);
    CHECK_INT(load(yaml), PL_E_SYNTAX);
    CHECK(strstr(errors.text[0], ".ics': event long: its SUMMARY is not the name of a person") !=
          NULL);
    CHECK_INT(unlink(file), 0);
    CHECK_INT(load(yaml), PL_E_SYNTAX);
    CHECK(strstr(errors.text[0], "cannot be read") != NULL);
}

int main(void)
{
    int fd = mkstemp(path);
    if (fd < 0) abort();
    (void)close(fd); // it is written by its name
    RUN(test_calendars);
    return unlink(path) == 0 ? check_finish() : 1;
}
