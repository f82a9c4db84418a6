# Completion of rye in fish. In ~/.config/fish/config.fish: rye completions fish | source
function __rye_complete
    set -l before (commandline -opc)
    set -e before[1]
    set -l current (commandline -ct)
    set -l lines (command rye __complete fish -- $before "$current" 2>/dev/null)
    set -l kind $lines[1]
    set -e lines[1]
    if test (count $lines) -gt 0
        printf '%s\n' $lines
    end
    set -l flag (string match -r '^--[^=]*=' -- $current)
    set -l path (string replace -r '^--[^=]*=' '' -- $current)
    switch "$kind"
        case files
            for found in (__fish_complete_path "$path")
                printf '%s\n' "$flag$found"
            end
        case folders
            for found in (__fish_complete_directories "$path" '')
                printf '%s\n' "$flag$found"
            end
    end
end
complete -c rye -f -a '(__rye_complete)'
