/* mime.h - the parts that a mail is made of: headers, dates, quoted-printable, base64.
 *
 * Lines end in CRLF and hold at most 78 characters, 76 in a body. Nothing that is written here can
 * begin a header of its own: control characters never reach one. Dots at the beginning of a line
 * stay as they are; who speaks SMTP doubles them (RFC 5321 section 4.5.2, done by libcurl). */
#pragma once

#include "common/base/text.h"

enum { PL_MIME_ADDRESS_LEN_MAX = 254, PL_MIME_VALUE_POINTS_MAX = 512 };

/* True for what RFC 5321 calls a Dot-string, '@' and a domain: "alex@example.org", at most
 * PL_MIME_ADDRESS_LEN_MAX bytes of ASCII. Quoted local parts and address literals are none. */
bool pl_mime_is_address(struct pl_span text);

/* True for E.164: '+' and 7 to 15 digits, the first not 0. */
bool pl_mime_is_phone(struct pl_span text);

/* "Name: value" CRLF, folded at spaces. A value that is not printable ASCII is written as encoded
 * words of UTF-8 (RFC 2047, Q); control characters are left out, and so is what goes beyond
 * PL_MIME_VALUE_POINTS_MAX characters. */
void pl_mime_header(struct pl_text *out, const char *name, struct pl_span value);
/* "Date: Fri, 01 May 2026 14:03:12 +0000" CRLF (RFC 5322 section 3.3). Years 1970-9999. */
void pl_mime_date(struct pl_text *out, int64_t unix_ms);

/* Name: <address> */
void pl_mime_address(struct pl_text *out, const char *name, struct pl_span address);
/* Name: <id>, with `before` in front of the id. */
void pl_mime_id(struct pl_text *out, const char *name, const char *before, const char *id);
/* '@' and what follows it in an address, for ids. */
void pl_mime_domain(struct pl_text *out, struct pl_span address);
/* Content-Type of a multipart of that kind, and the empty line behind it. `inner` tells the
 * boundaries of nested parts apart. */
void pl_mime_multipart(struct pl_text *out, const char *kind, const char *boundary,
                       const char *inner);
/* "--boundary", `last`: "--boundary--". */
void pl_mime_boundary(struct pl_text *out, const char *boundary, const char *inner, bool last);
/* A part of text/TYPE, its headers included. */
void pl_mime_text_part(struct pl_text *out, const char *type, struct pl_span content);

/* Quoted-printable (RFC 2045 section 6.7); '\n' is a line end. Bytes that are not UTF-8 become
 * U+FFFD. Ends with CRLF unless `in` is empty. At most 3.2 bytes per byte, and 3 for each line. */
void pl_mime_quoted(struct pl_text *out, struct pl_span in);
/* Base64 in lines of 76 characters (RFC 2045 section 6.8). Ends with CRLF unless `in` is empty. */
void pl_mime_base64(struct pl_text *out, struct pl_span in);
