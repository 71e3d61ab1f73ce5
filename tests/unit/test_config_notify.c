/* The notifiers of a configuration: what each type needs, and secrets that stand in files. */
#include "tests/check.h"

#include "collector/config_notify.h"
#include "common/base/err.h"
#include "common/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/plimsoll-test-XXXXXX";
static struct pl_option_errors errors;
static struct pl_collector_config config;

/* Write `text` to a file; its path, from now on relative to `folder`. */
static const char *file(const char *name, const char *text)
{
    FILE *f = fopen(name, "we");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0) abort();
    return name;
}

static int load(const char *yaml)
{
    const char *paths[] = {file("f", yaml)};
    return pl_collector_config_load(paths, 1, &config, &errors);
}

static void test_pagerduty(void)
{
    static const char yaml[] = "notifiers: {pd: {type: pagerduty, routing_key_file: key}}\n";
    CHECK_INT(chmod(file("key", "0123456789abcdef0123456789ABCDEF\n"), 0600), 0);
    CHECK_INT(load(yaml), 0);
    CHECK_TEXT(config.notifiers[0].url, "https://events.pagerduty.com");
    CHECK_TEXT(config.notifiers[0].routing_key, "0123456789abcdef0123456789ABCDEF");
    file("key", "0123456789abcdef0123456789ABCDE\n");
    CHECK_INT(load(yaml), PL_E_SYNTAX);
    file("key", "0123456789abcdef0123456789ABCDEF0\n");
    CHECK_INT(load(yaml), PL_E_SYNTAX);
    CHECK_TEXT(errors.text[0], "f:1:35: notifiers.pd.routing_key_file: 'key' does not hold one "
                               "line of exactly 32 characters");
}

static void test_change_events(void)
{
    static const char yaml[] =
        "notifiers: {pd: {type: pagerduty, routing_key_file: key, changes: true}}\n";
    CHECK_INT(chmod(file("key", "0123456789abcdef0123456789ABCDEF\n"), 0600), 0);
    CHECK_INT(load(yaml), 0);
    struct pl_notify_target target = pl_config_notifier_target(&config.notifiers[0]);
    CHECK(pl_span_is(target.value[PL_NOTIFY_CHANGES_KEY], "true"));
    CHECK_INT(load("notifiers: {pd: {type: pagerduty, routing_key_file: key, changes: yes}}\n"),
              PL_E_SYNTAX);
    CHECK_TEXT(errors.text[0], "f:1:67: notifiers.pd.changes: 'yes' is neither true nor false");
    CHECK_INT(load("notifiers: {a: {type: alertmanager, url: 'http://h/', changes: true}}\n"),
              PL_E_SYNTAX);
}

/* A hook whose address is the secret stands in a file of its own, as `url` or instead of it. */
static void test_a_secret_address(void)
{
    static const char yaml[] = "notifiers: {a: {type: alertmanager, url_file: hook}}\n";
    CHECK_INT(chmod(file("hook", "https://h/secret\n"), 0600), 0);
    CHECK_INT(load(yaml), 0);
    CHECK_TEXT(config.notifiers[0].url, "https://h/secret");
    struct pl_notify_target target = pl_config_notifier_target(&config.notifiers[0]);
    CHECK(pl_span_eq(target.value[PL_NOTIFY_URL_KEY], pl_span_of("https://h/secret")));
    file("hook", "ftp://h/secret\n");
    CHECK_INT(load(yaml), PL_E_SYNTAX);
    CHECK_INT(errors.count, 1);
    CHECK_TEXT(errors.text[0], "f:1:37: notifiers.a.url_file: 'hook' does not hold an http:// or "
                               "https:// address");
}

static void test_a_type_that_is_none(void)
{
    static const char first[] =
        "f:1:23: notifiers.a.type: 'alertmanger' is not one of: alertmanager";
    CHECK_INT(load("notifiers: {a: {type: alertmanger, url: http://h/}}\n"), PL_E_SYNTAX);
    CHECK_INT(errors.count, 1);
    CHECK(strncmp(errors.text[0], first, sizeof first - 1) == 0);
    CHECK(strstr(errors.text[0], ", pagerduty, ") &&
          strstr(errors.text[0], "mean 'alertmanager'?"));
}

static const struct {
    const char *yaml, *want;
} golden[] = {
    {"notifiers: {a: {type: alertmanager, url: http://h/, url_file: hook}}\n",
     "f:1:53: notifiers.a.url_file: stands beside url: one of them is enough\n"},
    {"notifiers: {a: {typ: alertmanager}}\n",
     "f:1:17: notifiers.a: there is no key 'typ' here; did you mean 'type'?\n"
     "f:1:13: notifiers.a.type: is missing\n"},
    {"notifiers: {a: {type: alertmanager, url: h/}}\n",
     "f:1:42: notifiers.a.url: 'h/' is not an address that begins with http:// or https://\n"},
    {"notifiers: {a: {type: alertmanager, url: http://}}\n",
     "f:1:42: notifiers.a.url: 'http://' is not an address such as http://host:9099/hook\n"},
    {"notifiers: {a: {type: alertmanager, url: http://u:p@h/}}\n",
     "f:1:42: notifiers.a.url: 'http://...' holds a password, which has no place in a URL\n"},
    {"notifiers: {a: {type: alertmanager, url: http://h/, routing_key_file: x}}\n",
     "f:1:53: notifiers.a.routing_key_file: is no key of type alertmanager\n"},
    {"notifiers: {a: {type: pagerduty}}\n", "f:1:13: notifiers.a.routing_key_file: is missing\n"},
    {"notifiers: {a: {type: pagerduty, routing_key_file: nowhere}}\n",
     "f:1:34: notifiers.a.routing_key_file: 'nowhere' cannot be read: No such file or directory\n"},
};

static const char *all_errors(void)
{
    static char all[8000];
    struct pl_text t = pl_text_init(all, sizeof all);
    for (uint32_t i = 0; i < errors.count; i++) {
        pl_text_str(&t, errors.text[i]);
        pl_text_char(&t, '\n');
    }
    return all;
}

static void test_every_mistake(void)
{
    for (size_t i = 0; i < PL_LEN(golden); i++) {
        CHECK_INT(load(golden[i].yaml), PL_E_SYNTAX);
        CHECK_TEXT(all_errors(), golden[i].want);
    }
}

int main(void)
{
    if (!mkdtemp(folder) || chdir(folder) < 0) return 1;
    RUN(test_pagerduty);
    RUN(test_change_events);
    RUN(test_a_secret_address);
    RUN(test_a_type_that_is_none);
    RUN(test_every_mistake);
    static const char *const left[] = {"f", "key", "hook"};
    for (size_t i = 0; i < PL_LEN(left); i++) (void)unlink(left[i]);
    (void)rmdir(folder);
    return check_finish();
}
