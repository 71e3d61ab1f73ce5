/* Time zones: what the system's files say, against glibc, which reads the same files by code of its
 * own; and what wall times mean on the days they are skipped or repeated. */
#include "tests/check.h"
#include "tests/support/zones.h"

#include "collector/codec/tzif.h"
#include "common/base/err.h"
#include "common/sys/file.h"

#include <stdlib.h>
#include <time.h>

static struct pl_zone zone;

static int64_t at(int64_t year, int32_t month, int32_t day, int32_t hour, int32_t minute)
{
    return pl_civil_day_s(year, month, day) + hour * 3600 + minute * 60;
}

static void test_dates(void)
{
    for (int64_t day_s = at(1899, 1, 1, 0, 0); day_s < at(2110, 1, 1, 0, 0); day_s += 86400) {
        struct pl_civil date = pl_civil_of(day_s + 86399);
        CHECK_INT(pl_civil_day_s(date.year, date.month, date.day), day_s);
    }
    CHECK_INT(at(2026, 11, 22, 0, 0), 1795305600);
    CHECK_INT(pl_civil_weekday(at(2026, 11, 22, 23, 59)), 6);
    CHECK_INT(pl_civil_weekday(at(1969, 12, 29, 0, 0)), 0);
}

static void use(const char *name)
{
    (void)setenv("TZ", name, 1);
    tzset();
}

static void check_offset(int64_t unix_s)
{
    struct tm tm;
    time_t t = unix_s;
    CHECK(localtime_r(&t, &tm) != NULL);
    CHECK_INT(pl_zone_span_at(&zone, unix_s).offset_s, tm.tm_gmtoff);
}

/* Every six hours of a hundred years, and both sides of every change. */
static void test_offsets_are_those_of_glibc(void)
{
    for (int z = 0; z < ZONES; z++) {
        REQUIRE(zone_read(zone_names[z], &zone));
        use(zone_names[z]);
        int64_t t = at(1990, 1, 1, 0, 0);
        uint32_t changes = 0;
        while (t < at(2090, 1, 1, 0, 0)) {
            struct pl_zone_span span = pl_zone_span_at(&zone, t);
            CHECK(span.from_unix_s <= t && t < span.until_unix_s);
            for (int64_t s = t; s < PL_MIN(span.until_unix_s, at(2090, 1, 1, 0, 0)); s += 6 * 3600)
                check_offset(s);
            if (span.until_unix_s == INT64_MAX) break;
            check_offset(span.until_unix_s - 1);
            check_offset(span.until_unix_s);
            t = span.until_unix_s;
            changes++;
        }
        if (check_state.failed_checks > 0) printf("# in %s, %u changes\n", zone_names[z], changes);
    }
}

/* The definition itself, minute by minute: FROM is the first moment at which the clock shows `wall`
 * or later, UNTIL the last up to which it showed less. */
static void check_senses(int64_t wall_s)
{
    int64_t from = pl_zone_moment(&zone, wall_s, PL_ZONE_FROM);
    int64_t until = pl_zone_moment(&zone, wall_s, PL_ZONE_UNTIL);
    int64_t want_from = INT64_MAX, want_until = INT64_MIN;
    for (int64_t t = wall_s - 27 * 3600; t <= wall_s + 27 * 3600; t += 60) {
        bool less = pl_zone_wall(&zone, t) < wall_s;
        if (!less && want_from == INT64_MAX) want_from = t;
        if (less) want_until = t + 60;
    }
    CHECK_INT(from, want_from);
    CHECK_INT(until, want_until);
    int64_t meant = pl_zone_moment(&zone, wall_s, PL_ZONE_COMPATIBLE);
    if (pl_zone_wall(&zone, from) == wall_s) CHECK_INT(meant, from);
    if (pl_zone_wall(&zone, from) != wall_s)
        CHECK_INT(meant, wall_s - pl_zone_span_at(&zone, from - 1).offset_s);
}

static void test_wall_times_near_changes(void)
{
    for (int z = 0; z < ZONES; z++) {
        REQUIRE(zone_read(zone_names[z], &zone));
        int64_t t = at(2009, 1, 1, 0, 0);
        while (t < at(2013, 1, 1, 0, 0)) {
            t = pl_zone_span_at(&zone, t).until_unix_s;
            if (t == INT64_MAX) break;
            int64_t wall = pl_civil_floor(pl_zone_wall(&zone, t), 900);
            for (int64_t w = wall - 7200; w <= wall + 7200; w += 900) check_senses(w);
        }
        check_senses(at(2026, 5, 1, 12, 0));
    }
}

