//! `ranklab completions`: prints a shell's completion script.

use clap::Args;
use clap_complete::{Shell, generate};

use crate::ui::output::print;

/// Print shell completions, for example: ranklab completions bash > ranklab.bash
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  source <(ranklab completions bash)       in ~/.bashrc
  source <(ranklab completions zsh)        in ~/.zshrc, after compinit
  ranklab completions fish > ~/.config/fish/completions/ranklab.fish

In bash, zsh and fish the settings of sweeps are completed as well: `ranklab sweep model=` and Tab.")]
pub(crate) struct CompletionsArgs {
    /// Shell to complete in.
    shell: Shell,
}

/// Prints the completion script of `command`, which describes the whole tool. The scripts of bash, zsh and fish ask
/// `ranklab complete` at each Tab.
pub(crate) fn completions(arguments: &CompletionsArgs, command: &mut clap::Command) -> anyhow::Result<()> {
    match arguments.shell {
        Shell::Bash => print(include_str!("completions/ranklab.bash")),
        Shell::Zsh => print(include_str!("completions/ranklab.zsh")),
        Shell::Fish => print(include_str!("completions/ranklab.fish")),
        other => {
            let mut script = Vec::new();
            generate(other, command, "ranklab", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    }
}
