/* tree.h - what a tree of processes uses: which there are, and one sum that never goes back.
 *
 * Each look brings the CPU clock of every process there is. What these clocks grew by is added to
 * `used_us`; a process that ends takes nothing away, one that begins again counts from there. What
 * ended between two looks, or begins and ends between them (a CGI script), escapes the clocks, but
 * not the kernel: /proc/PID/stat of who waited for it has its time. So a slower, dearer survey sums
 * those, and what the looks have missed since the one before is added evenly to those that follow:
 * late by a survey, but whole. Only time of children whose end nobody waits for (SIGCHLD ignored)
 * stays unknown, because no kernel keeps it. */
#pragma once

#include "common/base/base.h"

#include <stdbool.h>
#include <stdint.h>

enum { PL_TREE_PROCESSES_MAX = 256 };

struct pl_tree_process {
    uint32_t pid;
    uint32_t parent; // pid, as of the last survey; 0: not surveyed yet
    uint64_t clock_us;
    uint64_t surveyed_us; // of the last survey: with that of the children it has waited for
    uint64_t files_bp;    // open files of its limit, or PL_RAW_ABSENT
};

/* All zero: empty. */
struct pl_tree {
    uint32_t count;
    struct pl_tree_process item[PL_TREE_PROCESSES_MAX];
    uint64_t used_us;          // since the tree was found; never goes back
    uint64_t surveyed_us;      // sum of the last survey; 0: there was none
    uint64_t used_by_looks_us; // since that survey
    uint64_t owed_us;          // missed before it, still to be added
    int64_t owed_for_us;       // over so much time
};

/* The process of that pid, or NULL. */
struct pl_tree_process *pl_tree_find(struct pl_tree *tree, uint32_t pid);
/* A process that was not there: it counts with what its clock shows, at most `most_us`, the time in
 * which it can have started. NULL if there is no room. */
struct pl_tree_process *pl_tree_add(struct pl_tree *tree, uint32_t pid, uint64_t clock_us,
                                    uint64_t most_us);
/* The clock of one that is there, now. */
void pl_tree_update(struct pl_tree *tree, struct pl_tree_process *process, uint64_t clock_us);
/* It has ended, or is no part of the tree any more; the last one takes its place. */
void pl_tree_drop(struct pl_tree *tree, struct pl_tree_process *process);
/* A look is over, `elapsed_us` after the one before: adds its part of what is owed. */
void pl_tree_settle(struct pl_tree *tree, int64_t elapsed_us);
/* A survey is over: `parent` and `surveyed_us` of all processes are as they are now. Drops those
 * whose parent is no part of the tree, but for `root`. `period_us` is the time to the next one. */
void pl_tree_survey(struct pl_tree *tree, uint32_t root, int64_t period_us);
/* The largest files_bp there is; PL_RAW_ABSENT if none is known. */
uint64_t pl_tree_files_bp(const struct pl_tree *tree);
