#include "collector/codec/http_login.h"

#include "common/base/assert.h"
#include "common/base/hex.h"

enum { BASIC_BYTES_MAX = 192 };

void pl_secret_write(const uint8_t secret[PL_SECRET_BYTES], char text[PL_SECRET_TEXT_BYTES])
{
    struct pl_text t = pl_text_init(text, PL_SECRET_TEXT_BYTES);
    pl_hex_write(&t, secret, PL_SECRET_BYTES);
}

bool pl_secret_read(struct pl_span text, uint8_t secret[PL_SECRET_BYTES])
{
    return pl_hex_read(text, secret, PL_SECRET_BYTES);
}

/* True if `text` begins with `word`, which is in lower case, in any case; it is cut off then. */
static bool skip_word(struct pl_span *text, const char *word)
{
    size_t len = strlen(word);
    if (text->len < len) return false;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = text->ptr[i];
        if (c >= 'A' && c <= 'Z') c = (uint8_t)(c - 'A' + 'a');
        if (c != (uint8_t)word[i]) return false;
    }
    *text = (struct pl_span){text->ptr + len, text->len - len};
    return true;
}

static int base64_value(uint8_t c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c == '\0' ? NULL : strchr(digits, c);
    return found ? (int)(found - digits) : -1;
}

/* The password of RFC 7617: what stands behind the first colon. */
static bool basic_secret(struct pl_span in, uint8_t secret[PL_SECRET_BYTES])
{
    uint8_t plain[BASIC_BYTES_MAX];
    size_t len = 0;
    uint32_t bits = 0;
    while (in.len > 0 && in.ptr[in.len - 1] == '=') in.len--;
    if (in.len > sizeof plain / 3 * 4) return false;
    for (size_t i = 0; i < in.len; i++) {
        int value = base64_value(in.ptr[i]);
        if (value < 0) return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 0) plain[len++] = (uint8_t)(bits >> (6 - i % 4 * 2));
    }
    const uint8_t *colon = len == 0 ? NULL : memchr(plain, ':', len);
    if (!colon) return false;
    struct pl_span password = {colon + 1, len - (size_t)(colon + 1 - plain)};
    return pl_secret_read(password, secret);
}

bool pl_http_bearer(struct pl_span authorization, uint8_t secret[PL_SECRET_BYTES])
{
    if (skip_word(&authorization, "basic ")) return basic_secret(authorization, secret);
    return skip_word(&authorization, "bearer ") && pl_secret_read(authorization, secret);
}

static const char *cookie_name(bool is_tls)
{
    return is_tls ? "__Host-plimsoll" : "plimsoll";
}

bool pl_http_session_cookie(struct pl_span cookie, bool is_tls, uint8_t secret[PL_SECRET_BYTES])
{
    const char *name = cookie_name(is_tls);
    size_t name_len = strlen(name);
    while (cookie.len > 0) {
        const uint8_t *end = memchr(cookie.ptr, ';', cookie.len);
        size_t len = end ? (size_t)(end - cookie.ptr) : cookie.len;
        struct pl_span pair = {cookie.ptr, len};
        cookie =
            (struct pl_span){cookie.ptr + len + (end != NULL), cookie.len - len - (end != NULL)};
        while (pair.len > 0 && pair.ptr[0] == ' ')
            pair = (struct pl_span){pair.ptr + 1, pair.len - 1};
        if (pair.len <= name_len || memcmp(pair.ptr, name, name_len) != 0 ||
            pair.ptr[name_len] != '=')
            continue;
        struct pl_span value = {pair.ptr + name_len + 1, pair.len - name_len - 1};
        if (pl_secret_read(value, secret)) return true;
    }
    return false;
}

void pl_http_set_cookie(struct pl_text *out, const uint8_t secret[PL_SECRET_BYTES], bool is_tls,
                        int64_t max_age_s)
{
    pl_text_str(out, cookie_name(is_tls));
    pl_text_char(out, '=');
    if (max_age_s > 0) pl_hex_write(out, secret, PL_SECRET_BYTES);
    pl_text_str(out, "; Path=/; Max-Age=");
    pl_text_i64(out, max_age_s);
    pl_text_str(out, "; HttpOnly; SameSite=Strict");
    if (is_tls) pl_text_str(out, "; Secure");
    PL_ASSERT(!out->overflow);
}

bool pl_http_same_site(struct pl_span origin, struct pl_span host)
{
    if (origin.len == 0) return true;
    if (!skip_word(&origin, "http://") && !skip_word(&origin, "https://")) return false;
    return pl_span_eq(origin, host);
}