static void test_the_written_rules(void)
{
    static const struct {
        const char *zone;
        int64_t wall[5];
        int64_t from[5], until[5], compatible[5]; // UTC
    } rows[] = {
        // 02:30 does not exist: clocks go from 02:00 to 03:00 at 01:00 UTC
        {"Europe/Berlin",
         {2026, 3, 29, 2, 30},
         {2026, 3, 29, 1, 0},
         {2026, 3, 29, 1, 0},
         {2026, 3, 29, 1, 30}},
        // 02:30 exists twice
        {"Europe/Berlin",
         {2026, 10, 25, 2, 30},
         {2026, 10, 25, 0, 30},
         {2026, 10, 25, 1, 30},
         {2026, 10, 25, 0, 30}},
        // after the table: the rule of the footer
        {"America/New_York",
         {2090, 7, 1, 9, 0},
         {2090, 7, 1, 13, 0},
         {2090, 7, 1, 13, 0},
         {2090, 7, 1, 13, 0}},
        // the day that Samoa left out
        {"Pacific/Apia",
         {2011, 12, 30, 9, 0},
         {2011, 12, 30, 10, 0},
         {2011, 12, 30, 10, 0},
         {2011, 12, 30, 19, 0}},
        // half an hour
        {"Australia/Lord_Howe",
         {2026, 10, 4, 2, 15},
         {2026, 10, 3, 15, 30},
         {2026, 10, 3, 15, 30},
         {2026, 10, 3, 15, 45}},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
#define TIME(a) at((a)[0], (int32_t)(a)[1], (int32_t)(a)[2], (int32_t)(a)[3], (int32_t)(a)[4])
        REQUIRE(zone_read(rows[i].zone, &zone));
        int64_t wall = TIME(rows[i].wall);
        CHECK_INT(pl_zone_moment(&zone, wall, PL_ZONE_FROM), TIME(rows[i].from));
        CHECK_INT(pl_zone_moment(&zone, wall, PL_ZONE_UNTIL), TIME(rows[i].until));
        CHECK_INT(pl_zone_moment(&zone, wall, PL_ZONE_COMPATIBLE), TIME(rows[i].compatible));
#undef TIME
    }
}

static void test_names_cannot_leave_the_directory(void)
{
    static const char *const good[] = {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires",
                                       "Etc/GMT+5", "America/Port-au-Prince"};
    static const char *const bad[] = {"",
                                      "/etc/passwd",
                                      "../passwd",
                                      "Europe/../../etc/passwd",
                                      "Europe//Berlin",
                                      "Europe/",
                                      "Europe/.hidden",
                                      "europe/Berlin",
                                      "Europe/Ber lin",
                                      "Europe/Berlin\n",
                                      "A23456789012345678901234567890123456789012345678"};
    for (size_t i = 0; i < PL_LEN(good); i++) CHECK(pl_zone_name_ok(pl_span_of(good[i])));
    for (size_t i = 0; i < PL_LEN(bad); i++) CHECK(!pl_zone_name_ok(pl_span_of(bad[i])));
    CHECK(!pl_zone_name_ok((struct pl_span){(const uint8_t *)"UTC\0x", 5}));
}

/* ---- files that are not as they should be ---- */

static uint8_t bytes[PL_TZIF_BYTES_MAX];

