#!/bin/sh
# Stands in for the functions program: it dies at its first start, and from then on it is the
# program. DIES_ONCE names a folder that does not exist until then.
if [ -n "$DIES_ONCE" ] && mkdir "$DIES_ONCE" 2>/dev/null; then
    kill -9 $$
fi
exec "$PROGRAM"
