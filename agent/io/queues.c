#include "agent/io/queues.h"

#include "agent/core/scan.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/sys/log.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

static void open_socket(struct pl_queues *q)
{
    q->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}

static void close_socket(struct pl_queues *q)
{
    if (q->fd >= 0) (void)close(q->fd); // nothing is lost with it
    q->fd = -1;
}

/* What is there of the answer, into q->batch: the number of datagrams, or -errno. The end of a dump
 * is a datagram of its own, and comes with the last listeners in one call. */
static int receive_batch(struct pl_queues *q)
{
    struct iovec room[PL_QUEUES_BATCH];
    struct mmsghdr messages[PL_QUEUES_BATCH] = {0};
    for (int n = 0; n < PL_QUEUES_BATCH; n++) {
        room[n] = (struct iovec){q->datagrams[n], sizeof q->datagrams[n]};
        messages[n].msg_hdr = (struct msghdr){.msg_iov = &room[n], .msg_iovlen = 1};
    }
    int count = recvmmsg(q->fd, messages, PL_QUEUES_BATCH, MSG_DONTWAIT, NULL);
    if (count < 0) return -errno;
    for (int n = 0; n < count; n++) {
        q->batch[n] = (struct pl_span){q->datagrams[n], messages[n].msg_len};
    }
    return count;
}

static int dump_listeners(struct pl_queues *q, struct pl_listen_dump *dump)
{
    uint8_t request[PL_LISTEN_REQUEST_BYTES];
    pl_listen_request(++q->seq, request);
    if (q->fd < 0) open_socket(q);
    if (q->fd < 0) return -errno;
    if (send(q->fd, request, sizeof request, 0) < 0) return -errno;
    for (int i = 0; i < PL_QUEUES_DATAGRAMS_MAX; i += PL_QUEUES_BATCH) {
        int count = receive_batch(q);
        if (count < 0) return count;
        for (int n = 0; n < count; n++) {
            int taken = pl_listen_take(dump, q->batch[n], q->seq);
            if (taken != 0) return taken < 0 ? taken : 0;
        }
    }
    return PL_E_TOO_BIG;
}

int pl_queues_list(struct pl_queues *q, struct pl_raw_listener *out, uint32_t max)
{
    struct pl_listen_dump dump = {.all = out, .all_max = max};
    int err = dump_listeners(q, &dump);
    if (err < 0) close_socket(q); // with what is left of the dump
    return err < 0 ? err : (int)PL_MIN(dump.count, max);
}

/* True if it is another one than is named. */
static bool name_listener(struct pl_queues *q, const struct pl_raw_listener *fullest)
{
    struct pl_listener next = {.backlog = fullest->backlog};
    struct pl_text address = pl_text_init(next.address, sizeof next.address);
    pl_listen_address_write(fullest, &address);
    if (fullest->inode == q->inode && next.backlog == q->name.backlog) return false;
    q->name = next;
    q->inode = fullest->inode;
    pl_owner_start(&q->owner, q->root, q->inode);
    return true;
}

static bool find_owner(struct pl_queues *q)
{
    if (!pl_owner_step(&q->owner) || q->owner.found[0] == '\0') return false;
    memcpy(q->name.owner, q->owner.found, sizeof q->name.owner);
    return true;
}

bool pl_queues_look(struct pl_queues *q, uint64_t passive_opens, int64_t now_mono_ms)
{
    struct pl_listen_dump dump = {.wanted_port = q->main_port,
                                  .wanted_inode = q->has_main ? q->main.inode : 0};
    if (!pl_listen_is_due(&q->watch, passive_opens, now_mono_ms)) return find_owner(q);
    int err = dump_listeners(q, &dump);
    if (err < 0) {
        if (q->count != PL_RAW_ABSENT)
            pl_log(PL_LOG_WARN, "listeners_unknown", "err=\"%s\"", pl_err_text(err));
        q->count = q->fill_bp = PL_RAW_ABSENT;
        q->has_main = false;
        q->watch.due_mono_ms = now_mono_ms + PL_QUEUES_RETRY_MS;
        close_socket(q); // with what is left of the dump
        return false;
    }
    const struct pl_raw_listener *main = pl_listen_main(&dump);
    q->has_main = main != NULL;
    if (main) q->main = *main;
    q->count = dump.count;
    q->fill_bp = dump.count == 0 ? 0 : (uint64_t)pl_listen_fill_bp(&dump.fullest);
    pl_listen_seen(&q->watch, passive_opens, q->fill_bp, now_mono_ms);
    bool changed = q->fill_bp >= PL_LISTENER_NAMED_BP && name_listener(q, &dump.fullest);
    return find_owner(q) || changed;
}

void pl_queues_init(struct pl_queues *q, const char *root, int64_t now_mono_ms)
{
    q->fd = -1;
    q->seq = 0;
    q->watch = (struct pl_listen_watch){.due_mono_ms = now_mono_ms, .idle_mono_ms = now_mono_ms};
    q->count = q->fill_bp = 0; // so that the first failure is logged
    q->inode = 0;
    q->main_port = 0;
    q->has_main = false;
    q->name = (struct pl_listener){0};
    q->root = root;
    pl_owner_init(&q->owner);
}

void pl_queues_forget(struct pl_queues *q, int64_t now_mono_ms)
{
    q->has_main = false;
    q->watch.idle_mono_ms = now_mono_ms;
}

void pl_queues_stop(struct pl_queues *q)
{
    close_socket(q);
    pl_owner_stop(&q->owner);
}
