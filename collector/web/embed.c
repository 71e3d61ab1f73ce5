/* embed - turns the dashboard's files into one C source: raw, gzip and brotli, each with its ETag.
 *
 *     embed OUTPUT.c FILE...       a file is served under its own name, whatever its folder
 *
 * Runs at build time only. Compression costs seconds there instead of every time at run time, and
 * a strong ETag per variant (hash of its bytes and the coding's name) lets browsers revalidate
 * with a 304. */
#include <brotli/encode.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { FILE_BYTES_MAX = 200 * 1024 }; // an answer must fit into one connection's queue

struct buffer {
    uint8_t *ptr; // owned, or NULL
    size_t len;
};

_Noreturn static void die(const char *what, const char *name)
{
    (void)fprintf(stderr, "embed: %s '%s': %s\n", what, name, errno ? strerror(errno) : "refused");
    exit(1);
}

static struct buffer new_buffer(size_t cap)
{
    struct buffer b = {malloc(cap), 0};
    if (!b.ptr) die("no memory for", "a file");
    return b;
}

static struct buffer read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) die("cannot open", path);
    struct buffer b = new_buffer(FILE_BYTES_MAX + 1);
    b.len = fread(b.ptr, 1, FILE_BYTES_MAX + 1, file);
    if (ferror(file)) die("cannot read", path);
    (void)fclose(file);
    if (b.len > FILE_BYTES_MAX) die("larger than 200 KiB:", path);
    return b;
}

static struct buffer gzip(struct buffer raw)
{
    z_stream z = {0};
    enum { WINDOW_BITS_GZIP = 15 + 16, MEMORY_LEVEL_MAX = 9 };
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, WINDOW_BITS_GZIP, MEMORY_LEVEL_MAX,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        die("cannot start", "deflate");
    struct buffer out = new_buffer(deflateBound(&z, raw.len));
    z.next_in = raw.ptr;
    z.avail_in = (unsigned)raw.len;
    z.next_out = out.ptr;
    z.avail_out = (unsigned)deflateBound(&z, raw.len);
    if (deflate(&z, Z_FINISH) != Z_STREAM_END) die("cannot finish", "deflate");
    out.len = z.total_out;
    (void)deflateEnd(&z);
    return out;
}

static struct buffer brotli(struct buffer raw)
{
    size_t len = BrotliEncoderMaxCompressedSize(raw.len) + 1;
    struct buffer out = new_buffer(len);
    if (!BrotliEncoderCompress(BROTLI_MAX_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, raw.len,
                               raw.ptr, &len, out.ptr))
        die("cannot run", "brotli");
    out.len = len;
    return out;
}

static const char *content_type(const char *name)
{
    static const struct {
        const char *suffix, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},     {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"}, {".svg", "image/svg+xml"},
        {".txt", "text/plain; charset=utf-8"},     {".json", "application/json"},
    };
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t suffix_len = strlen(types[i].suffix);
        if (len > suffix_len && strcmp(name + len - suffix_len, types[i].suffix) == 0)
            return types[i].type;
    }
    die("no content type for", name);
}

/* FNV-1a, 64 bits. */
static uint64_t hash(struct buffer b)
{
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < b.len; i++) h = (h ^ b.ptr[i]) * 0x100000001b3;
    return h;
}

static void put_bytes(FILE *out, size_t number, const char *coding, struct buffer b)
{
    (void)fprintf(out, "static const uint8_t file%zu_%s[] = {", number, coding);
    for (size_t i = 0; i < b.len; i++) (void)fprintf(out, "%s%u,", i % 24 ? "" : "\n", b.ptr[i]);
    (void)fprintf(out, "};\n");
}

static void put_variant(FILE *out, size_t number, const char *coding, struct buffer b)
{
    int identity = strcmp(coding, "identity") == 0;
    (void)fprintf(out, "        {%s%s%s, \"\\\"%016llx%s%s\\\"\", {file%zu_%s, %zu}},\n",
                  identity ? "" : "\"", identity ? "NULL" : coding, identity ? "" : "\"",
                  (unsigned long long)hash(b), identity ? "" : "-", identity ? "" : coding, number,
                  coding, b.len);
}

int main(int argc, char **argv)
{
    if (argc < 3) die("usage: embed OUTPUT.c FILE... instead of", argv[0]);
    FILE *out = fopen(argv[1], "w");
    if (!out) die("cannot write", argv[1]);
    (void)fprintf(out,
                  "/* Made by collector/web/embed.c. */\n#include \"collector/io/assets.h\"\n");
    struct buffer *variants = calloc((size_t)argc * 3, sizeof *variants);
    if (!variants) die("no memory for", "the table");
    static const char *const codings[3] = {"br", "gzip", "identity"};
    for (size_t i = 2; i < (size_t)argc; i++) {
        struct buffer raw = read_file(argv[i]);
        struct buffer all[3] = {brotli(raw), gzip(raw), raw};
        memcpy(&variants[i * 3], all, sizeof all);
        for (size_t v = 0; v < 3; v++) put_bytes(out, i, codings[v], all[v]);
    }
    (void)fprintf(out, "const struct pl_asset pl_assets[] = {\n");
    for (size_t i = 2; i < (size_t)argc; i++) {
        const char *slash = strrchr(argv[i], '/');
        const char *name = slash ? slash + 1 : argv[i];
        (void)fprintf(out, "    {\"/%s\", \"%s\", {\n", name, content_type(name));
        for (size_t v = 0; v < 3; v++) {
            put_variant(out, i, codings[v], variants[i * 3 + v]);
            free(variants[i * 3 + v].ptr);
        }
        (void)fprintf(out, "    }},\n");
    }
    (void)fprintf(out, "};\nconst size_t pl_asset_count = %d;\n", argc - 2);
    free(variants);
    if (ferror(out) || fclose(out) != 0) die("cannot write", argv[1]);
    return 0;
}
