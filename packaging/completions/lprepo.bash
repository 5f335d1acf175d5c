# shellcheck shell=bash
# Completion for bash. What can be said is what lprepo's own --help lists; the rest are files.

# _lprepo_help AWK [VERB]: what an awk program makes of the help.
_lprepo_help() {
    local program=$1
    shift
    lprepo "$@" --help 2>/dev/null | awk "/^[A-Z][a-z]+:\$/ { section = \$1 } /^  / { $program }"
}

_lprepo() {
    local current=${COMP_WORDS[COMP_CWORD]} verb='' word words=''
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $word != -* ]]; then
            verb=$word
            break
        fi
    done
    # shellcheck disable=SC2016 # awk's own fields
    if [[ $current == -* ]]; then
        words=$(_lprepo_help 'if (section == "Options:") { sub(/^-.,/, "", $1); print $1 }' ${verb:+"$verb"})
    elif [[ -z $verb ]]; then
        words=$(_lprepo_help 'if (section == "Subcommands:") print $1')
    fi
    mapfile -t COMPREPLY < <([[ -z $words ]] || compgen -W "$words" -- "$current")
}

complete -o default -F _lprepo lprepo
