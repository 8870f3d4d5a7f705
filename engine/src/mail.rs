//! Sending email: the one way out that is not HTTP.
//!
//! Invariant: a password leaves this machine through no connection that is not encrypted, unless the address
//! says so.

use std::net::IpAddr;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use reqwest::Url;

/// How long sending may take; the transport limits no more than connecting.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends through one SMTP server.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    patience: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    #[error(
        "SLUICE_SMTP_URL cannot be used: {0}; write smtp://user:password@host:587, which is encrypted by \
         STARTTLS, or smtps://user:password@host:465"
    )]
    Url(#[source] lettre::transport::smtp::Error),
    #[error("SLUICE_SMTP_FROM is not an email address: {0}")]
    From(#[source] lettre::address::AddressError),
}

impl Mailer {
    /// `url` is `smtp://` or `smtps://`, with name and password where the server wants them; see
    /// [`encrypted`].
    pub fn new(url: &str, from: &str) -> Result<Self, MailerError> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&encrypted(url));
        let transport = transport.map_err(MailerError::Url)?.build();
        let from = from.parse().map_err(MailerError::From)?;
        Ok(Self { transport, from, patience: PATIENCE })
    }

    pub(crate) async fn send(&self, to: &str, subject: &str, text: String) -> Result<(), String> {
        let to = to.parse::<Mailbox>().map_err(|error| error.to_string())?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| error.to_string())?;
        match tokio::time::timeout(self.patience, self.transport.send(message)).await {
            Ok(sent) => sent.map(drop).map_err(|error| error.to_string()),
            Err(_) => Err(format!("the mail server was not done within {:?}", self.patience)),
        }
    }
}

/// The address as the transport is to read it, which by itself sends everything in the clear where there is no
/// `tls` in it. Here STARTTLS is required to sign in and to submit (port 587) elsewhere than on this machine;
/// `tls=none` says that it is not wanted. Pure.
fn encrypted(url: &str) -> String {
    let Ok(mut address) = Url::parse(url) else { return url.to_owned() };
    let tls = address.query_pairs().find(|(name, _)| name == "tls");
    match (address.scheme(), tls.map(|(_, value)| value.into_owned()).as_deref()) {
        ("smtp", None) if wants_tls(&address) => {
            address.query_pairs_mut().append_pair("tls", "required");
        }
        ("smtp", Some("none")) => address.set_query(None),
        _ => {}
    }
    address.into()
}

fn wants_tls(address: &Url) -> bool {
    let signs_in = !address.username().is_empty() || address.password().is_some();
    (signs_in || address.port() == Some(587)) && !is_here(address)
}

/// Whether it is this machine.
fn is_here(address: &Url) -> bool {
    let host = address.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, used: &str) {
        assert_eq!(encrypted(url), used);
        assert!(Mailer::new(url, "sluice@acme.dev").is_ok(), "{url}");
    }

    #[test]
    fn a_password_and_port_587_want_starttls() {
        for url in ["smtp://u:p@acme.dev:587", "smtp://u:p@acme.dev", "smtp://u:p@acme.dev:25"] {
            check(url, &format!("{url}?tls=required"));
        }
        check("smtp://acme.dev:587", "smtp://acme.dev:587?tls=required");
        check("smtp://u:p@localhost:1025", "smtp://u:p@localhost:1025");
        check(
            "smtp://u%40acme.dev:p%2F@acme.dev",
            "smtp://u%40acme.dev:p%2F@acme.dev?tls=required",
        );
    }

    #[test]
    fn this_machine_and_a_relay_that_asks_no_name_are_reached_as_they_are() {
        for url in [
            "smtp://localhost:587",
            "smtp://127.0.0.1:1025",
            "smtp://[::1]:587",
            "smtp://relay",
            "smtp://relay.acme.dev:25",
        ] {
            check(url, url);
        }
    }

    #[test]
    fn what_the_address_says_about_tls_holds() {
        check("smtp://u:p@acme.dev:25?tls=none", "smtp://u:p@acme.dev:25");
        for url in [
            "smtp://u:p@acme.dev:25?tls=opportunistic",
            "smtp://acme.dev?tls=required",
            "smtps://u:p@acme.dev",
        ] {
            check(url, url);
        }
        let refused = Mailer::new("smtp://u:p@acme.dev?tls=maybe", "sluice@acme.dev").err();
        assert!(refused.is_some_and(|error| error.to_string().contains("STARTTLS")));
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_is_not_waited_for() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", silent.local_addr().unwrap());
        let mut mailer = Mailer::new(&url, "sluice@acme.dev").unwrap();
        mailer.patience = Duration::from_millis(50);
        let sent = mailer.send("ops@acme.dev", "x", "x".into()).await;
        assert!(sent.as_ref().is_err_and(|error| error.contains("within 50ms")), "{sent:?}");
    }
}
