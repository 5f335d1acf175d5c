# shellcheck shell=bash
# Completion for bash. What can be said is what lpctl's own --help lists; the patches are those of now.

# _lpctl_help AWK [VERB]: what an awk program makes of the help.
_lpctl_help() {
    local program=$1
    shift
    lpctl "$@" --help 2>/dev/null | awk "/^[A-Z][a-z]+:\$/ { section = \$1 } /^  / { $program }"
}

_lpctl() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb='' word words=''
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $word != -* ]]; then
            verb=$word
            break
        fi
    done
    # shellcheck disable=SC2016 # awk's own fields
    if [[ $current == -* ]]; then
        words=$(_lpctl_help 'if (section == "Options:") { sub(/^-.,/, "", $1); print $1 }' ${verb:+"$verb"})
    elif [[ -z $verb ]]; then
        words=$(_lpctl_help 'if (section == "Subcommands:") print $1')
    elif [[ $before == --kernel ]]; then
        words=$(find /lib/modules -mindepth 1 -maxdepth 1 -type d -printf '%f\n' 2>/dev/null)
    elif [[ $before == -* && -n $(_lpctl_help "if (\$1 == \"$before\" && \$2 ~ /^[A-Z][A-Z:]*\$/) print" "$verb") ]]; then
        return # a value of its own
    elif [[ -n $(_lpctl_help 'if (section == "Positionals:" && $1 == "PATCH") print' "$verb") ]]; then
        words=$(lpctl list 2>/dev/null | awk 'NR > 1 { print $1 }')
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _lpctl lpctl
