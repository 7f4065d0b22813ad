import type { CommandName } from '../../../src/cli/commands.js';
import { commandNames, DEFAULT, offeredBy, spellings, type Offered } from './flags.js';

/** completions/ptrap.bash; needs nothing of the package bash-completion. */
export function bashCompletion(): string {
  const others = commandNames.filter(name => name !== DEFAULT);
  return `# bash completion of ptrap. Generated from src/cli and src/config/options.ts by npm run docs:gen.

# What a command's flag takes; fails where it takes nothing.
_ptrap_value() {
  local cur=$2
  case $1 in
${commandNames.flatMap(values).join('\n')}
    *) return 1 ;;
  esac
}

_ptrap() {
  local cur=\${COMP_WORDS[COMP_CWORD]} flag='' command=${DEFAULT} flags
  COMPREPLY=()
  # --flag=value is three words here
  if [[ $cur == = ]]; then
    flag=\${COMP_WORDS[COMP_CWORD - 1]} cur=''
  elif ((COMP_CWORD > 1)); then
    flag=\${COMP_WORDS[COMP_CWORD - 1]}
    if [[ $flag == = ]]; then flag=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  fi
  case \${COMP_WORDS[1]} in
    ${others.join(' | ')}) ((COMP_CWORD > 1)) && command=\${COMP_WORDS[1]} ;;
  esac
  _ptrap_value "$command $flag" "$cur" && return
  if [[ $cur == -* ]]; then
    case $command in
${commandNames.map(name => `      ${name}) flags='${words(offeredBy(name))}' ;;`).join('\n')}
    esac
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$cur")
  elif ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W '${commandNames.join(' ')} help' -- "$cur")
  fi
}

complete -F _ptrap ptrap
`;
}

function values(name: CommandName): string[] {
  return offeredBy(name)
    .filter(({ value }) => value !== undefined)
    .map(flag => {
      const patterns = spellings(flag).map(spelling => `'${name} ${spelling}'`);
      return `    ${patterns.join(' | ')}) ${action(flag)} ;;`;
    });
}

function action({ value }: Offered): string {
  switch (value?.from) {
    case 'words':
      return generate(`-W '${value.words.join(' ')}'`);
    case 'plugins or files':
      return `${generate(`-W '${value.words.join(' ')}' -f`)}; ${AS_FILES}`;
    case 'file':
      return `${generate('-f')}; ${AS_FILES}`;
    case 'command':
      return generate('-c');
    case 'user':
      return generate('-u');
    case 'netns':
      return generate(`-W "$(ip netns list 2>/dev/null | cut -d ' ' -f 1)"`);
    default:
      return ':';
  }
}

/** A slash after a folder, and what a shell would take otherwise escaped; there is nothing to set up where bash completes nothing. */
const AS_FILES = 'compopt -o filenames 2>/dev/null || :';

const generate = (what: string): string => `mapfile -t COMPREPLY < <(compgen ${what} -- "$cur")`;

const words = (flags: readonly Offered[]): string => flags.map(({ flag }) => `--${flag}`).join(' ');
