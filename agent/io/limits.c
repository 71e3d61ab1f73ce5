#include "agent/io/limits.h"

#include "agent/core/limits.h"
#include "common/base/text.h"

#include <fcntl.h>
#include <unistd.h>

enum { PATH_BYTES = 320, TEXT_BYTES = 128 };

/* The first TEXT_BYTES of root/below; empty if it cannot be read. */
static struct pl_span read_file(const char *root, const char *below, uint8_t text[TEXT_BYTES])
{
    char path[PATH_BYTES];
    struct pl_text t = pl_text_init(path, sizeof path);
    pl_text_str(&t, root);
    pl_text_char(&t, '/');
    pl_text_str(&t, below);
    int fd = t.overflow ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return (struct pl_span){text, 0};
    ssize_t len = read(fd, text, TEXT_BYTES);
    (void)close(fd); // nothing was written to it
    return (struct pl_span){text, len < 0 ? 0 : (size_t)len};
}

/* class/net/NAME/what, below /sys. */
static void link_path(const char *name, const char *what, char path[PATH_BYTES])
{
    struct pl_text t = pl_text_init(path, PATH_BYTES);
    pl_text_str(&t, "class/net/");
    pl_text_str(&t, name);
    pl_text_char(&t, '/');
    pl_text_str(&t, what);
}

/* 0: virtual, down, or it does not say. */
static uint32_t read_speed(const char *sys, const char *name)
{
    char path[PATH_BYTES];
    uint8_t text[TEXT_BYTES];
    link_path(name, "device/uevent", path); // real devices have one
    if (read_file(sys, path, text).len == 0) return 0;
    link_path(name, "speed", path);
    return pl_limit_parse_speed(read_file(sys, path, text));
}

/* Ports that are held back are none that a connection can have. */
static void take_ports(const char *proc, struct pl_span range, struct pl_raw_limits *out)
{
    uint8_t text[TEXT_BYTES];
    uint64_t *count = &out->value[PL_LIMIT_PORTS];
    if (!pl_limit_parse_ports(range, &out->ports)) return;
    struct pl_span reserved = read_file(proc, "sys/net/ipv4/ip_local_reserved_ports", text);
    uint64_t held = pl_limit_parse_reserved(reserved, &out->ports);
    *count = held > *count ? PL_RAW_ABSENT : *count - held;
}

void pl_limits_read(const char *proc, const char *sys, const struct pl_raw_netdev *netdev,
                    struct pl_raw_limits *out)
{
    uint8_t text[TEXT_BYTES];
    for (int i = 0; i < PL_LIMIT_COUNT; i++) {
        enum pl_limit_file file = (enum pl_limit_file)i;
        struct pl_span said = read_file(proc, pl_limit_path(file), text);
        out->value[i] = pl_limit_parse(file, said);
        if (file == PL_LIMIT_PORTS) take_ports(proc, said, out);
    }
    out->link_count = 0;
    for (uint32_t i = 0; i < netdev->count && out->link_count < PL_LINKS_MAX; i++) {
        struct pl_raw_link *link = &out->link[out->link_count];
        memcpy(link->name, netdev->item[i].name, sizeof link->name);
        link->mbit = read_speed(sys, link->name);
        if (link->mbit > 0) out->link_count++;
    }
}
