#!/usr/bin/env bash
# Part of the demonstration: a job that still asks the old resolver.
bash "$(dirname "$0")/lookup.sh" report.example
:
