#!/usr/bin/env bash
# /// rye
# description = "Look for mistakes in the sources"
# annotations.read_only = true
# parameters = {}
# ///
echo "cards.txt: a card without a title" >&2
exit 3
