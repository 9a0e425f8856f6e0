//! `ranklab completions`: prints a shell's completion script.

use clap::Args;
use clap_complete::{Shell, generate};

use crate::ui::output::print;

/// Print shell completions, for example: ranklab completions bash > ranklab.bash
#[derive(Args, Clone, Debug)]
pub(crate) struct CompletionsArgs {
    /// Shell to complete in.
    shell: Shell,
}

/// Prints the completion script of `command`, which describes the whole tool.
pub(crate) fn completions(arguments: &CompletionsArgs, command: &mut clap::Command) -> anyhow::Result<()> {
    let mut script = Vec::new();
    generate(arguments.shell, command, "ranklab", &mut script);
    print(&String::from_utf8_lossy(&script))
}
