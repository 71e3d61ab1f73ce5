/* A datagram that may be an answer of sock_diag(7): shares stay shares, every listener has a name
 * that fits, and no destination takes more ports than there are sockets. */
#include "tests/fuzz/fuzz.h"

#include "agent/core/listen.h"
#include "agent/core/ports.h"
#include "common/wire/listener.h"

static void count_ports(struct pl_span datagram, uint32_t seq)
{
    static struct pl_ports_count count;
    char address[PL_LISTENER_ADDRESS_MAX + 1];
    struct pl_text text = pl_text_init(address, sizeof address);
    pl_ports_begin(&count, datagram.len % 3, 1);
    int taken = pl_ports_take(&count, datagram, seq);
    PL_ASSERT(taken <= 1 && pl_ports_used(&count) <= count.sockets);
    if (pl_ports_fullest(&count)) pl_ports_destination_write(pl_ports_fullest(&count), &text);
    PL_ASSERT(!text.overflow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    enum { SEQ = 1 };
    struct pl_listen_dump dump = {0};
    char address[PL_LISTENER_ADDRESS_MAX + 1];
    struct pl_text text = pl_text_init(address, sizeof address);
    int taken = pl_listen_take(&dump, (struct pl_span){data, len}, SEQ);
    PL_ASSERT(taken <= 1);
    int32_t fill_bp = pl_listen_fill_bp(&dump.fullest);
    PL_ASSERT(fill_bp >= 0 && fill_bp <= 10000);
    pl_listen_address_write(&dump.fullest, &text);
    PL_ASSERT(!text.overflow);
    count_ports((struct pl_span){data, len}, SEQ);
    return 0;
}
