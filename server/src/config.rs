//! What `serve` can be told, by flag or by environment; a flag wins over the environment.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use engine::key::limit::Rate;
use engine::mail::Mailer;
use engine::store::Location;
use engine::workflow::duration;
use ipnet::IpNet;

/// Where the database is; the same for `serve` and the commands beside it.
#[derive(Debug, Clone, Args)]
pub(crate) struct DatabaseArgs {
    /// Folder for the database and everything else Sluice keeps.
    #[arg(long, env = "SLUICE_DATA_DIR", default_value = "./sluice-data")]
    pub data_dir: PathBuf,
    /// A Postgres database in place of the SQLite file in the data folder.
    #[arg(long, env = "SLUICE_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// A file that holds the address of the Postgres database.
    #[arg(
        long,
        env = "SLUICE_DATABASE_URL_FILE",
        value_name = "FILE",
        conflicts_with = "database_url"
    )]
    pub database_url_file: Option<PathBuf>,
    /// The key that secrets are encrypted with; made when it is missing [default: secret.key in the
    /// data folder]
    #[arg(long, env = "SLUICE_SECRET_KEY_FILE", value_name = "FILE")]
    pub secret_key_file: Option<PathBuf>,
}

impl DatabaseArgs {
    pub(crate) fn secret_key_file(&self) -> PathBuf {
        self.secret_key_file.clone().unwrap_or_else(|| self.data_dir.join("secret.key"))
    }

    pub(crate) fn location(&self) -> anyhow::Result<Location> {
        match secret(self.database_url.as_deref(), self.database_url_file.as_deref())?.as_deref() {
            None => Ok(Location::Folder(self.data_dir.clone())),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Location::Postgres(url.to_owned()))
            }
            Some(url) => {
                let scheme = url.split(':').next().unwrap_or_default();
                anyhow::bail!(
                    "SLUICE_DATABASE_URL begins with postgres://, not {scheme}: leave it out for SQLite"
                )
            }
        }
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ServeArgs {
    /// Address to listen on; port 0 takes a free one and prints it.
    #[arg(long, env = "SLUICE_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Requests that one address may send to intake, for example 100/min, 20/s, or off.
    #[arg(long, env = "SLUICE_INGEST_RATE_LIMIT", default_value = "100/min", value_name = "RATE")]
    pub ingest_rate_limit: RateLimit,
    /// Largest request body, for example 512KiB or 1MiB.
    #[arg(long, env = "SLUICE_MAX_BODY", default_value = "1MiB", value_name = "SIZE")]
    pub max_body: ByteSize,
    /// How long an idempotency key is remembered, for example 24h or 7d.
    #[arg(
        long,
        env = "SLUICE_IDEMPOTENCY_TTL",
        value_parser = duration::parse,
        default_value = "24h",
        value_name = "DURATION"
    )]
    pub idempotency_ttl: Duration,
    /// Proxies whose X-Forwarded-For is believed, as networks separated by commas.
    #[arg(long, env = "SLUICE_TRUSTED_PROXIES", value_delimiter = ',', value_name = "CIDR")]
    trusted_proxies: Vec<Network>,
    /// Private networks that workflows may call, separated by commas.
    #[arg(long, env = "SLUICE_ALLOW_TARGETS", value_delimiter = ',', value_name = "CIDR")]
    allow_targets: Vec<Network>,
    /// NATS JetStream, for durable intake and many nodes; refused until a build of Sluice has it.
    #[arg(long, env = "SLUICE_NATS_URL", hide_env_values = true, value_name = "URL")]
    nats_url: Option<String>,
    /// Redis, for limits that nodes share; refused until a build of Sluice has it.
    #[arg(long, env = "SLUICE_REDIS_URL", hide_env_values = true, value_name = "URL")]
    redis_url: Option<String>,
    /// The server that sends the email of alerts, as smtp://user:password@host:587, encrypted by STARTTLS,
    /// or smtps://user:password@host:465; ?tls=none sends a password in the clear.
    #[arg(long, env = "SLUICE_SMTP_URL", hide_env_values = true, value_name = "URL")]
    smtp_url: Option<String>,
    /// A file that holds the address of that server.
    #[arg(long, env = "SLUICE_SMTP_URL_FILE", value_name = "FILE", conflicts_with = "smtp_url")]
    smtp_url_file: Option<PathBuf>,
    /// Whom the email of alerts comes from.
    #[arg(
        long,
        env = "SLUICE_SMTP_FROM",
        default_value = "sluice@localhost",
        value_name = "EMAIL"
    )]
    pub smtp_from: String,
    /// Email of the first owner, made on first start without a set-up link.
    #[arg(long, env = "SLUICE_OWNER_EMAIL", requires = "owner_secret", value_name = "EMAIL")]
    owner_email: Option<String>,
    /// Password of the first owner.
    #[arg(
        long,
        env = "SLUICE_OWNER_PASSWORD",
        hide_env_values = true,
        value_name = "PASSWORD",
        group = "owner_secret"
    )]
    owner_password: Option<String>,
    /// A file that holds the password of the first owner.
    #[arg(long, env = "SLUICE_OWNER_PASSWORD_FILE", value_name = "FILE", group = "owner_secret")]
    owner_password_file: Option<PathBuf>,
    /// Show /metrics to anyone who can reach it; otherwise it takes a key that may read.
    #[arg(
        long,
        env = "SLUICE_METRICS_OPEN",
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub metrics_open: bool,
    /// What to log, for example info or info,engine=debug.
    #[arg(long, env = "SLUICE_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,
    /// How to log.
    #[arg(long, env = "SLUICE_LOG_FORMAT", default_value = "pretty", value_name = "FORMAT")]
    pub log_format: LogFormat,
}

