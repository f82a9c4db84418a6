#compdef rye
# Completion of rye in zsh. In ~/.zshrc, after compinit: source <(rye completions zsh)
_rye() {
    local line kind= word
    local -a before plain shown folders
    (( CURRENT > 2 )) && before=("${(@Q)words[2,CURRENT-1]}")
    while IFS= read -r line; do
        if [[ -z $kind ]]; then
            kind=$line
            continue
        fi
        word=${line%%$'\t'*}
        if [[ $word == */ ]]; then
            folders+=("$word")
        else
            plain+=("$word")
            shown+=("$word${${line#*$'\t'}:+  -- ${line#*$'\t'}}")
        fi
    done < <(command rye __complete zsh -- "${before[@]}" "${(Q)PREFIX}" 2>/dev/null)
    (( $#plain )) && compadd -l -d shown -a plain
    (( $#folders )) && compadd -S '' -a folders
    case $kind in
        files)
            [[ $PREFIX == --*=* ]] && compset -P '*='
            _files
            ;;
        folders)
            [[ $PREFIX == --*=* ]] && compset -P '*='
            _files -/
            ;;
    esac
    return 0
}
if [[ $funcstack[1] == _rye ]]; then
    _rye "$@"
else
    compdef _rye rye
fi
