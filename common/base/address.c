#include "common/base/address.h"

#include "common/base/err.h"
#include "common/base/text.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* A decimal number without sign or leading zero, at most `max`; -1 for anything else. */
static int32_t number(struct pl_span in, int32_t max)
{
    int32_t value = 0;
    if (in.len == 0 || in.len > 5 || (in.len > 1 && in.ptr[0] == '0')) return -1;
    for (size_t i = 0; i < in.len; i++) {
        if (!is_digit(in.ptr[i])) return -1;
        value = value * 10 + (in.ptr[i] - '0');
    }
    return value <= max ? value : -1;
}

static bool is_ipv4(struct pl_span in)
{
    int parts = 0;
    for (size_t start = 0, i = 0; i <= in.len; i++) {
        if (i < in.len && in.ptr[i] != '.') continue;
        if (number((struct pl_span){in.ptr + start, i - start}, 255) < 0) return false;
        parts++;
        start = i + 1;
    }
    return parts == 4;
}

/* The alphabet of RFC 4291 section 2.2; the socket library judges the rest. */
static bool is_ipv6(struct pl_span in)
{
    size_t colons = 0;
    for (size_t i = 0; i < in.len; i++) {
        if (in.ptr[i] == ':') {
            colons++;
        } else if (!is_hex(in.ptr[i]) && in.ptr[i] != '.') {
            return false;
        }
    }
    return colons >= 2;
}

/* RFC 1123 section 2.1: letters, digits, dots and hyphens; not digits and dots alone, which can
 * only be a mistyped IPv4 address. */
static bool is_host_name(struct pl_span in)
{
    bool has_letter = false;
    if (in.len == 0 || in.ptr[0] == '.' || in.ptr[0] == '-') return false;
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !is_digit(c) && c != '.' && c != '-') return false;
        has_letter |= letter;
    }
    return has_letter;
}

int pl_address_parse(struct pl_span in, struct pl_address *out)
{
    struct pl_address address = {0};
    size_t colon = in.len;
    while (colon > 0 && in.ptr[colon - 1] != ':') colon--;
    if (colon == 0) return PL_E_SYNTAX;
    struct pl_span port = {in.ptr + colon, in.len - colon};
    struct pl_span host = {in.ptr, colon - 1};
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        host = (struct pl_span){host.ptr + 1, host.len - 2};
        if (!is_ipv6(host)) return PL_E_SYNTAX;
    } else if (!is_ipv4(host) && !is_host_name(host)) {
        return PL_E_SYNTAX;
    }
    if (host.len > PL_ADDRESS_HOST_LEN_MAX) return PL_E_SYNTAX;
    int32_t port_number = number(port, 99999);
    if (port_number < 0) return PL_E_SYNTAX;
    if (port_number > UINT16_MAX) return PL_E_RANGE;
    if (pl_span_is(host, "localhost")) host = pl_span_of("127.0.0.1");
    memcpy(address.host, host.ptr, host.len);
    address.port = (uint16_t)port_number;
    *out = address;
    return 0;
}

bool pl_address_is_loopback(const struct pl_address *address)
{
    if (strcmp(address->host, "::1") == 0) return true;
    return strncmp(address->host, "127.", 4) == 0 && is_ipv4(pl_span_of(address->host));
}

void pl_address_write(const struct pl_address *address, char *text)
{
    struct pl_text t = pl_text_init(text, PL_ADDRESS_TEXT_BYTES);
    bool brackets = strchr(address->host, ':') != NULL;
    if (brackets) pl_text_char(&t, '[');
    pl_text_str(&t, address->host);
    if (brackets) pl_text_char(&t, ']');
    pl_text_char(&t, ':');
    pl_text_u64(&t, address->port);
}
