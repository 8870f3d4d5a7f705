//! What `serve` can be told, by flag or by environment; a flag wins over the environment.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use engine::key::limit::Rate;
use engine::mail::{Mailer, MailerError};
use engine::store::Location;
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
        match self.database_url.as_deref() {
            None | Some("") => Ok(Location::Folder(self.data_dir.clone())),
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
    /// Proxies whose X-Forwarded-For is believed, as networks separated by commas.
    #[arg(long, env = "SLUICE_TRUSTED_PROXIES", value_delimiter = ',', value_name = "CIDR")]
    pub trusted_proxies: Vec<IpNet>,
    /// Private networks that workflows may call, separated by commas.
    #[arg(long, env = "SLUICE_ALLOW_TARGETS", value_delimiter = ',', value_name = "CIDR")]
    pub allow_targets: Vec<IpNet>,
    /// The server that sends the email of alerts, as smtp://user:password@host:587 or smtps://….
    #[arg(long, env = "SLUICE_SMTP_URL", hide_env_values = true, value_name = "URL")]
    pub smtp_url: Option<String>,
    /// Whom the email of alerts comes from.
    #[arg(
        long,
        env = "SLUICE_SMTP_FROM",
        default_value = "sluice@localhost",
        value_name = "EMAIL"
    )]
    pub smtp_from: String,
    /// Email of the first owner, made on first start without a set-up link.
    #[arg(long, env = "SLUICE_OWNER_EMAIL", requires = "owner_password", value_name = "EMAIL")]
    pub owner_email: Option<String>,
    /// Password of the first owner.
    #[arg(long, env = "SLUICE_OWNER_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
    pub owner_password: Option<String>,
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
    pub(crate) fn mailer(&self) -> Result<Option<Mailer>, MailerError> {
        let url = self.smtp_url.as_deref().filter(|url| !url.is_empty());
        url.map(|url| Mailer::new(url, &self.smtp_from)).transpose()
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
            _ => text.parse().map(Self::Per).map_err(|error| format!("{error}, or off")),
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
        assert_eq!("1MiB".parse(), Ok(ByteSize(1_048_576)));
        assert_eq!("100".parse(), Ok(ByteSize(100)));
        assert!("1 parsec".parse::<ByteSize>().is_err());
    }
}