impl ServeArgs {
    pub(crate) fn mailer(&self) -> anyhow::Result<Option<Mailer>> {
        let url = secret(self.smtp_url.as_deref(), self.smtp_url_file.as_deref())?;
        Ok(url.map(|url| Mailer::new(&url, &self.smtp_from)).transpose()?)
    }

    /// Email and password of the first owner, where they are given.
    pub(crate) fn owner(&self) -> anyhow::Result<Option<(String, String)>> {
        let password = secret(self.owner_password.as_deref(), self.owner_password_file.as_deref())?;
        Ok(self.owner_email.clone().zip(password))
    }

    pub(crate) fn trusted_proxies(&self) -> Vec<IpNet> {
        self.trusted_proxies.iter().filter_map(|given| given.0).collect()
    }

    pub(crate) fn allow_targets(&self) -> Vec<IpNet> {
        self.allow_targets.iter().filter_map(|given| given.0).collect()
    }

    /// Nobody is to believe in what is not there.
    pub(crate) fn refuse_what_is_not_built(&self) -> anyhow::Result<()> {
        for (name, url, what) in [
            ("SLUICE_NATS_URL", &self.nats_url, "NATS: events are kept in SQLite or Postgres"),
            ("SLUICE_REDIS_URL", &self.redis_url, "Redis: each server keeps limits of its own"),
        ] {
            if url.is_some() {
                anyhow::bail!("{name} is set, but this build does not know {what}; leave it out");
            }
        }
        Ok(())
    }
}

/// A secret as it is given, or as it stands in a file; a last line break is none of it.
pub(crate) fn secret(given: Option<&str>, file: Option<&Path>) -> anyhow::Result<Option<String>> {
    let Some(file) = file else { return Ok(given.map(str::to_owned)) };
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the secret in {}", file.display()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!text.is_empty(), "there is no secret in {}", file.display());
    Ok(Some(text.to_owned()))
}

/// A network, or nothing between two commas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network(Option<IpNet>);

impl FromStr for Network {
    type Err = ipnet::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "" => Ok(Self(None)),
            text => text.parse().map(|network| Self(Some(network))),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    Pretty,
    Json,
}

/// So many requests in a stretch of time, or no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateLimit {
    Off,
    Per(Rate),
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Per(rate) => rate.fmt(f),
        }
    }
}

