/* yaml.h - configuration files: YAML in, events for the option table out.
 *
 * libyaml does the reading; this module turns its events into those of base/option and refuses what
 * makes a configuration hard to read or to trust: anchors, aliases, tags, a second document, files
 * over a megabyte, deep nesting, and billions of anything. Mistakes are collected in the loader's
 * list with file, line and column. */
#pragma once

#include "common/base/option.h"

#include <stdio.h>

enum {
    PL_YAML_BYTES_MAX = 1 << 20,
    PL_YAML_EVENTS_MAX = 100000, // per file
    PL_YAML_DEPTH_MAX = 32,
};

/* Feed one document to `loader`, whose current file it belongs to (pl_option_begin). A syntax error
 * is collected and ends this document. */
void pl_yaml_read(struct pl_span text, struct pl_option_loader *loader);

/* Read the files in order, each merged over the ones before; a file that cannot be read is a
 * mistake in the list like any other. */
void pl_yaml_load(const char *const *paths, size_t n, struct pl_option_loader *loader);

/* One line per mistake, and a last one that counts those beyond the list. */
void pl_yaml_print_errors(const struct pl_option_errors *errors, FILE *stream);
