import type { Command } from 'commander'

/** These shells have completion scripts, in the order of the documentation. */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

interface OptionWords {
  readonly flag: string
  readonly meaning: string
  readonly takesValue: boolean
  /** This is empty when any value is allowed. */
  readonly choices: readonly string[]
}

interface CommandWords {
  readonly name: string
  readonly meaning: string
  readonly options: readonly OptionWords[]
  /** This is what comes after the options. For `other` nothing is completed. */
  readonly argument: 'ids' | 'files' | 'choices' | 'other'
  readonly choices: readonly string[]
}

const fileArguments = ['path', 'file']

const argumentOf = ({ registeredArguments: [first] }: Command): Pick<CommandWords, 'argument' | 'choices'> => {
  if (first === undefined) return { argument: 'other', choices: [] }
  if (first.argChoices !== undefined) return { argument: 'choices', choices: first.argChoices }
  if (first.name() === 'id') return { argument: 'ids', choices: [] }
  return { argument: fileArguments.includes(first.name()) ? 'files' : 'other', choices: [] }
}

const wordsOf = (program: Command): readonly CommandWords[] =>
  program.commands.map((command) => ({
    name: command.name(),
    meaning: command.summary() || command.description(),
    options: command.options.map((option) => ({
      flag: option.long ?? option.flags,
      meaning: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    })),
    ...argumentOf(command),
  }))

/**
 * Lists the ids of the newest jobs, by asking a daemon that may not be running. Shells expand what they are given here,
 * so only text that looks like an id gets through.
 */
const idsCommand = "longshore ls --limit 50 2>/dev/null | awk '$1 ~ /^[0-9A-Za-z-]+$/ && NR > 1 { print $1 }'"

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const bashScript = (commands: readonly CommandWords[]): string => {
  const choices = commands.flatMap(({ name, options }) =>
    options
      .filter((option) => option.choices.length > 0)
      .map(({ flag, choices }) => `    ${name}:${flag}) words=${quoted(choices.join(' '))} ;;`),
  )
  const values = commands.flatMap(({ name, options }) =>
    options
      .filter(({ takesValue, choices }) => takesValue && choices.length === 0)
      .map(({ flag }) => `${name}:${flag}`),
  )
  const wordsFor = ({ name, argument, choices }: CommandWords): string[] => {
    if (argument === 'choices') return [`      ${name}) words=${quoted(choices.join(' '))} ;;`]
    return argument === 'ids' ? [`      ${name}) words=$(${idsCommand}) ;;`] : []
  }
  return `# bash completion of longshore: eval "$(longshore completion bash)"
_longshore() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]} words=
  COMPREPLY=()
  case $command:$before in
${choices.join('\n')}
    ${values.join(' | ')}) return ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    words=${quoted(commands.map(({ name }) => name).join(' '))}
  elif [ -n "$words" ]; then
    :
  elif [[ $current == -* ]]; then
    case $command in
${commands.map(({ name, options }) => `      ${name}) words=${quoted([...options.map(({ flag }) => flag), '--help'].join(' '))} ;;`).join('\n')}
    esac
  else
    case $command in
${commands.flatMap(wordsFor).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _longshore longshore
`
}

/** Colons and brackets have a meaning in zsh's specifications, so they are escaped. */
const zshText = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&')

const zshArgument = ({ argument, choices }: CommandWords): string => {
  if (argument === 'choices') return quoted(`1: :(${choices.join(' ')})`)
  if (argument === 'ids') return '"*: :($ids)"'
  return argument === 'files' ? quoted('*: :_files') : ''
}

const zshCase = (command: CommandWords): string => {
  const fetch = command.argument === 'ids' ? `ids=(\${(f)"$(${idsCommand})"}); ` : ''
  const words = [...command.options.map(zshOption), quoted('--help[show help]'), zshArgument(command)]
  return `    ${command.name}) ${fetch}_arguments ${words.join(' ').trimEnd()} ;;`
}

const zshOption = ({ flag, meaning, takesValue, choices }: OptionWords): string => {
  const value = takesValue ? `:value:${choices.length > 0 ? `(${choices.join(' ')})` : ''}` : ''
  return quoted(`*${flag}[${zshText(meaning)}]${value}`)
}

const zshScript = (commands: readonly CommandWords[]): string => `#compdef longshore
# zsh completion of longshore: eval "$(longshore completion zsh)" behind compinit, or this file as _longshore in $fpath
_longshore() {
  local -a commands ids
  commands=(
${commands.map(({ name, meaning }) => `    ${quoted(`${name}:${zshText(meaning)}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${commands.map(zshCase).join('\n')}
  esac
}
(( \${+functions[compdef]} )) && compdef _longshore longshore
`

const fishQuoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`

const fishLines = ({ name, meaning, options, argument, choices }: CommandWords): string[] => {
  const within = `complete -c longshore -n '__fish_seen_subcommand_from ${name}'`
  const values = argument === 'ids' ? `(${idsCommand})` : choices.join(' ')
  return [
    `complete -c longshore -n __fish_use_subcommand -f -a ${name} -d ${fishQuoted(meaning)}`,
    ...(argument === 'files' ? [] : [`${within} -f`]),
    ...(values === '' ? [] : [`${within} -a ${fishQuoted(values)}`]),
    ...options.map(({ flag, meaning, takesValue, choices }) => {
      const value = choices.length > 0 ? ` -xa ${fishQuoted(choices.join(' '))}` : takesValue ? ' -x' : ''
      return `${within} -l ${flag.replace(/^--/, '')}${value} -d ${fishQuoted(meaning)}`
    }),
  ]
}

const fishScript = (commands: readonly CommandWords[]): string =>
  `# fish completion of longshore: longshore completion fish | source\n${commands.flatMap(fishLines).join('\n')}\n`

/** Returns a script that teaches a shell every command and option of a program. */
export const completionScript = (program: Command, shell: Shell): string => {
  const commands = wordsOf(program)
  if (shell === 'bash') return bashScript(commands)
  return shell === 'zsh' ? zshScript(commands) : fishScript(commands)
}
