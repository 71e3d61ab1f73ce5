/* Mails as they go over the wire, byte by byte, and the parts they are made of. */
#include "collector/codec/notify/mail.h"
#include "collector/codec/notify/mime.h"
#include "collector/codec/notify/notify.h"
#include "collector/codec/notify/picture.h"
#include "tests/check.h"

static const int64_t since_ms = 1777644192000; // 2026-05-01T14:03:12Z

static struct pl_name name(const char *text)
{
    struct pl_name n = {0};
    if (pl_name_parse(pl_span_of(text), &n) < 0) printf("# not a name: %s\n", text);
    return n;
}

static struct pl_page firing_page(const char *pool)
{
    return (struct pl_page){
        .created_unix_ms = since_ms + 10000,
        .alert = {.rule = PL_RULE_LIMIT,
                  .pool = name(pool),
                  .state = PL_ALERT_FIRING,
                  .tier = PL_TIER_PAGE,
                  .revision = 3,
                  .since_unix_ms = since_ms + 10000,
                  .opened_unix_ms = since_ms + 10000,
                  .clear_mono_ms = PL_NEVER_MS,
                  .finding = {.tier = PL_TIER_PAGE,
                              .resource = PL_RESOURCE_CPU,
                              .value_bp = 9743,
                              .level_bp = 9000,
                              .since_unix_ms = since_ms,
                              .host_count = 1,
                              .named_count = 1,
                              .hosts = {name("fe1")}}},
    };
}

static struct pl_page resolved_page(const char *pool)
{
    struct pl_page page = firing_page(pool);
    page.resolved = true;
    page.alert.state = PL_ALERT_RESOLVED;
    page.alert.revision++;
    page.alert.resolved_unix_ms = since_ms + 200000;
    page.created_unix_ms = page.alert.resolved_unix_ms;
    return page;
}

static struct pl_notify_message message;

static struct pl_mail mail_of(const struct pl_page *page)
{
    message = (struct pl_notify_message){
        .page = page,
        .state = page->resolved ? PL_NOTIFY_RESOLVED : PL_NOTIFY_FIRING,
        .external_url = pl_span_of("http://127.0.0.1:7411/"),
    };
    return (struct pl_mail){.message = &message,
                            .target = pl_span_of("alex-mail"),
                            .from = pl_span_of("mon@example.org"),
                            .to = pl_span_of("alex@example.net")};
}

#define BOUNDARY "=_plimsoll_26df246e247952fd"
#define HEAD(date, subject, revision, priority, boundary)                                          \
    "Date: " date " +0000\r\n"                                                                     \
    "From: <mon@example.org>\r\n"                                                                  \
    "To: <alex@example.net>\r\n"                                                                   \
    "Subject: " subject "\r\n"                                                                     \
    "Message-ID: <limit.web.1777644202000." revision ".alex-mail@example.org>\r\n"                 \
    "In-Reply-To: <limit.web.1777644202000@example.org>\r\n"                                       \
    "References: <limit.web.1777644202000@example.org>\r\n"                                        \
    "Auto-Submitted: auto-generated\r\n" priority "MIME-Version: 1.0\r\n"                          \
    "Content-Type: multipart/alternative;\r\n boundary=\"" boundary "\"\r\n\r\n"
#define PART(boundary, type)                                                                       \
    "--" boundary "\r\nContent-Type: text/" type "; charset=utf-8\r\n"                             \
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"

