import { Argument, type Command } from 'commander'
import { completionScript, type Shell, shells } from '../completion-scripts.js'
import type { CliIo } from '../console.js'

/**
 * This may be called before or after the other commands are added, because the script names every command that the
 * program has when the script is asked for.
 */
export const addCompletionCommand = (program: Command, io: CliIo): void => {
  program
    .command('completion')
    .summary('print a script that completes commands in a shell')
    .description(
      'Prints a script for the shell. bash: eval "$(longshore completion bash)" in ~/.bashrc; zsh: the same with zsh, behind ' +
        'compinit, in ~/.zshrc; fish: longshore completion fish > ~/.config/fish/completions/longshore.fish.',
    )
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .action((shell: Shell) => {
      io.stdout.write(completionScript(program, shell))
    })
}
