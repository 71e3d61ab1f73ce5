/* run_corpus - libFuzzer's place for compilers without it: run_corpus FOLDER feeds the target every
 * file of the folder, every prefix of it, and the file with every byte changed four ways. */
#include "tests/check.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdlib.h>

enum { INPUT_BYTES_MAX = 8192 };

static uint8_t input[INPUT_BYTES_MAX];
static const char *folder;

/* From memory of exactly that size, so that AddressSanitizer sees a read beyond it. */
static void feed(size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    PL_ASSERT(copy);
    memcpy(copy, input, len);
    CHECK_INT(LLVMFuzzerTestOneInput(copy, len), 0);
    free(copy);
}

static void feed_variants(size_t len)
{
    static const uint8_t flips[] = {0x01, 0x80, 0x7f, 0xff};
    for (size_t cut = 0; cut <= len; cut++) feed(cut);
    for (size_t at = 0; at < len; at++) {
        for (size_t f = 0; f < PL_LEN(flips); f++) {
            input[at] ^= flips[f];
            feed(len);
            input[at] ^= flips[f];
        }
    }
}

static void test_corpus(void)
{
    DIR *dir = opendir(folder);
    REQUIRE(dir != NULL);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[1024];
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *file = fopen(path, "rb");
        REQUIRE(file != NULL);
        size_t len = fread(input, 1, sizeof input, file);
        CHECK(len < sizeof input); // a larger seed is cut into smaller ones by its author
        (void)fclose(file);        // only read from
        feed_variants(len);
    }
    (void)closedir(dir); // only read from
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    folder = argv[1];
    RUN(test_corpus);
    return check_finish();
}
