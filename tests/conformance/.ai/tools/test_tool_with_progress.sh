# /// rye
# description = "Tells its progress"
# [parameters]
# ///
for done in 0 50 100; do
    echo "progress $done/100 Completed step $done of 100" > "${RYE_REPORT:-/dev/null}"
    sleep 0.05
done
echo "done"
