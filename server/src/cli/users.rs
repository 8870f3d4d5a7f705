//! `sluice users`: works on the database directly.

use std::io::{BufRead, IsTerminal};

use clap::Subcommand;
use engine::Environment;
use engine::user::{self, Role, invitation, manage, session};
use serde_json::json;

use super::{OutputArgs, output};
use crate::config::DatabaseArgs;

#[derive(Subcommand)]
pub(super) enum UsersCommand {
    /// Add a person. The password is read from standard input unless SLUICE_PASSWORD holds it.
    Create {
        #[arg(long)]
        email: String,
        /// viewer, operator or owner.
        #[arg(long, default_value = "viewer", value_parser = role)]
        role: Role,
        #[arg(long, env = "SLUICE_PASSWORD", hide = true, hide_env_values = true)]
        password: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Make a link for someone to come in by, or to choose a new password by.
    Invite {
        email: String,
        /// viewer, operator or owner; someone who is in already keeps theirs.
        #[arg(long, default_value = "viewer", value_parser = role)]
        role: Role,
        /// Where people reach this Sluice.
        #[arg(long, env = "SLUICE_URL", default_value = "http://127.0.0.1:3000")]
        url: String,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Give someone another role.
    Role {
        /// Email address or id.
        user: String,
        #[arg(value_parser = role)]
        role: Role,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// End someone's access; their sessions end at once.
    Remove {
        /// Email address or id.
        user: String,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// End someone's sessions, or everyone's. They may sign in again.
    SignOut {
        /// Email address or id.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        user: Option<String>,
        /// Everyone, wherever they are signed in.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Give someone a new password, read like that of `create`; their sessions end at once.
    Passwd {
        /// Email address or id.
        user: String,
        #[arg(long, env = "SLUICE_PASSWORD", hide = true, hide_env_values = true)]
        password: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// List the people who may sign in.
    List {
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "use viewer, operator or owner".into())
}

pub(super) async fn run(command: UsersCommand) -> anyhow::Result<()> {
    let environment = Environment::system();
    match command {
        UsersCommand::Create { email, role, password, output, database } => {
            let password = match password {
                Some(password) => password,
                None => read_password()?,
            };
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            let user = user::create(&store, &environment, &email, &password, role).await?;
            tell(&user, output, format!("{} may sign in as {}.", user.email, user.role));
        }
        UsersCommand::Invite { email, role, url, output, database } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            let by = "the command line";
            let invited = invitation::invite(&store, &environment, &email, role, by).await?;
            let (invitation, token) = invited;
            let link = format!("{}{}", url.trim_end_matches('/'), invitation.path(&token));
            if output.json {
                let (email, role) = (invitation.email, invitation.role);
                let ends = invitation.expires_at;
                output::line(
                    json!({ "email": email, "role": role, "link": link, "expiresAt": ends }),
                );
            } else {
                output::line(link);
                eprintln!("Hand it to {}: it works once, for seven days.", invitation.email);
            }
        }
        UsersCommand::Role { user, role, output, database } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            let user = manage::set_role(&store, &user, role).await?;
            tell(&user, output, format!("{} is {} now.", user.email, user.role));
        }
        UsersCommand::Remove { user, output, database } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            let user = manage::remove(&store, &user).await?;
            tell(&user, output, format!("{} may sign in no more.", user.email));
        }
        UsersCommand::SignOut { user, all: _, output, database } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            let whom = match user {
                Some(name) => vec![manage::named(&store, &name).await?],
                None => user::list(&store).await?,
            };
            let mut count = 0;
            for user in &whom {
                count += session::end(&store, user, |_| true).await?;
            }
            match output.json {
                true => output::line(json!({ "ended": count })),
                false if count == 1 => output::line("1 session has ended."),
                false => output::line(format!("{count} sessions have ended.")),
            }
        }
        UsersCommand::Passwd { user, password, output, database } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            // Before the password is asked for: a name that is mistyped costs no typing.
            let found = manage::named(&store, &user).await?;
            let password = match password {
                Some(password) => password,
                None => read_password()?,
            };
            let name = found.id.to_string();
            let user = manage::set_password(&store, &environment, &name, &password).await?;
            tell(&user, output, format!("{} has a new password.", user.email));
        }
        UsersCommand::List { output, database } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            let users = user::list(&store).await?;
            if output.json {
                let view = |user: &user::User| json!({ "id": user.id, "email": user.email, "role": user.role, "createdAt": user.created_at });
                output::line(json!(users.iter().map(view).collect::<Vec<_>>()));
            } else {
                let row = |user: &user::User| {
                    [user.email.clone(), user.role.to_string(), user.id.to_string()]
                };
                output::table(["EMAIL", "ROLE", "ID"], &users.iter().map(row).collect::<Vec<_>>());
            }
        }
    }
    Ok(())
}

fn tell(user: &user::User, output: OutputArgs, said: String) {
    match output.json {
        true => output::line(json!({ "id": user.id, "email": user.email, "role": user.role })),
        false => output::line(said),
    }
}

fn read_password() -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        eprint!("Password (12 characters or more, shown as you type): ");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
