/* doctor.h - plimsoll-agent doctor: what this agent can see, what it cannot and why, and whether a
 * collector takes this host. It looks for itself, beside an agent that may run, and changes
 * nothing. */
#pragma once

#include "agent/config.h"
#include "agent/core/diagnosis.h"

/* Fills in what this host joined, like the start of an agent. Prints to stdout. The exit status: 0
 * all is fine, 1 the agent goes without something, 2 no collector takes this host. */
int pl_doctor_main(struct pl_agent_config *config, bool as_json);

/* What can be seen of this machine: takes a few seconds of samples. (doctor_machine.c) */
void pl_doctor_machine(const struct pl_agent_config *config, struct pl_diagnosis *d);
/* What is in the way of an agent like this process. (doctor_process.c) */
void pl_doctor_process(struct pl_diagnosis *d);

/* The text, or the advice, of a finding; what does not fit is cut. */
PL_PRINTF(3, 4) void pl_doctor_say(char *out, size_t room, const char *format, ...);
#define PL_SAY(finding, ...) pl_doctor_say((finding)->text, sizeof(finding)->text, __VA_ARGS__)
#define PL_ADVISE(finding, ...)                                                                    \
    pl_doctor_say((finding)->advice, sizeof(finding)->advice, __VA_ARGS__)
/* A finding with its name. */
struct pl_finding *pl_doctor_add(struct pl_diagnosis *d, const char *section,
                                 enum pl_finding_state state, const char *name);
