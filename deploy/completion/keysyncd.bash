# Bash completion for keysyncd. Flags take their value behind = or as the next word.
_keysyncd() {
    local current previous words_of command="" i
    COMPREPLY=()
    # Bash breaks words at = where COMP_WORDBREAKS holds it: put --flag=value together again.
    current=${COMP_WORDS[COMP_CWORD]}
    previous=${COMP_WORDS[COMP_CWORD - 1]}
    if [[ $current == "=" ]]; then
        current=""
    elif [[ $previous == "=" ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        run | check | report | explain | decode | version)
            command=${COMP_WORDS[i]}
            break
            ;;
        esac
    done

    case $previous in
    --config.file | --web.config.file)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --log.level)
        mapfile -t COMPREPLY < <(compgen -W "debug info warn error" -- "$current")
        return
        ;;
    --log.format)
        mapfile -t COMPREPLY < <(compgen -W "logfmt json" -- "$current")
        return
        ;;
    --web.listen-address)
        mapfile -t COMPREPLY < <(compgen -W "127.0.0.1:10061 0.0.0.0:10061" -- "$current")
        return
        ;;
    --since)
        mapfile -t COMPREPLY < <(compgen -W "1d 7d 30d 90d" -- "$current")
        return
        ;;
    --format)
        case $command in
        report) words_of="table json csv" ;;
        *) words_of="text json" ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$words_of" -- "$current")
        return
        ;;
    esac

    case $command in
    "") words_of="run check report explain decode version --help" ;;
    run)
        words_of="--config.file= --web.listen-address= --web.config.file= --web.enable-lifecycle --web.disable-users
            --log.level= --log.format= --help"
        ;;
    check) words_of="--config.file= --web.config.file= --online --help" ;;
    report) words_of="--config.file= --since --format --help" ;;
    explain) words_of="--config.file= --format --help" ;;
    decode) words_of="--format --help -" ;;
    *) words_of="--help" ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words_of" -- "$current")
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace
    fi
}
complete -F _keysyncd keysyncd
