/* http_login.h - what a request shows of who sent it, and the cookie that a login gives.
 *
 *     Authorization: Bearer <64 hexadecimal digits>          an API token
 *     Authorization: Basic <NAME:the same, in base64>        the same, for who knows no other way
 *     Cookie: plimsoll=<64 hexadecimal digits>               a session; over TLS __Host-plimsoll
 *
 * A cookie belongs to a host name, whatever the port and whether by TLS; the prefix __Host- and
 * Secure keep one that was given over TLS from ever being sent, or planted, without (RFC 6265bis
 * section 4.1.3.2). */
#pragma once

#include "collector/codec/http.h"
#include "collector/core/trust/account.h"
#include "common/base/text.h"

enum { PL_SECRET_TEXT_BYTES = 2 * PL_SECRET_BYTES + 1, PL_COOKIE_TEXT_BYTES = 192 };

void pl_secret_write(const uint8_t secret[PL_SECRET_BYTES], char text[PL_SECRET_TEXT_BYTES]);
PL_MUST_CHECK bool pl_secret_read(struct pl_span text, uint8_t secret[PL_SECRET_BYTES]);

/* The secret behind "Bearer ", or behind "Basic " the password, whatever the user is called; false
 * if there is none that could be one of ours. */
PL_MUST_CHECK bool pl_http_bearer(struct pl_span authorization, uint8_t secret[PL_SECRET_BYTES]);
/* The secret of the session cookie, likewise. */
PL_MUST_CHECK bool pl_http_session_cookie(struct pl_span cookie, bool is_tls,
                                          uint8_t secret[PL_SECRET_BYTES]);
/* Value of Set-Cookie, into PL_COOKIE_TEXT_BYTES. `max_age_s` 0: forget it. */
void pl_http_set_cookie(struct pl_text *out, const uint8_t secret[PL_SECRET_BYTES], bool is_tls,
                        int64_t max_age_s);
/* True if a request with that Origin was sent by a page of the host it asks: behind http:// or
 * https:// (a proxy may be the end of TLS) the Origin is the Host. True without an Origin: no
 * browser leaves it out of a request that changes something, and a program has no cookie that
 * somebody else could use. */
bool pl_http_same_site(struct pl_span origin, struct pl_span host);
