#!/bin/sh
# Starts esbuild for the compiler process, so that it dies with that process even in the middle of a transform:
# it reads the end of its input only between two of them. The signal's words are split on purpose.
ulimit -c 0
exec $DEATH_SIGNAL "$ESBUILD" "$@"