/* A file of version 2 with one type of that offset, no change, and that footer. */
static struct pl_span small_file(uint32_t offset_s, const char *footer)
{
    static const uint8_t header[44] = {'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4};
    size_t len = 0;
    for (int block = 0; block < 2; block++) {
        memcpy(bytes + len, header, sizeof header);
        len += sizeof header;
        const uint8_t type[6] = {(uint8_t)(offset_s >> 24), (uint8_t)(offset_s >> 16),
                                 (uint8_t)(offset_s >> 8), (uint8_t)offset_s};
        memcpy(bytes + len, type, sizeof type);
        memcpy(bytes + len + 6, "XYZ", 4);
        len += 10;
    }
    memcpy(bytes + len, footer, strlen(footer));
    return (struct pl_span){bytes, len + strlen(footer)};
}

static void test_files(void)
{
    static const struct {
        const char *footer;
        int want;
    } rows[] = {
        {"\nCET-1CEST,M3.5.0,M10.5.0/3\n", 0},
        {"\n<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45\n", 0},
        {"\n<-02>2<-01>,M3.5.0/-1,M10.5.0/0\n", 0},
        {"\n\n", 0},
        {"\nCET-1\n", 0},
        {"", PL_E_TRUNCATED},
        {"\nCET-1", PL_E_TRUNCATED},
        {"\nC-1\n", PL_E_SYNTAX},
        {"\nCET\n", PL_E_SYNTAX},
        {"\nCET-25\n", PL_E_SYNTAX},
        {"\nCET-1CEST\n", PL_E_SYNTAX},
        {"\nCET-1CEST,J60,J300\n", PL_E_SYNTAX},
        {"\nCET-1CEST,M13.5.0,M10.5.0\n", PL_E_SYNTAX},
        {"\nCET-1CEST,M3.6.0,M10.5.0\n", PL_E_SYNTAX},
        {"\nCET-1CEST,M3.5.7,M10.5.0\n", PL_E_SYNTAX},
        {"\nCET-1CEST,M3.5.0,M10.5.0/168\n", PL_E_SYNTAX},
        {"\nCET-1CEST,M3.5.0,M10.5.0 \n", PL_E_SYNTAX},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        int err = pl_tzif_parse(small_file(3600, rows[i].footer), &zone);
        if (err != rows[i].want) printf("# footer %s", rows[i].footer);
        CHECK_INT(err, rows[i].want);
    }
    CHECK_INT(pl_tzif_parse(small_file(27 * 3600, "\nCET-1\n"), &zone), PL_E_RANGE);
    struct pl_span in = small_file(3600, "\nCET-1\n");
    bytes[4] = 0;
    CHECK_INT(pl_tzif_parse(in, &zone), PL_E_VERSION);
    bytes[0] = 't';
    CHECK_INT(pl_tzif_parse(in, &zone), PL_E_MAGIC);
}

/* What is cut off anywhere is refused, and leaves the zone as it was. */
static void test_truncated_files(void)
{
    struct pl_file file = {0};
    int err = pl_file_read("/usr/share/zoneinfo/Europe/Berlin", PL_TZIF_BYTES_MAX, &file);
    REQUIRE(err == 0);
    static struct pl_zone before, after;
    CHECK(zone_read("Asia/Kolkata", &before));
    after = before;
    for (size_t len = 0; len < file.len; len++)
        CHECK(pl_tzif_parse((struct pl_span){file.bytes, len}, &after) < 0);
    CHECK_INT(after.change_count, before.change_count);
    CHECK_INT(after.first_offset_s, before.first_offset_s);
    CHECK_INT(after.goes_on, before.goes_on);
    CHECK_TEXT(after.name, "Asia/Kolkata");
    pl_file_free(&file);
}

/* ---- the system's files ---- */

/* As many as there is room for stay; the first one read makes room for one more, and what is no
 * zone takes nobody's place. */
static void test_zones_are_kept(void)
{
    static struct pl_zones kept;
    kept = (struct pl_zones){0};
    CHECK(pl_zones_find(&kept, "", 0) == NULL);
    CHECK(pl_zones_find(&kept, "../../../etc/passwd", 0) == NULL);
    CHECK(pl_zones_find(&kept, "Europe/Atlantis", 0) == NULL);
    CHECK_INT(kept.count, 0);
    const struct pl_zone *first = pl_zones_find(&kept, zone_names[0], 0);
    REQUIRE(first != NULL);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < ZONES; i++) {
            const struct pl_zone *found = pl_zones_find(&kept, zone_names[i], round);
            REQUIRE(found != NULL);
            CHECK_TEXT(found->name, zone_names[i]);
        }
    }
    CHECK_INT(kept.count, ZONES);
    CHECK_INT(kept.read_mono_ms[0], 0); // not read again
    CHECK(pl_zones_find(&kept, zone_names[0], PL_ZONES_KEEP_MS) == first);
    CHECK_INT(kept.read_mono_ms[0], PL_ZONES_KEEP_MS); // tzdata may be another one
    CHECK(pl_zones_find(&kept, "UTC", 1) != NULL);
    CHECK(pl_zones_find(&kept, "Asia/Tokyo", 1) == &kept.items[0]);
    CHECK_INT(kept.count, PL_ZONES_CACHED_MAX);
    CHECK_TEXT(pl_zones_find(&kept, zone_names[0], 1)->name, zone_names[0]);
}
_Static_assert((int)ZONES + 1 == PL_ZONES_CACHED_MAX, "one more fills the cache");

int main(void)
{
    RUN(test_dates);
    RUN(test_offsets_are_those_of_glibc);
    RUN(test_wall_times_near_changes);
    RUN(test_the_written_rules);
    RUN(test_names_cannot_leave_the_directory);
    RUN(test_files);
    RUN(test_truncated_files);
    RUN(test_zones_are_kept);
    return check_finish();
}
