//! Trial 34: bodies that inflate to gigabytes, and floods of headers.
//!
//! Passes when each is refused by its own status and the server's memory hardly
//! grows meanwhile.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use futures::future::try_join_all;

use super::Report;
use crate::http::Request;
use crate::sluice::{Setup, order};

const INFLATED: usize = 256 << 20;
const GROWTH: u64 = 32 << 20;
const FLOOD: usize = 256 << 10;

#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many of each kind, one after the other.
    pub times: usize,
    /// How many of them at once.
    pub together: usize,
}

pub async fn run(binary: &Path, options: Options) -> Result<Report> {
    let sluice = Setup::new(binary).start().await?;
    let key = sluice.full_key().await?;
    sluice.accept(&order(1), &key).await?;
    let (gzip, zstd) = (gzip_bomb()?, zstd_bomb()?);
    let post = || Request::post("/api/webhooks/ingest").key(&key);
    let json = |coding: &str, body: &[u8]| {
        post()
            .header("content-type", "application/json")
            .header("content-encoding", coding)
            .bytes(body)
    };
    let long = post().header("x-flood", "x".repeat(FLOOD)).json(&order(2));
    let many = (0..2_000).fold(post().json(&order(3)), |request, number| {
        request.header(&format!("x-{number}"), "x".repeat(32))
    });
    let cases = [(json("gzip", &gzip), 413), (json("zstd", &zstd), 413), (long, 431), (many, 431)];
    sluice.process()?.forget_peak()?;
    let (before, _) = sluice.process()?.resident()?;
    let mut wrong = Vec::new();
    for _ in 0..options.times {
        for (request, expected) in &cases {
            let sent = (0..options.together).map(|_| sluice.call(request.clone()));
            let answers = try_join_all(sent).await?;
            wrong.extend(answers.iter().map(|got| got.status).filter(|status| status != expected));
        }
    }
    let (_, most) = sluice.process()?.resident()?;
    let grown = most.saturating_sub(before);
    sluice.accept(&order(4), &key).await?;
    let tried = options.times * options.together * cases.len();
    Ok(Report {
        trial: "34 bombs and floods",
        holds: wrong.is_empty() && grown <= GROWTH,
        seen: format!(
            "{tried} refused, {} otherwise than expected {:?}, memory grew by {:.1} MiB at most",
            wrong.len(),
            wrong.first(),
            grown as f64 / 1_048_576.0
        ),
    })
}

fn gzip_bomb() -> Result<Vec<u8>> {
    let level = flate2::Compression::default();
    inflated(flate2::write::GzEncoder::new(Vec::new(), level), |encoder| Ok(encoder.finish()?))
}

fn zstd_bomb() -> Result<Vec<u8>> {
    inflated(zstd::Encoder::new(Vec::new(), 3)?, |encoder| Ok(encoder.finish()?))
}

/// A JSON text that never ends within bounds.
fn inflated<W: Write>(
    mut encoder: W,
    finish: impl FnOnce(W) -> Result<Vec<u8>>,
) -> Result<Vec<u8>> {
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..INFLATED / blanks.len() {
        encoder.write_all(&blanks)?;
    }
    finish(encoder)
}
