#!/usr/bin/env bash
# /// rye
# description = "Follow the server's log; it never ends by itself"
# annotations.read_only = true
# parameters = {}
# ///
for ((request = 1; ; request++)); do
  echo "request $request: 200 OK"
  sleep 0.05
done
