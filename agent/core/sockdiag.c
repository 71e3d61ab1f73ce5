#include "agent/core/sockdiag.h"

#include "common/base/err.h"

#include <assert.h>

/* Numbers and layouts of linux/netlink.h and linux/inet_diag.h:
 *
 *     nlmsghdr         u32 length, u16 type, u16 flags, u32 seq, u32 port
 *     inet_diag_req    u8 family, 3 bytes, 48 bytes socket id, u32 states, u32 interfaces
 *     nlattr           u16 length, u16 type; here a program of
 *     inet_diag_bc_op  u8 code, u8 step if it holds, u16 step if not; a port stands in the u16 of
 *                      one more. A step to 4 bytes behind the end means: not this socket.
 *     inet_diag_msg    u8 family, u8 state, 2 bytes,
 *                      socket id: u16 port, u16 peer's, 16 bytes address, 16 peer's, u32, 2 u32
 *                      u32 expires, u32 rqueue, u32 wqueue, u32 uid, u32 inode */
enum {
    HEAD_BYTES = 16,
    TYPE_AT = 4,
    FLAGS_AT = 6,
    SEQ_AT = 8,
    TYPE_NOOP = 1,
    TYPE_ERROR = 2,
    TYPE_DONE = 3,
    TYPE_TCPDIAG_GETSOCK = 18,
    FLAGS_DUMP_REQUEST = 0x301,
    REQUEST_FAMILY_AT = HEAD_BYTES,
    REQUEST_STATES_AT = HEAD_BYTES + 52,
    PROGRAM_AT = PL_SOCKDIAG_REQUEST_BYTES,
    ATTR_BYTECODE = 1,
    CODE_PORT_AT_LEAST = 2,
    CODE_PORT_AT_MOST = 3,
    MSG_STATE_AT = 1,
    MSG_PORT_AT = 4,
    MSG_PEER_PORT_AT = 6,
    MSG_ADDRESS_AT = 8,
    MSG_PEER_AT = 24,
    MSG_RECEIVED_AT = 56,
    MSG_UNSENT_AT = 60,
    MSG_INODE_AT = 68,
    MSG_BYTES = 72,
    FAMILY_IP4 = 2,
    FAMILY_IP6 = 10,
    ERRNO_MAX = 4095,
};

static uint16_t u16_at(const uint8_t *bytes, size_t at)
{
    uint16_t value;
    memcpy(&value, bytes + at, sizeof value);
    return value;
}

static uint32_t u32_at(const uint8_t *bytes, size_t at)
{
    uint32_t value;
    memcpy(&value, bytes + at, sizeof value);
    return value;
}

static uint16_t port_at(const uint8_t *bytes, size_t at)
{
    return (uint16_t)(bytes[at] << 8 | bytes[at + 1]);
}

/* At least `first`, and at most `last`: two operations of two words each. */
static void write_program(const struct pl_sockdiag_ports *ports, uint8_t *out)
{
    enum { ATTR_HEAD_BYTES = 4, TEST_BYTES = 8, OUTSIDE = 4 };
    const struct {
        uint16_t len, type;
        struct {
            uint8_t code, yes;
            uint16_t no;
            uint16_t unused, port;
        } test[2];
    } attr = {
        ATTR_HEAD_BYTES + 2 * TEST_BYTES,
        ATTR_BYTECODE,
        {{CODE_PORT_AT_LEAST, TEST_BYTES, 2 * TEST_BYTES + OUTSIDE, 0, ports->first},
         {CODE_PORT_AT_MOST, TEST_BYTES, TEST_BYTES + OUTSIDE, 0, ports->last}},
    };
    static_assert(sizeof attr == PL_SOCKDIAG_REQUEST_BYTES_MAX - PROGRAM_AT, "no padding");
    memcpy(out, &attr, sizeof attr);
}

size_t pl_sockdiag_request(uint32_t seq, uint32_t states, const struct pl_sockdiag_ports *ports,
                           uint8_t *out)
{
    const uint32_t len = ports ? PL_SOCKDIAG_REQUEST_BYTES_MAX : PL_SOCKDIAG_REQUEST_BYTES;
    /* The older of the two types there are: the newer one asks for a single family. */
    const uint16_t type = TYPE_TCPDIAG_GETSOCK, flags = FLAGS_DUMP_REQUEST;
    memset(out, 0, PROGRAM_AT);
    memcpy(out, &len, sizeof len);
    memcpy(out + TYPE_AT, &type, sizeof type);
    memcpy(out + FLAGS_AT, &flags, sizeof flags);
    memcpy(out + SEQ_AT, &seq, sizeof seq);
    out[REQUEST_FAMILY_AT] = FAMILY_IP4;
    memcpy(out + REQUEST_STATES_AT, &states, sizeof states);
    if (ports) write_program(ports, out + PROGRAM_AT);
    return len;
}

static int take_socket(struct pl_span msg, struct pl_raw_socket *out)
{
    if (msg.len < MSG_BYTES) return PL_E_SYNTAX;
    struct pl_raw_socket s = {
        .state = msg.ptr[MSG_STATE_AT],
        .is_ip6 = msg.ptr[0] == FAMILY_IP6,
        .port = port_at(msg.ptr, MSG_PORT_AT),
        .peer_port = port_at(msg.ptr, MSG_PEER_PORT_AT),
        .received = u32_at(msg.ptr, MSG_RECEIVED_AT),
        .unsent = u32_at(msg.ptr, MSG_UNSENT_AT),
        .inode = u32_at(msg.ptr, MSG_INODE_AT),
    };
    memcpy(s.address, msg.ptr + MSG_ADDRESS_AT, s.is_ip6 ? 16 : 4);
    memcpy(s.peer, msg.ptr + MSG_PEER_AT, s.is_ip6 ? 16 : 4);
    *out = s;
    return PL_SOCKDIAG_SOCKET;
}

/* What NLMSG_ERROR carries, and NLMSG_DONE may: 0 or -errno. */
static int error_of(struct pl_span body)
{
    if (body.len < sizeof(uint32_t)) return PL_E_SYNTAX;
    uint32_t negated = 0u - u32_at(body.ptr, 0);
    return negated > ERRNO_MAX ? PL_E_SYNTAX : -(int)negated;
}

int pl_sockdiag_next(struct pl_span *datagram, uint32_t seq, struct pl_raw_socket *out)
{
    while (datagram->len >= HEAD_BYTES) {
        size_t len = u32_at(datagram->ptr, 0);
        uint16_t type = u16_at(datagram->ptr, TYPE_AT);
        bool is_ours = u32_at(datagram->ptr, SEQ_AT) == seq && type != TYPE_NOOP;
        if (len < HEAD_BYTES || len > datagram->len) return PL_E_SYNTAX;
        struct pl_span body = {datagram->ptr + HEAD_BYTES, len - HEAD_BYTES};
        size_t step = PL_MIN((len + 3) & ~(size_t)3, datagram->len); // messages begin at 4 bytes
        *datagram = (struct pl_span){datagram->ptr + step, datagram->len - step};
        if (!is_ours) continue;
        if (type != TYPE_DONE && type != TYPE_ERROR) return take_socket(body, out);
        int err = type == TYPE_DONE && body.len == 0 ? 0 : error_of(body);
        if (err < 0) return err;
        if (type == TYPE_DONE) return PL_SOCKDIAG_DONE;
    }
    return datagram->len == 0 ? PL_SOCKDIAG_MORE : PL_E_SYNTAX;
}
