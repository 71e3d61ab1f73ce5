/* The Redis client and the managed server against a real redis-server: refused, killed, stopped,
 * fenced, adopted. Each test has its own server in its own directory. */
#include "collector/io/redis.h"
#include "collector/io/redis_server.h"
#include "common/base/err.h"
#include "common/sys/log.h"
#include "tests/integration/loop.h"

#include <errno.h>
#include <hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char *program; // this test program, for the child that is killed

struct client {
    struct pl_redis *redis;
    int ready, stalled, away; // how often each state was entered
    int replies, unknown;     // callbacks with a reply, with NULL
    char text[256];           // of the newest reply
    bool closed;
};

static void on_state(void *ctx, enum pl_redis_state state)
{
    struct client *c = ctx;
    c->ready += state == PL_REDIS_READY;
    c->stalled += state == PL_REDIS_STALLED;
    c->away += state == PL_REDIS_AWAY;
}

static void on_reply(void *ctx, const struct redisReply *reply)
{
    struct client *c = ctx;
    c->replies += reply != NULL;
    c->unknown += reply == NULL;
    if (!reply || !reply->str) return;
    (void)snprintf(c->text, sizeof c->text, "%s", reply->str);
}

static void client_start(struct client *c, const char *path)
{
    *c = (struct client){0};
    struct pl_redis_options options = {.on_state = on_state, .ctx = c, .seed = 1};
    (void)snprintf(options.unix_path, sizeof options.unix_path, "%s", path);
    c->redis = pl_redis_new(&loop, &options);
}

static bool is_ready(void *ctx)
{
    struct client *c = ctx;
    return pl_redis_state(c->redis) == PL_REDIS_READY;
}

static bool is_away(void *ctx)
{
    return ((struct client *)ctx)->away > 0;
}

static bool is_stalled(void *ctx)
{
    struct client *c = ctx;
    return pl_redis_state(c->redis) == PL_REDIS_STALLED;
}

static int send_words(struct client *c, const char *a, const char *b, const char *d)
{
    struct pl_redis_args args = {0};
    pl_redis_arg_text(&args, a);
    if (b) pl_redis_arg_text(&args, b);
    if (d) pl_redis_arg_text(&args, d);
    return pl_redis_send(c->redis, &args, on_reply, c);
}

struct count {
    const int *value;
    int at_least;
};

static bool is_reached(void *ctx)
{
    const struct count *c = ctx;
    return *c->value >= c->at_least;
}

static bool wait_count(const int *value, int at_least, int64_t limit_ms)
{
    struct count c = {value, at_least};
    return run_until(is_reached, &c, limit_ms);
}

/* Sends and waits; the reply's text is in c->text. */
static void ask(struct client *c, const char *a, const char *b, const char *d)
{
    int before = c->replies;
    CHECK_INT(send_words(c, a, b, d), 0);
    CHECK(wait_count(&c->replies, before + 1, 3000));
}

/* With an fsync every second Redis holds a write back while an fsync runs, for up to 2 s (that is
 * what the store's PL_STORE_DURABLE_MS is for). From here on a reply means: it is in the file. */
static void sync_every_write(struct client *c)
{
    struct pl_redis_args args = {0};
    pl_redis_arg_text(&args, "CONFIG");
    pl_redis_arg_text(&args, "SET");
    pl_redis_arg_text(&args, "appendfsync");
    pl_redis_arg_text(&args, "always");
    int before = c->replies;
    CHECK_INT(pl_redis_send(c->redis, &args, on_reply, c), 0);
    CHECK(wait_count(&c->replies, before + 1, 3000));
    CHECK_TEXT(c->text, "OK");
}

static void client_stop(struct client *c)
{
    pl_redis_close(c->redis, set_flag, &c->closed);
    CHECK(run_until(is_set, &c->closed, 3000));
}

static struct pl_redis_server *server_start(const char *dir)
{
    struct pl_redis_server *server = NULL;
    char error[PL_REDIS_SERVER_ERROR_BYTES] = "";
    CHECK_INT(pl_redis_server_start(&loop, dir, 1, &server, error), 0);
    if (error[0]) printf("# %s\n", error);
    return server;
}

static void server_stop(struct pl_redis_server *server)
{
    bool stopped = false;
    pl_redis_server_stop(server, set_flag, &stopped);
    CHECK(run_until(is_set, &stopped, 8000));
}

/* A port nobody listens on just now. */
static uint16_t free_port(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0 &&
          getsockname(fd, (struct sockaddr *)&addr, &len) == 0);
    (void)close(fd);
    return ntohs(addr.sin_port);
}

