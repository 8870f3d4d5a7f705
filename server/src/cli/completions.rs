//! `sluice completions`: what a shell needs to complete commands and flags.

use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;

use super::{Cli, OutputArgs, output};

#[derive(clap::Args)]
pub(super) struct CompletionsArgs {
    /// For example: sluice completions bash > /etc/bash_completion.d/sluice
    shell: Of,
    #[command(flatten)]
    output: OutputArgs,
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
    let script = String::from_utf8_lossy(&script);
    match args.output.json {
        true => output::line(json!({ "shell": shell.to_string(), "script": script })),
        false => output::line(script.trim_end()),
    }
}