static void test_firing(void)
{
    static char buf[PL_MAIL_BYTES_MAX + 1];
    struct pl_page page = firing_page("web");
    struct pl_mail mail = mail_of(&page);
    struct pl_text out = pl_text_init(buf, sizeof buf);
    message.contact.owner = pl_span_of("J\xc3\xbcrgen <on call>");
    pl_mail_write(&mail, &out);
    CHECK(!out.overflow);
    CHECK_TEXT(
        buf,
        HEAD("Fri, 01 May 2026 14:03:22", "[FIRING] web: over a limit", "3", "X-Priority: 1\r\n",
             BOUNDARY) //
        PART(BOUNDARY, "plain") "[PAGE] web: cpu of fe1 at 97 % (limit 90 %) for 10 s\r\n\r\n"
                                "Since: 2026-05-01 14:03:22 UTC\r\n"
                                "Owner: J=C3=BCrgen <on call>\r\n"
                                "Live view: http://127.0.0.1:7411/\r\n" //
        PART(BOUNDARY,
             "html") "<!DOCTYPE html>\r\n<html lang=3D\"en\"><body "
                     "style=3D\"font-family:sans-serif\">\r\n"
                     "<p style=3D\"font-size:18px;padding-left:10px;border-left:6px solid "
                     "#c23b00\"=\r\n"
                     ">[PAGE] web: cpu of fe1 at 97 % (limit 90 %) for 10 s</p>\r\n"
                     "<table style=3D\"vertical-align:top\">\r\n"
                     "<tr><td "
                     "style=3D\"color:#57606a;padding-right:12px\">Since</td><td>2026-05-01=\r\n"
                     " 14:03:22 UTC</td></tr>\r\n"
                     "<tr><td "
                     "style=3D\"color:#57606a;padding-right:12px\">Owner</td><td>J=C3=BCrge=\r\n"
                     "n &lt;on call&gt;</td></tr>\r\n"
                     "</table>\r\n<p>\r\n"
                     "<a style=3D\"margin-right:24px\" href=3D\"http://127.0.0.1:7411/\">Live "
                     "view</a=\r\n>\r\n"
                     "</p>\r\n</body></html>\r\n"
                     "--" BOUNDARY "--\r\n");
}

static void test_resolved(void)
{
    static char buf[PL_MAIL_BYTES_MAX + 1];
    struct pl_page page = resolved_page("web");
    struct pl_mail mail = mail_of(&page);
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_mail_write(&mail, &out);
    static const char head[] =
        HEAD("Fri, 01 May 2026 14:06:32", "[RESOLVED 3 min 20 s] web: over a limit", "4", "", "");
    CHECK(strncmp(buf, head, sizeof head - sizeof "\"\r\n\r\n") == 0);
    CHECK(strstr(buf, "\r\n\r\n[RESOLVED] web: cpu of fe1 back under 90 % after 3 min 20 s\r\n") !=
          NULL);
}

