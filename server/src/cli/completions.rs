//! `sluice completions`: what a shell needs to complete commands and flags.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;

#[derive(clap::Args)]
pub(super) struct CompletionsArgs {
    /// For example: sluice completions bash > /etc/bash_completion.d/sluice
    shell: Of,
}

/// The shells that are documented.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Of {
    Bash,
    Zsh,
    Fish,
}

pub(super) fn run(args: &CompletionsArgs) {
    let shell = match args.shell {
        Of::Bash => Shell::Bash,
        Of::Zsh => Shell::Zsh,
        Of::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sluice", &mut script);
    super::output::line(String::from_utf8_lossy(&script).trim_end());
}