static void test_refused_until_somebody_listens(void)
{
    char dir[64], path[128];
    make_dir(dir);
    (void)snprintf(path, sizeof path, "%s/redis/redis.sock", dir);
    loop_begin();
    struct client unix_client, tcp = {0};
    client_start(&unix_client, path);
    struct pl_redis_options options = {
        .host = "127.0.0.1", .port = 1, .on_state = on_state, .ctx = &tcp};
    tcp.redis = pl_redis_new(&loop, &options);
    CHECK(!run_until(is_ready, &unix_client, 1000));
    CHECK_INT(send_words(&unix_client, "PING", NULL, NULL), PL_E_STATE);
    CHECK_INT(send_words(&tcp, "PING", NULL, NULL), PL_E_STATE);
    CHECK_INT(unix_client.away + tcp.away, 0); // it never was there
    struct pl_redis_server *server = server_start(dir);
    REQUIRE(server != NULL);
    CHECK(run_until(is_ready, &unix_client, 6000));
    CHECK(pl_redis_facts(unix_client.redis)->aof_on);
    CHECK(pl_redis_facts(unix_client.redis)->aof_writable);
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/redis", dir);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0700);
    client_stop(&unix_client);
    client_stop(&tcp);
    server_stop(server);
    loop_end();
    remove_dir(dir);
}

/* By name over TCP, in another database than 0. */
static void test_tcp(void)
{
    char dir[64], port[8];
    make_dir(dir);
    loop_begin();
    struct pl_redis_server *server = server_start(dir);
    REQUIRE(server != NULL);
    struct client c, tcp = {0};
    client_start(&c, pl_redis_server_socket(server));
    CHECK(run_until(is_ready, &c, 6000));
    struct pl_redis_options options = {
        .host = "localhost", .database = 3, .on_state = on_state, .ctx = &tcp};
    options.port = free_port();
    (void)snprintf(port, sizeof port, "%u", options.port);
    struct pl_redis_args args = {0};
    for (int i = 0; i < 4; i++) {
        static const char *const words[] = {"CONFIG", "SET", "port"};
        pl_redis_arg_text(&args, i < 3 ? words[i] : port);
    }
    CHECK_INT(pl_redis_send(c.redis, &args, on_reply, &c), 0);
    CHECK(wait_count(&c.replies, 1, 3000));
    tcp.redis = pl_redis_new(&loop, &options);
    CHECK(run_until(is_ready, &tcp, 6000));
    ask(&tcp, "SET", "where", "three");
    c.text[0] = '\0';
    CHECK(run_until(is_ready, &c, 6000)); // each has its own pl:writer: none ended the other
    ask(&c, "GET", "where", NULL);
    CHECK_TEXT(c.text, "");
    ask(&tcp, "GET", "where", NULL);
    CHECK_TEXT(tcp.text, "three");
    CHECK_INT(c.away + tcp.away, 0);
    client_stop(&tcp);
    client_stop(&c);
    tcp = (struct client){0};
    (void)snprintf(options.host, sizeof options.host, "no-such-host.invalid");
    tcp.redis = pl_redis_new(&loop, &options);
    CHECK(!run_until(is_ready, &tcp, 300));
    client_stop(&tcp);
    server_stop(server);
    loop_end();
    remove_dir(dir);
}

static void test_window_is_bounded(void)
{
    char dir[64];
    make_dir(dir);
    loop_begin();
    struct pl_redis_server *server = server_start(dir);
    REQUIRE(server != NULL);
    struct client c;
    client_start(&c, pl_redis_server_socket(server));
    CHECK(run_until(is_ready, &c, 6000));
    int sent = 0, err;
    while ((err = send_words(&c, "INCR", "n", NULL)) == 0) sent++;
    CHECK_INT(err, PL_E_FULL);
    CHECK(sent >= PL_REDIS_WINDOW_MAX - 1 && sent <= PL_REDIS_WINDOW_MAX);
    CHECK(wait_count(&c.replies, sent, 3000));
    ask(&c, "GET", "n", NULL);
    CHECK_INT(strtol(c.text, NULL, 10), sent);
    client_stop(&c);
    server_stop(server);
    loop_end();
    remove_dir(dir);
}

