# Completion for fish. What can be said is what lpctl's own --help lists; the patches are those of now.

# __lpctl_help AWK [VERB]: what an awk program makes of the help.
function __lpctl_help
    set -l program $argv[1]
    lpctl $argv[2..] --help 2>/dev/null | awk "/^[A-Z][a-z]+:\$/ { section = \$1 } /^  / { $program }"
end

# The verb that has been said.
function __lpctl_verb
    for word in (commandline -opc)[2..]
        if not string match -q -- '-*' $word
            echo $word
            return 0
        end
    end
    return 1
end

# A word and, behind a tab, what it means.
function __lpctl_verbs
    __lpctl_help 'if (section == "Subcommands:") { word = $1; $1 = ""; print word "\t" substr($0, 2) }'
end

function __lpctl_options
    __lpctl_help 'if (section == "Options:") { sub(/^-.,/, "", $1); print $1 }' (__lpctl_verb)
end

function __lpctl_takes_patch
    set -l verb (__lpctl_verb); or return 1
    test -n "$(__lpctl_help 'if (section == "Positionals:" && $1 == "PATCH") print' $verb)"
end

function __lpctl_patches
    lpctl list 2>/dev/null | awk 'NR > 1 { print $1 }'
end

complete -c lpctl -f
complete -c lpctl -n 'not __lpctl_verb' -a '(__lpctl_verbs)'
complete -c lpctl -n 'string match -q -- "-*" (commandline -ct)' -a '(__lpctl_options)'
complete -c lpctl -n '__fish_seen_subcommand_from list' -l kernel -x -a '(path basename /lib/modules/*/)'
complete -c lpctl -n __lpctl_takes_patch -a '(__lpctl_patches)'
