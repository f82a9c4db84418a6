# Completion of rye in bash. In ~/.bashrc: eval "$(rye completions bash)"
_rye() {
    local line kind= piece rest=${COMP_LINE:0:COMP_POINT} gap apart=0 last=-1
    local -a words=()
    # Bash breaks words at `=` and `:`; what touches in the line is one. The last ends at the cursor.
    for piece in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        gap=${rest%%[![:space:]]*}
        rest=${rest:${#gap}}
        ((${#piece} <= ${#rest})) || piece=$rest
        rest=${rest:${#piece}}
        if [[ -n $gap || $last -lt 0 ]]; then
            words[++last]=$piece
            apart=0
        else
            apart=${#words[last]}
            words[last]+=$piece
        fi
    done
    # After a break that ends the line, bash begins its word anew.
    [[ $piece && -z ${piece//[=:]/} ]] && apart=${#words[last]}
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $kind ]]; then
            kind=$line
        else
            COMPREPLY+=("${line:apart}")
        fi
    done < <(command rye __complete bash -- "${words[@]:1}" 2>/dev/null)
    case $kind in
        files) compopt -o default 2>/dev/null ;;
        folders) compopt -o dirnames 2>/dev/null ;;
    esac
    return 0
}
complete -F _rye rye
