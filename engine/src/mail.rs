//! Sending email: the one way out that is not HTTP.

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

/// Sends through one SMTP server.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    #[error("SLUICE_SMTP_URL cannot be used: {0}; write smtp://user:password@host:587")]
    Url(#[source] lettre::transport::smtp::Error),
    #[error("SLUICE_SMTP_FROM is not an email address: {0}")]
    From(#[source] lettre::address::AddressError),
}

impl Mailer {
    /// `url` is `smtp://` or `smtps://`, with name and password where the server wants them.
    pub fn new(url: &str, from: &str) -> Result<Self, MailerError> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        let transport = transport.map_err(MailerError::Url)?.build();
        Ok(Self { transport, from: from.parse().map_err(MailerError::From)? })
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
        self.transport.send(message).await.map(drop).map_err(|error| error.to_string())
    }
}
