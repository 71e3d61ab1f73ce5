/* The agent's configuration file: mistakes in it, the servers it asks and the service it watches.
 */
#include "tests/check.h"

#include "agent/config.h"
#include "common/base/err.h"
#include "common/base/text.h"

#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/plimsoll-test-XXXXXX";
static struct pl_option_errors errors;
static struct pl_agent_config agent;

/* The file is `f` in `folder`. */
static int load_agent(const char *yaml)
{
    static const char *const paths[] = {"f"};
    FILE *f = fopen("f", "we");
    if (!f || fputs(yaml, f) < 0 || fclose(f) != 0) abort();
    return pl_agent_config_load(paths, 1, &agent, &errors);
}

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

static void test_agent_local(void)
{
    CHECK_INT(load_agent("agent:\n"
                         "  find_local: no\n"
                         "  local:\n"
                         "    edge: {kind: haproxy, socket: /run/haproxy/admin.sock}\n"
                         "    web: {kind: apache, url: \"http://[::1]:8080/server-status?auto\"}\n"
                         "    php: {kind: php-fpm, socket: 127.0.0.1:9000, workers: 40}\n"),
              0);
    CHECK_TEXT(all_errors(), "");
    CHECK_INT(agent.find_local, 0);
    CHECK_INT(agent.local_count, 3);
    CHECK_INT(agent.local[0].kind, PL_CONFIG_LOCAL_HAPROXY);
    CHECK_TEXT(agent.local[0].socket, "/run/haproxy/admin.sock");
    CHECK_INT(agent.local[2].workers, 40);
    CHECK_TEXT(agent.local[2].path, "/status");
    struct pl_address address;
    const char *path;
    CHECK(pl_agent_local_url(agent.local[1].url, &address, &path));
    CHECK_TEXT(address.host, "::1");
    CHECK_INT(address.port, 8080);
    CHECK_TEXT(path, "/server-status?auto");
}

static void test_agent_local_mistakes(void)
{
    static const struct {
        const char *yaml, *error;
    } cases[] = {
        {"a: {kind: nginx}", "kind: needs url or socket beside it"},
        {"a: {url: \"http://127.0.0.1/x\"}", "url: 'http://127.0.0.1/x' is not http://IP:PORT/PATH "
                                             "with an IP address and a path of at most 100 bytes"},
        {"a: {kind: nginx, socket: /run/x}", "socket: is for haproxy and php-fpm: give the url"},
        {"a: {kind: haproxy, url: \"http://127.0.0.1:1/x\"}",
         "url: is not how haproxy is asked: give its socket"},
        {"a: {kind: apache, url: \"http://127.0.0.1:1/x\"}",
         "url: must end in ?auto, the form that programs can read"},
        {"a: {kind: php-fpm, socket: here}", "socket: 'here' is neither the path of a Unix socket, "
                                             "which begins with /, nor IP:PORT"},
        {"a: {kind: php-fpm, socket: /x, path: status}", "path: 'status' does not begin with /"},
        {"a: {kind: php-fpm, socket: /x, path: \"/a b\"}",
         "path: '/a b' has a character that must be written as %XX"},
        {"a: {kind: php-fpm, socket: /x, url: \"http://127.0.0.1:1/x\"}",
         "socket: is beside url: only one of them"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char yaml[256];
        (void)snprintf(yaml, sizeof yaml, "agent:\n  local:\n    %s\n", cases[i].yaml);
        CHECK_INT(load_agent(yaml), PL_E_SYNTAX);
        bool has_place = strncmp(all_errors(), "f:3:", 4) == 0;
        CHECK(has_place);
        CHECK_TEXT(strstr(all_errors(), cases[i].error) ? cases[i].error : all_errors(),
                   cases[i].error);
    }
}

static void test_agent_mistakes(void)
{
    CHECK_INT(
        load_agent("agent:\n  collectors: [watch.example:7410, 127.0.0.1:0]\n  interval: 50ms\n"),
        PL_E_SYNTAX);
    CHECK_TEXT(
        all_errors(),
        "f:2:16: agent.collectors: 'watch.example:7410' is a name, which this agent does not "
        "resolve: give an IP address\n"
        "f:2:36: agent.collectors: '127.0.0.1:0' has port 0, where nobody can listen\n"
        "f:3:13: agent.interval: '50ms' is less than 100ms\n");
    CHECK_INT(load_agent("agent:\n  interval: 200ms\n  spool: 31m\n"), PL_E_SYNTAX);
    CHECK_TEXT(all_errors(), "f:3:3: agent.spool: is more than the spool holds: 9000 samples, "
                             "which at this interval are 1800s\n");
    CHECK_INT(load_agent("agent:\n  interval: 200ms\n  spool: 30m\n"), 0);
}

static void test_the_watched_service(void)
{
    CHECK_INT(load_agent("agent:\n  service: php-fpm8.2-a-long-name\n"), 0);
    CHECK_INT(agent.service.kind, PL_WATCHED_PROGRAM);
    CHECK_TEXT(agent.service.text, "php-fpm8.2-a-lo");
    CHECK_INT(load_agent("agent:\n  service: 8080\n"), 0);
    CHECK_INT(agent.service.kind, PL_WATCHED_PORT);
    CHECK_INT(agent.service.port, 8080);
    CHECK_INT(load_agent("agent:\n  service: 65536\n"), PL_E_SYNTAX);
    CHECK_TEXT(all_errors(), "f:2:12: agent.service: '65536' is a number, but no port: those go "
                             "from 1 to 65535\n");
    CHECK_INT(load_agent("agent:\n  service: /web.slice/../x\n"), PL_E_SYNTAX);
    CHECK_TEXT(all_errors(), "f:2:12: agent.service: '/web.slice/../x' is no path of a control "
                             "group below its root\n");
}

int main(void)
{
    if (!mkdtemp(folder) || chdir(folder) < 0) return 1;
    RUN(test_agent_mistakes);
    RUN(test_agent_local);
    RUN(test_agent_local_mistakes);
    RUN(test_the_watched_service);
    (void)unlink("f");
    (void)rmdir(folder);
    return check_finish();
}
