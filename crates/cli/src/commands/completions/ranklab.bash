# Completion of ranklab for bash. Load it with: source <(ranklab completions bash)
_ranklab() {
    local line="${COMP_LINE:0:COMP_POINT}" candidate value
    local -a words
    # Bash splits words at `=`; split at blanks, a setting stays whole.
    read -ra words <<< "$line"
    case "$line" in *[[:blank:]]) words+=("") ;; esac
    local current="${words[${#words[@]}-1]}" before=""
    # Bash inserts only what follows the last of these characters.
    [[ "$COMP_WORDBREAKS" == *=* && "$current" == *=* ]] && before="${current%"${current##*=}"}"
    COMPREPLY=()
    while IFS= read -r candidate; do
        value="${candidate%%$'\t'*}"
        value="${value#"$before"}"
        [[ "$value" == *[[:space:]]* ]] && value="$(printf '%q' "$value")"
        COMPREPLY+=("$value")
    done < <("$1" complete -- "${words[@]:1}" 2>/dev/null)
    # After a key or a folder, typing goes on.
    [[ ${#COMPREPLY[@]} -eq 1 && "${COMPREPLY[0]}" == *[=/] ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -o default -o nosort -F _ranklab ranklab 2>/dev/null || complete -o default -F _ranklab ranklab
