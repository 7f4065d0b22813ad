# bash completion of ptrap. Generated from src/cli and src/config/options.ts by npm run docs:gen.

# What a command's flag takes; fails where it takes nothing.
_ptrap_value() {
  local cur=$2
  case $1 in
    'watch --netns') mapfile -t COMPREPLY < <(compgen -W "$(ip netns list 2>/dev/null | cut -d ' ' -f 1)" -- "$cur") ;;
    'watch --source') mapfile -t COMPREPLY < <(compgen -W 'auto journal nflog queue bpf audit' -- "$cur") ;;
    'watch --hold') mapfile -t COMPREPLY < <(compgen -W 'netem none' -- "$cur") ;;
    'watch --hold-strategy') mapfile -t COMPREPLY < <(compgen -W 'egress clsact root' -- "$cur") ;;
    'watch -s' | 'watch --delay') mapfile -t COMPREPLY < <(compgen -W 'auto' -- "$cur") ;;
    'watch -n' | 'watch --limit') : ;;
    'watch --limit-per') mapfile -t COMPREPLY < <(compgen -W 'connection process executable none' -- "$cur") ;;
    'watch -e' | 'watch --exec') mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
    'watch --exec-user') mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
    'watch --plugin') mapfile -t COMPREPLY < <(compgen -W 'dns exec freeze journal json-logger notify-send otlp process-tree tls-sni' -f -- "$cur"); compopt -o filenames 2>/dev/null || : ;;
    'watch --output') mapfile -t COMPREPLY < <(compgen -W 'pretty live json quiet' -- "$cur") ;;
    'watch --count') : ;;
    'watch --for') : ;;
    'watch -i' | 'watch --ip') : ;;
    'watch -p' | 'watch --port') : ;;
    'watch --config') mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames 2>/dev/null || : ;;
    'events --since') : ;;
    'events --until') : ;;
    'events --exe') : ;;
    'events --unit') : ;;
    'events --user') mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
    'events --host') : ;;
    'events -D' | 'events --directory') mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames 2>/dev/null || : ;;
    'events --output') mapfile -t COMPREPLY < <(compgen -W 'pretty json csv' -- "$cur") ;;
    *) return 1 ;;
  esac
}

_ptrap() {
  local cur=${COMP_WORDS[COMP_CWORD]} flag='' command=watch flags
  COMPREPLY=()
  # --flag=value is three words here
  if [[ $cur == = ]]; then
    flag=${COMP_WORDS[COMP_CWORD - 1]} cur=''
  elif ((COMP_CWORD > 1)); then
    flag=${COMP_WORDS[COMP_CWORD - 1]}
    if [[ $flag == = ]]; then flag=${COMP_WORDS[COMP_CWORD - 2]}; fi
  fi
  case ${COMP_WORDS[1]} in
    events | doctor | init | ls | cleanup) ((COMP_CWORD > 1)) && command=${COMP_WORDS[1]} ;;
  esac
  _ptrap_value "$command $flag" "$cur" && return
  if [[ $cur == -* ]]; then
    case $command in
      watch) flags='--new-connections --netns --forwarded --source --hold --hold-strategy --delay --process-table --no-process-table --limit --limit-per --exec --exec-user --plugin --output --count --for --fail-on-match --dry-run --verbose --ip --port --tcp --udp --config --no-config --help --version' ;;
      events) flags='--since --until --exe --unit --user --host --merge --directory --follow --summary --output --help --version' ;;
      doctor) flags='--json --help --version' ;;
      init) flags='--force --help --version' ;;
      ls) flags='--help --version' ;;
      cleanup) flags='--all --help --version' ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$cur")
  elif ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W 'watch events doctor init ls cleanup help' -- "$cur")
  fi
}

complete -F _ptrap ptrap