impl FromStr for RateLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            _ => {
                let rate: Rate = text.parse().map_err(|error| format!("{error}, or off"))?;
                match Duration::from_secs(rate.seconds.into()) / rate.count.get() {
                    Duration::ZERO => {
                        Err("more than one in a nanosecond is no limit: use off".into())
                    }
                    _ => Ok(Self::Per(rate)),
                }
            }
        }
    }
}

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteSize(pub(crate) usize);

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes % (1 << 20) == 0 => write!(f, "{} MiB", bytes >> 20),
            bytes if bytes % (1 << 10) == 0 => write!(f, "{} KiB", bytes >> 10),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a size: write 1048576, 512KiB or 1MiB");
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let number: usize = text[..digits].parse().map_err(|_| wrong())?;
        let unit = match text[digits..].trim() {
            "" | "B" => 1,
            "KiB" | "K" => 1 << 10,
            "MiB" | "M" => 1 << 20,
            "KB" => 1_000,
            "MB" => 1_000_000,
            _ => return Err(wrong()),
        };
        number.checked_mul(unit).filter(|bytes| *bytes > 0).map(Self).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_sizes_as_people_write_them() {
        let rate = "100/min".parse().unwrap();
        assert_eq!("100/min".parse(), Ok(RateLimit::Per(rate)));
        assert_eq!("off".parse(), Ok(RateLimit::Off));
        assert!("0/min".parse::<RateLimit>().is_err());
        assert!("2000000000/s".parse::<RateLimit>().is_err());
        assert_eq!("1MiB".parse(), Ok(ByteSize(1_048_576)));
        assert_eq!("100".parse(), Ok(ByteSize(100)));
        assert!("1 parsec".parse::<ByteSize>().is_err());
    }

    #[derive(clap::Parser)]
    struct Serve {
        #[command(flatten)]
        args: ServeArgs,
    }

    fn parse(arguments: &[&str]) -> Result<ServeArgs, clap::error::ErrorKind> {
        let arguments = ["serve"].iter().chain(arguments);
        let parsed = <Serve as clap::Parser>::try_parse_from(arguments);
        parsed.map(|serve| serve.args).map_err(|error| error.kind())
    }

    #[test]
    fn a_blank_list_of_networks_is_none() {
        let args =
            parse(&["--trusted-proxies=", "--allow-targets", "10.0.0.0/8, ,::1/128"]).unwrap();
        assert!(args.trusted_proxies().is_empty());
        let targets = ["10.0.0.0/8", "::1/128"].map(|network| network.parse::<IpNet>().unwrap());
        assert_eq!(args.allow_targets(), targets);
        assert!(parse(&["--trusted-proxies", "nearby"]).is_err());
    }

    #[test]
    fn a_secret_may_stand_in_a_file_but_not_twice() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        std::fs::write(file.path(), "pass word \n").unwrap();
        let args = parse(&["--owner-email", "a@b.c", "--owner-password-file", path]).unwrap();
        assert_eq!(args.owner().unwrap(), Some(("a@b.c".into(), "pass word ".into())));
        std::fs::write(file.path(), "postgres://db/sluice\r\n").unwrap();
        let args = parse(&["--database-url-file", path]).unwrap();
        let location = Location::Postgres("postgres://db/sluice".into());
        assert_eq!(args.database.location().unwrap(), location);
        std::fs::write(file.path(), "\n").unwrap();
        assert!(args.database.location().is_err(), "an empty file is a mistake");
        for twice in [
            ["--owner-password", "x", "--owner-password-file", path],
            ["--database-url", "postgres://x", "--database-url-file", path],
            ["--smtp-url", "smtp://x", "--smtp-url-file", path],
        ] {
            let refused = parse(&twice).map(drop);
            assert_eq!(refused, Err(clap::error::ErrorKind::ArgumentConflict), "{twice:?}");
        }
        let alone = parse(&["--owner-email", "a@b.c"]).map(drop);
        assert_eq!(alone, Err(clap::error::ErrorKind::MissingRequiredArgument));
    }

    #[test]
    fn what_is_not_built_is_refused_when_it_is_asked_for() {
        assert!(parse(&[]).unwrap().refuse_what_is_not_built().is_ok());
        for flag in ["--nats-url", "--redis-url"] {
            assert!(parse(&[flag, "x://y"]).unwrap().refuse_what_is_not_built().is_err());
        }
    }
}