static void test_killed_server_comes_back_with_its_data(void)
{
    char dir[64];
    make_dir(dir);
    loop_begin();
    struct pl_redis_server *server = server_start(dir);
    REQUIRE(server != NULL);
    struct client c;
    client_start(&c, pl_redis_server_socket(server));
    CHECK(run_until(is_ready, &c, 6000));
    sync_every_write(&c);
    ask(&c, "SET", "kept", "yes");
    int pid = pl_redis_server_pid(server);
    CHECK_INT(kill(pid, SIGSTOP), 0); // so that the next command is certainly not answered
    CHECK_INT(send_words(&c, "SET", "lost", "perhaps"), 0);
    CHECK_INT(kill(pid, SIGKILL), 0);
    CHECK(run_until(is_away, &c, 3000));
    CHECK_INT(c.unknown, 1);
    CHECK_INT(c.stalled, 0);
    CHECK(run_until(is_ready, &c, 6000));
    CHECK_INT(pl_redis_server_restarts(server), 1);
    CHECK(pl_redis_server_pid(server) != pid);
    ask(&c, "GET", "kept", NULL);
    CHECK_TEXT(c.text, "yes");
    client_stop(&c);
    server_stop(server);
    loop_end();
    remove_dir(dir);
}

static void test_stopped_server_stalls_and_keeps_the_connection(void)
{
    char dir[64];
    make_dir(dir);
    loop_begin();
    struct pl_redis_server *server = server_start(dir);
    REQUIRE(server != NULL);
    struct client c;
    client_start(&c, pl_redis_server_socket(server));
    CHECK(run_until(is_ready, &c, 6000));
    CHECK_INT(kill(pl_redis_server_pid(server), SIGSTOP), 0);
    CHECK_INT(send_words(&c, "SET", "a", "1"), 0);
    int64_t begin = pl_clock_mono_ms();
    CHECK(run_until(is_stalled, &c, 3000));
    int64_t took = pl_clock_mono_ms() - begin;
    CHECK(took >= PL_REDIS_STALLED_MS - 250 && took <= PL_REDIS_STALLED_MS + 500);
    CHECK_INT(send_words(&c, "SET", "a", "2"), PL_E_STATE);
    CHECK_INT(pl_redis_alive_mono_ms(c.redis), 0);
    CHECK_INT(kill(pl_redis_server_pid(server), SIGCONT), 0);
    CHECK(run_until(is_ready, &c, 3000));
    CHECK(wait_count(&c.replies, 1, 3000));
    CHECK_INT(c.away, 0);
    CHECK_INT(c.unknown, 0);
    CHECK_INT(c.ready, 2);
    client_stop(&c);
    server_stop(server);
    loop_end();
    remove_dir(dir);
}

/* What an old connection left in a stopped server's socket never runs after a newer command. */
static void test_new_connection_ends_the_old_one(void)
{
    char dir[64];
    make_dir(dir);
    loop_begin();
    struct pl_redis_server *server = server_start(dir);
    REQUIRE(server != NULL);
    struct client before, after;
    client_start(&before, pl_redis_server_socket(server));
    CHECK(run_until(is_ready, &before, 6000));
    client_start(&after, pl_redis_server_socket(server));
    CHECK(run_until(is_ready, &after, 6000));
    CHECK(run_until(is_away, &before, 3000)); // ended, though it was idle and well
    CHECK_INT(after.away, 0);
    pl_redis_close(before.redis, set_flag, &before.closed);
    CHECK(run_until(is_set, &before.closed, 3000));
    CHECK_INT(kill(pl_redis_server_pid(server), SIGSTOP), 0);
    for (int i = 0; i < 900; i++) CHECK_INT(send_words(&after, "APPEND", "k", "x"), 0);
    CHECK(run_until(is_stalled, &after, 3000));
    client_stop(&after);
    CHECK_INT(after.unknown, 900);
    struct client last;
    client_start(&last, pl_redis_server_socket(server));
    CHECK(!run_until(is_ready, &last, 300));
    CHECK_INT(kill(pl_redis_server_pid(server), SIGCONT), 0);
    CHECK(run_until(is_ready, &last, 6000));
    ask(&last, "SET", "k", "new");
    for (int i = 0; i < 20; i++) ask(&last, "GET", "k", NULL);
    CHECK_TEXT(last.text, "new");
    client_stop(&last);
    server_stop(server);
    loop_end();
    remove_dir(dir);
}

static bool has_socket(void *path)
{
    return access(path, F_OK) == 0;
}

/* `--hold DIR`: a collector that starts a server and is killed. */
static int hold(const char *dir)
{
    loop_begin();
    struct pl_redis_server *server = server_start(dir);
    return server ? uv_run(&loop, UV_RUN_DEFAULT) : 1;
}

