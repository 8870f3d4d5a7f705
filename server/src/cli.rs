//! The command line: what it says is its documentation.

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::builder::Resettable;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use engine::audit::{self, Actor};

use crate::config::ServeArgs;

mod backup;
mod bulk;
mod chosen;
mod client;
mod completions;
mod dlq;
mod doctor;
mod erase;
mod events;
mod follow;
mod keys;
mod listen;
mod many;
mod migrate;
mod openapi;
mod output;
mod progress;
mod quarantine;
mod retention;
mod runs;
mod secrets;
mod send;
mod serve;
mod sources;
mod sse;
mod tail;
mod users;
mod workflows;

/// Sluice receives webhooks and events, stores each one before it says yes, runs your workflows and
/// shows everything live.
///
/// Start with `sluice serve`: it prints the dashboard's address and a link to sign in.
#[derive(Parser)]
#[command(name = "sluice", version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the dashboard, the API and intake.
    Serve(Box<ServeArgs>),
    /// Bring the database up to date and leave.
    Migrate(migrate::MigrateArgs),
    /// Make, list and revoke API keys.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Let providers deliver signed webhooks.
    #[command(subcommand)]
    Sources(sources::SourcesCommand),
    /// Set, list and delete what http steps read as ${secret.NAME}.
    #[command(subcommand)]
    Secrets(secrets::SecretsCommand),
    /// List, release and delete deliveries that were not believed.
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineCommand),
    /// Add and list the people who may sign in.
    #[command(subcommand)]
    Users(users::UsersCommand),
    /// Put workflows in force and list them.
    #[command(subcommand)]
    Workflows(workflows::WorkflowsCommand),
    /// List, show, replay, mark and delete events.
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Erase what there is about somebody, and list the receipts.
    #[command(subcommand)]
    Erase(erase::EraseCommand),
    /// Say how long and how much of events is kept, and list what is due to be removed.
    #[command(subcommand)]
    Retention(retention::RetentionCommand),
    /// List, show and cancel runs of workflows.
    #[command(subcommand)]
    Runs(runs::RunsCommand),
    /// List, retry, resolve and delete the events that failed.
    #[command(subcommand)]
    Dlq(dlq::DlqCommand),
    /// Watch, cancel and resume what is done to many events.
    #[command(subcommand)]
    Bulk(bulk::BulkCommand),
    /// Check disk, database, clock, limits and keys, and say what to do; nothing is changed.
    Doctor(Box<doctor::DoctorArgs>),
    /// Print the API as an OpenAPI 3.1 document.
    #[command(name = "openapi")]
    OpenApi(OutputArgs),
    /// Send an event, for example: sluice send order.created --source shop --data '{"total": 120}'
    Send(send::SendArgs),
    /// Show events as they arrive and change.
    Tail(tail::TailArgs),
    /// Deliver live events to a program on this machine and show its answers.
    Listen(listen::ListenArgs),
    /// Copy the database and its key to a file, while the server runs or without one.
    Backup(backup::BackupArgs),
    /// Put a backup into an empty data folder.
    Restore(backup::RestoreArgs),
    /// Print a script that lets a shell complete commands and flags.
    Completions(completions::CompletionsArgs),
}

/// How results are printed.
#[derive(Debug, Clone, Copy, Args)]
struct OutputArgs {
    /// Print JSON for other programs.
    #[arg(long)]
    json: bool,
}

impl Cli {
    /// What this process was told, by its arguments and its environment.
    pub(crate) fn read() -> Self {
        let matches = without_blanks(Self::command()).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// A variable of the environment that is blank counts as not set: files of variables have such lines.
fn without_blanks(command: clap::Command) -> clap::Command {
    let is_blank = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    command
        .mut_args(|arg| match arg.get_env().is_some_and(is_blank) {
            true => arg.env(Resettable::Reset),
            false => arg,
        })
        .mut_subcommands(without_blanks)
}

/// Whoever can reach the database may change it; the audit log says under which name of the machine.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    audit::within(async {
        let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
        audit::enter(Actor::command_line(&user.unwrap_or_else(|_| "command line".to_owned())));
        dispatch(cli.command).await
    })
    .await
}

async fn dispatch(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(args) => serve::run(*args).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::Tail(args) => tail::run(args).await,
        Command::Listen(args) => listen::run(args).await,
        Command::Backup(args) => backup::back_up(args).await,
        Command::Restore(args) => backup::restore(args).await,
        Command::Completions(args) => {
            completions::run(&args);
            Ok(())
        }
        Command::Keys(command) => keys::run(command).await,
        Command::Sources(command) => sources::run(command).await,
        Command::Secrets(command) => secrets::run(command).await,
        Command::Quarantine(command) => quarantine::run(command).await,
        Command::Users(command) => users::run(command).await,
        Command::Workflows(command) => workflows::run(command).await,
        Command::Events(command) => events::run(command).await,
        Command::Erase(command) => erase::run(command).await,
        Command::Retention(command) => retention::run(command).await,
        Command::Runs(command) => runs::run(command).await,
        Command::Dlq(command) => dlq::run(command).await,
        Command::Bulk(command) => bulk::run(command).await,
        Command::Doctor(args) => doctor::run(*args).await,
        Command::OpenApi(_) => openapi::run(),
        Command::Send(args) => send::run(args).await,
    }
}

/// One line that says what went wrong, and exit code 1.
pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    // Causes often repeat in their parent's message; each is said once.
    let mut said = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if !said.contains(&text) {
            said = if said.is_empty() { text } else { format!("{said}: {text}") };
        }
    }
    eprintln!("sluice: {}", said.replace('\n', " "));
    ExitCode::FAILURE
}
