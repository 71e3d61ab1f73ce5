/* launch.h - launches on a terminal. */
#pragma once

#include <cJSON.h>
#include <stdio.h>

/* 400000, 400k, 1.2M; negative: none of them. */
double pl_launch_people(const char *text);
/* The API's answer about one launch, or about all of them, in words. */
void pl_launch_print(const cJSON *launch, FILE *out);
void pl_launch_print_list(const cJSON *answer, FILE *out);
/* What came of one, and how good forecasts were. */
void pl_launch_print_report(const cJSON *report, FILE *out);
void pl_launch_print_quality(const cJSON *quality, FILE *out);