static void test_server_of_a_killed_collector_is_adopted(void)
{
    char dir[64], path[128], error[PL_REDIS_SERVER_ERROR_BYTES];
    make_dir(dir);
    (void)snprintf(path, sizeof path, "%s/redis/redis.sock", dir);
    loop_begin();
    pid_t holder = fork();
    if (holder == 0) {
        (void)execl(program, program, "--hold", dir, (char *)NULL);
        _exit(127);
    }
    REQUIRE(run_until(has_socket, path, 6000));
    struct pl_redis_server *second = NULL;
    CHECK_INT(pl_redis_server_start(&loop, dir, 1, &second, error), -EWOULDBLOCK);
    CHECK(strstr(error, "another collector") != NULL);
    CHECK_INT(kill(holder, SIGKILL), 0);
    CHECK_INT(waitpid(holder, NULL, 0), holder);
    struct pl_redis_server *server = server_start(dir);
    REQUIRE(server != NULL);
    int adopted = pl_redis_server_pid(server);
    CHECK(adopted > 0);
    struct client c;
    client_start(&c, pl_redis_server_socket(server));
    CHECK(run_until(is_ready, &c, 6000));
    CHECK_INT(kill(adopted, SIGKILL), 0); // not our child, and yet its death is seen
    CHECK(run_until(is_away, &c, 3000));
    CHECK(run_until(is_ready, &c, 6000));
    CHECK(pl_redis_server_pid(server) != adopted);
    CHECK_INT(pl_redis_server_restarts(server), 1);
    client_stop(&c);
    server_stop(server);
    loop_end();
    remove_dir(dir);
}

static void test_adopted_server_is_ended_too(void)
{
    char dir[64], path[128];
    make_dir(dir);
    (void)snprintf(path, sizeof path, "%s/redis/redis.sock", dir);
    loop_begin();
    pid_t holder = fork();
    if (holder == 0) {
        (void)execl(program, program, "--hold", dir, (char *)NULL);
        _exit(127);
    }
    REQUIRE(run_until(has_socket, path, 6000));
    CHECK_INT(kill(holder, SIGKILL), 0);
    CHECK_INT(waitpid(holder, NULL, 0), holder);
    struct pl_redis_server *server = server_start(dir);
    REQUIRE(server != NULL);
    int pid = pl_redis_server_pid(server);
    server_stop(server);
    CHECK(kill(pid, 0) < 0 || waitpid(pid, NULL, WNOHANG) < 0);
    loop_end();
    remove_dir(dir);
}

static void test_errors_tell_the_operator_what_to_do(void)
{
    char dir[64], long_dir[256], error[PL_REDIS_SERVER_ERROR_BYTES];
    make_dir(dir);
    loop_begin();
    struct pl_redis_server *server = NULL;
    char *path = strdup(getenv("PATH"));
    (void)setenv("PATH", dir, 1);
    CHECK_INT(pl_redis_server_start(&loop, dir, 1, &server, error), -ENOENT);
    (void)setenv("PATH", path, 1);
    free(path);
    CHECK(strstr(error, "install the package redis-server") != NULL);
    CHECK_INT(pl_redis_server_start(&loop, "/nowhere/at/all", 1, &server, error), -ENOENT);
    CHECK(strstr(error, "/nowhere/at/all") != NULL);
    (void)snprintf(long_dir, sizeof long_dir, "%s/%0100d", dir, 0);
    CHECK_INT(mkdir(long_dir, 0700), 0);
    CHECK_INT(pl_redis_server_start(&loop, long_dir, 1, &server, error), PL_E_TOO_BIG);
    CHECK(strstr(error, "shorter state directory") != NULL);
    CHECK(server == NULL);
    loop_end();
    remove_dir(dir);
}

int main(int argc, char **argv)
{
    program = argv[0];
    pl_log_set_level(PL_LOG_ERROR);
    if (argc == 3 && strcmp(argv[1], "--hold") == 0) return hold(argv[2]);
    RUN(test_refused_until_somebody_listens);
    RUN(test_tcp);
    RUN(test_window_is_bounded);
    RUN(test_killed_server_comes_back_with_its_data);
    RUN(test_stopped_server_stalls_and_keeps_the_connection);
    RUN(test_new_connection_ends_the_old_one);
    RUN(test_server_of_a_killed_collector_is_adopted);
    RUN(test_adopted_server_is_ended_too);
    RUN(test_errors_tell_the_operator_what_to_do);
    return check_finish();
}