static void test_subjects(void)
{
    static const struct {
        enum pl_notify_state state;
        bool is_test;
        const char *by, *want;
    } cases[] = {
        {PL_NOTIFY_ACKNOWLEDGED, false, "alex", "\r\nSubject: [ACK alex] web: over a limit\r\n"},
        {PL_NOTIFY_ACKNOWLEDGED, false, "", "\r\nSubject: [ACK] web: over a limit\r\n"},
        {PL_NOTIFY_ACKNOWLEDGED, false, "a\r\nBcc: b", "\r\nSubject: [ACK aBcc: b] web: over a"},
        {PL_NOTIFY_FIRING, true, "", "\r\nSubject: [TEST] [FIRING] web: over a limit\r\n"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        static char buf[PL_MAIL_BYTES_MAX + 1];
        struct pl_page page = firing_page("web");
        struct pl_mail mail = mail_of(&page);
        struct pl_text out = pl_text_init(buf, sizeof buf);
        message.state = cases[i].state;
        message.is_test = cases[i].is_test;
        message.acknowledged_by = pl_span_of(cases[i].by);
        pl_mail_write(&mail, &out);
        CHECK(strstr(buf, cases[i].want) != NULL);
        CHECK_INT(strstr(buf, ".3.ack.alex-mail@") != NULL,
                  cases[i].state == PL_NOTIFY_ACKNOWLEDGED);
    }
}

/* The picture is beside the HTML that shows it, not an attachment. */
static void test_picture(void)
{
    static char buf[PL_MAIL_BYTES_MAX + 1];
    static uint8_t png[PL_MAIL_BYTES_MAX] = "PNG";
    struct pl_page page = firing_page("web");
    struct pl_mail mail = mail_of(&page);
    struct pl_text out = pl_text_init(buf, sizeof buf);
    message.picture = (struct pl_span){png, 3};
    pl_mail_write(&mail, &out);
    CHECK(
        strstr(buf, "<img src=3D\"cid:picture.limit.web.1777644202000.3.alex-mail@example.org\"") !=
        NULL);
    CHECK(strstr(buf, "Content-Type: multipart/related; type=\"text/html\";\r\n boundary=") !=
          NULL);
    CHECK(strstr(buf,
                 "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
                 "Content-Disposition: inline; filename=\"load.png\"\r\n"
                 "Content-ID: <picture.limit.web.1777644202000.3.alex-mail@example.org>\r\n\r\n"
                 "UE5H\r\n--") != NULL);
    message.picture.len = sizeof png; // too large: the mail goes without
    out = pl_text_init(buf, sizeof buf);
    pl_mail_write(&mail, &out);
    CHECK(strstr(buf, "image/png") == NULL && strstr(buf, "<img") == NULL);
}

/* A name may end in a dot, a message id may not. */
static void test_ids_are_atoms(void)
{
    static char buf[PL_MAIL_BYTES_MAX + 1];
    struct pl_page page = firing_page("a..b.");
    struct pl_mail mail = mail_of(&page);
    struct pl_text out = pl_text_init(buf, sizeof buf);
    mail.target = pl_span_of("x.");
    pl_mail_write(&mail, &out);
    CHECK(strstr(buf, "Message-ID: <limit.a//b/.1777644202000.3.x/@example.org>\r\n") != NULL);
}

/* Bytes that may stand in what others wrote never begin a header, and no line is too long. */
static void check_lines(const char *text, size_t max)
{
    for (const char *line = text, *end; *line; line = end + 2) {
        end = strstr(line, "\r\n");
        REQUIRE(end != NULL);
        CHECK((size_t)(end - line) <= max);
        CHECK(memchr(line, '\n', (size_t)(end - line)) == NULL);
    }
}

static void test_longest_mail_fits(void)
{
    static char buf[PL_MAIL_BYTES_MAX + 1], wild[3200];
    static uint8_t png[10 * 1024];
    static const char *const fill[] = {"\"", "\xc3\xbc", "\xff", "\n", "=", "\r\nBcc: x@y.z\r\n"};
    for (size_t f = 0; f < PL_LEN(fill); f++) {
        for (size_t i = 0; i < sizeof wild; i++) wild[i] = fill[f][i % strlen(fill[f])];
        struct pl_page page = firing_page("w23456789-123456789-123456789-123456789-123456789-123");
        struct pl_mail mail = mail_of(&page);
        struct pl_text out = pl_text_init(buf, sizeof buf);
        message.changes = (struct pl_span){(const uint8_t *)wild, sizeof wild};
        message.contact.owner = (struct pl_span){(const uint8_t *)wild, 127};
        message.contact.runbook = (struct pl_span){(const uint8_t *)wild, 511};
        message.external_url = (struct pl_span){(const uint8_t *)wild, 63};
        message.helps = (struct pl_span){(const uint8_t *)wild, 159};
        message.picture = (struct pl_span){png, sizeof png};
        pl_mail_write(&mail, &out);
        CHECK(!out.overflow);
        CHECK_INT(strstr(buf, "image/png") != NULL, fill[f][0] != '\xff');
        check_lines(buf, 256); // of ids; 998 is the limit (RFC 5322 section 2.1.1)
        char *body = strstr(buf, "\r\n\r\n");
        REQUIRE(body != NULL);
        *body = '\0';
        CHECK(strstr(buf, "Bcc") == NULL);
    }
}

static void test_headers(void)
{
    static const struct {
        const char *value, *want;
    } cases[] = {
        {"plain words", "Subject: plain words\r\n"},
        {"", "Subject: \r\n"},
        {"two\r\nBcc: lines\x01\x7f", "Subject: twoBcc: lines\r\n"},
        {"caf\xc3\xa9 at 3_", "Subject: =?UTF-8?Q?caf=C3=A9_at_3=5F?=\r\n"},
        {"=?UTF-8?Q?spoof?=", "Subject: =?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fspoof=3F=3D?=\r\n"},
        {"\xff", "Subject: =?UTF-8?Q?=EF=BF=BD?=\r\n"},
        {"123456789 123456789 123456789 123456789 123456789 123456789 123456789",
         "Subject: 123456789 123456789 123456789 123456789 123456789 123456789 123456789\r\n"},
        {"123456789 123456789 123456789 123456789 123456789 123456789 1234567890",
         "Subject: 123456789 123456789 123456789 123456789 123456789 123456789\r\n"
         " 1234567890\r\n"},
        {"\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc",
         "Subject: =?UTF-8?Q?=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC?=\r\n"
         " =?UTF-8?Q?=C3=BC?=\r\n"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[512];
        struct pl_text out = pl_text_init(buf, sizeof buf);
        pl_mime_header(&out, "Subject", pl_span_of(cases[i].value));
        CHECK_TEXT(buf, cases[i].want);
        check_lines(buf, 78);
    }
}

static void test_dates(void)
{
    static const struct {
        int64_t unix_ms;
        const char *want;
    } cases[] = {
        {0, "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"},
        {1709210096999, "Date: Thu, 29 Feb 2024 12:34:56 +0000\r\n"},
        {1798761599000, "Date: Thu, 31 Dec 2026 23:59:59 +0000\r\n"},
        {-5, "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[64];
        struct pl_text out = pl_text_init(buf, sizeof buf);
        pl_mime_date(&out, cases[i].unix_ms);
        CHECK_TEXT(buf, cases[i].want);
    }
}

static void test_quoted_printable(void)
{
    static const char long_line[] = "1234567890123456789012345678901234567890123456789012345678"
                                    "901234567890123456";
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"", ""},
        {"a", "a\r\n"},
        {"a\n", "a\r\n"},
        {"a\n\nb\n", "a\r\n\r\nb\r\n"},
        {".\n..", ".\r\n..\r\n"},
        {"blank \nend\t", "blank=20\r\nend=09\r\n"},
        {"a=b\rc", "a=3Db=0Dc\r\n"},
        {"\xc3\xbc\xff", "=C3=BC=EF=BF=BD\r\n"},
        {long_line,
         "123456789012345678901234567890123456789012345678901234567890123456789012345=\r\n"
         "6\r\n"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[512];
        struct pl_text out = pl_text_init(buf, sizeof buf);
        pl_mime_quoted(&out, pl_span_of(cases[i].in));
        CHECK_TEXT(buf, cases[i].want);
        check_lines(buf, 76);
    }
}

static void test_base64(void)
{
    static const struct { // RFC 4648 section 10
        const char *in, *want;
    } cases[] = {
        {"", ""},
        {"f", "Zg==\r\n"},
        {"fo", "Zm8=\r\n"},
        {"foo", "Zm9v\r\n"},
        {"foob", "Zm9vYg==\r\n"},
        {"fooba", "Zm9vYmE=\r\n"},
        {"foobar", "Zm9vYmFy\r\n"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", // 57
         "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh\r\n"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
         "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh\r\nYg=="
         "\r\n"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[128];
        struct pl_text out = pl_text_init(buf, sizeof buf);
        pl_mime_base64(&out, pl_span_of(cases[i].in));
        CHECK_TEXT(buf, cases[i].want);
    }
}

static void test_addresses(void)
{
    static const struct {
        const char *text;
        bool ok;
    } cases[] = {
        {"alex@example.org", true},
        {"a.b+c@x", true},
        {"alex@localhost", true},
        {"", false},
        {"alex", false},
        {"@example.org", false},
        {"alex@", false},
        {"a..b@x.org", false},
        {".a@x.org", false},
        {"a.@x.org", false},
        {"a@x..org", false},
        {"a@b@c", false},
        {"<a@x.org>", false},
        {"a b@x.org", false},
        {"a@x.org\r\nBcc: b@y", false},
        {"Alex <alex@x.org>", false},
        {"a@x.org,b@x.org", false},
        {"j\xc3\xbcrgen@x.org", false},
        {"a@x_y.org", false},
        {"\"a b\"@x.org", false},
        {"12345678901234567890123456789012345678901234567890123456789012345@x.org", false},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        bool ok = pl_mime_is_address(pl_span_of(cases[i].text));
        if (ok != cases[i].ok) printf("# %s\n", cases[i].text);
        CHECK_INT(ok, cases[i].ok);
    }
}

/* What the table of providers makes of it: the envelope is the configuration's. */
static void test_the_request(void)
{
    static struct pl_notify_request request;
    struct pl_page page = firing_page("web");
    struct pl_notify_target to = {.type = PL_NOTIFY_EMAIL, .name = pl_span_of("alex-mail")};
    to.value[PL_NOTIFY_URL_KEY] = pl_span_of("smtp://mail.example.org:587");
    to.value[PL_NOTIFY_FROM_KEY] = pl_span_of("mon@example.org");
    to.value[PL_NOTIFY_TO_KEY] = pl_span_of("alex@example.net");
    CHECK_INT(pl_notify_write(&to, &(struct pl_notify_message){.page = &page}, &request), 0);
    CHECK_INT(request.method, PL_NOTIFY_MAIL);
    CHECK_TEXT(request.url.ptr, "smtp://mail.example.org:587");
    CHECK(pl_span_is(request.envelope.from, "mon@example.org"));
    CHECK(pl_span_is(request.envelope.to, "alex@example.net"));
    CHECK(strncmp(request.body.ptr, "Date: ", 6) == 0);
}

/* ---- the picture ---- */

static struct pl_picture picture;

/* Pixels of `colour` in the column at `x`. */
static int count_in(int x, uint8_t colour)
{
    int count = 0;
    for (int y = 0; y < PL_PICTURE_HEIGHT; y++) count += picture.pixels[y][x] == colour;
    return count;
}

/* A quarter of an hour in which traffic doubles half-way and is not known for a minute. */
static void test_picture_shows_traffic(void)
{
    enum { AREA = 2, LINE = 3, INK = 4 };
    static struct pl_trail trail;
    const int64_t end_ms = since_ms / 10000 * 10000;
    struct pl_picture_subject s = {.pool = pl_span_of("web"),
                                   .unit = pl_span_of("connections/s"),
                                   .trail = &trail,
                                   .capacity = 800,
                                   .unix_ms = end_ms - 1};
    CHECK(!pl_picture_draw(&s, &picture)); // nothing known
    for (int64_t at = end_ms - 900000; at < end_ms; at += 1000) {
        bool gap = at >= end_ms - 300000 && at < end_ms - 240000;
        if (!gap) pl_trail_step(&trail, at < end_ms - 450000 ? 300 : 600, at);
    }
    REQUIRE(pl_picture_draw(&s, &picture));
    int low = count_in(150, AREA), high = count_in(580, AREA), gap = count_in(430, AREA);
    CHECK_NEAR(high, 2 * low, 4);
    CHECK_INT(gap, 0);
    CHECK_INT(count_in(430, LINE), 0);
    int dashes = 0;
    for (int x = 66; x < 588; x++) dashes += picture.pixels[176 - (176 - 30) * 100 / 108][x] == INK;
    CHECK(dashes > 245 && dashes < 277); // half of the line
    s.capacity = 0;
    REQUIRE(pl_picture_draw(&s, &picture));
    CHECK(count_in(580, AREA) > high); // the scale is that of the traffic then
    s.unix_ms += 2 * 3600 * 1000;
    CHECK(!pl_picture_draw(&s, &picture)); // all of it is too long ago
}

/* Whatever the numbers, nothing is drawn outside. */
static void test_picture_of_any_numbers(void)
{
    static const double values[] = {0, 1e-9, 0.3, 999.6, 1e6, 1e12, 1e30};
    for (size_t v = 0; v < PL_LEN(values); v++) {
        static struct pl_trail trail;
        trail = (struct pl_trail){0};
        struct pl_picture_subject s = {.pool = pl_span_of("w23456789-123456789-123456789-123456789-"
                                                          "123456789-123456789-123"),
                                       .unit = pl_span_of("\xff"),
                                       .trail = &trail,
                                       .capacity = values[PL_LEN(values) - 1 - v],
                                       .unix_ms = since_ms};
        for (int64_t back = 100; back > 0; back--) {
            pl_trail_step(&trail, back % 2 == 0 ? 0 : values[v], since_ms - back * 1000);
        }
        CHECK(pl_picture_draw(&s, &picture));
        int wrong = 0;
        for (int i = 0; i < PL_PICTURE_HEIGHT * PL_PICTURE_WIDTH; i++) {
            wrong +=
                picture.pixels[i / PL_PICTURE_WIDTH][i % PL_PICTURE_WIDTH] >= PL_PICTURE_COLOURS;
        }
        CHECK_INT(wrong, 0);
    }
}

int main(void)
{
    RUN(test_firing);
    RUN(test_resolved);
    RUN(test_subjects);
    RUN(test_picture);
    RUN(test_ids_are_atoms);
    RUN(test_longest_mail_fits);
    RUN(test_headers);
    RUN(test_dates);
    RUN(test_quoted_printable);
    RUN(test_base64);
    RUN(test_addresses);
    RUN(test_the_request);
    RUN(test_picture_shows_traffic);
    RUN(test_picture_of_any_numbers);
    return check_finish();
}
