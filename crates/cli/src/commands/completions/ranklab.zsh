#compdef ranklab
# Completion of ranklab for zsh. Save it as _ranklab in a folder of $fpath, or: source <(ranklab completions zsh)
_ranklab() {
    local -a whole whole_shown begun begun_shown
    local line value shown
    for line in "${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -n "$line" ]] || continue
        value="${line%%$'\t'*}"
        shown="$value"
        [[ -n "${line#*$'\t'}" ]] && shown="$value  -- ${line#*$'\t'}"
        if [[ "$value" == *[=/] ]]; then
            begun+=("$value")
            begun_shown+=("$shown")
        else
            whole+=("$value")
            whole_shown+=("$shown")
        fi
    done
    if (( ! ${#whole} && ! ${#begun} )); then
        compset -P '*='
        _files
        return
    fi
    compadd -l -d whole_shown -a whole
    # After a key or a folder, typing goes on.
    compadd -l -S '' -d begun_shown -a begun
}
if [ "$funcstack[1]" = "_ranklab" ]; then
    _ranklab "$@"
else
    compdef _ranklab ranklab
fi
