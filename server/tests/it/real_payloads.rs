//! Recorded webhooks of a real provider go in and come out byte for byte.

use std::path::{Path, PathBuf};

use bench::http::{Request, send};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use crate::start::sluice;

const AT_ONCE: usize = 16;

#[derive(Deserialize)]
struct Recorded {
    name: String,
    /// As they stand in the file, white space and all.
    examples: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    event_type: String,
    payload: Box<RawValue>,
}

fn recordings() -> Vec<(String, Box<RawValue>)> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../end2end/node_modules/@octokit/webhooks-examples");
    assert!(
        package.is_dir(),
        "the recorded webhooks are not installed: run `npm ci` in end2end, or `cargo xtask test`"
    );
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(package).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|folder| folder.join("index.json").is_file());
    files.sort();
    let mut all = Vec::new();
    for folder in files {
        let text = std::fs::read_to_string(folder.join("index.json")).unwrap();
        let recorded: Vec<Recorded> = serde_json::from_str(&text).unwrap();
        for Recorded { name, examples } in recorded {
            all.extend(examples.into_iter().map(|example| (format!("github.{name}"), example)));
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_payload_comes_back_as_the_very_bytes_that_were_sent() {
    let (sluice, key) = sluice().await;
    let address = sluice.address().unwrap();
    let recordings = recordings();
    assert!(recordings.len() > 300, "only {} recordings", recordings.len());
    let (mut tasks, mut done) = (JoinSet::new(), 0);
    for (event_type, payload) in recordings {
        if tasks.len() == AT_ONCE {
            done += usize::from(tasks.join_next().await.unwrap().is_ok());
        }
        let key = key.clone();
        let round_trip = async move { round_trip(address, &key, &event_type, &payload).await };
        tasks.spawn(round_trip);
    }
    while let Some(result) = tasks.join_next().await {
        result.unwrap();
        done += 1;
    }
    assert_eq!(sluice.list(&key, |_| false).await.unwrap().len(), done);
}

async fn round_trip(
    address: std::net::SocketAddr,
    key: &str,
    event_type: &str,
    payload: &RawValue,
) {
    let sent = payload.get();
    let body = format!(r#"{{"eventType":"{event_type}","source":"github","payload":{sent}}}"#);
    let request = Request::post("/api/webhooks/ingest").key(key);
    let request = request.header("content-type", "application/json").bytes(body);
    let answer = send(address, &request).await.unwrap();
    assert_eq!(answer.status, 202, "{event_type}: {}", answer.text());
    let place = answer.header("location").unwrap().to_owned();
    let path = place.find("/api/").map(|start| place[start..].to_owned()).unwrap();
    let kept = send(address, &Request::get(path).key(key)).await.unwrap();
    let kept: Kept = serde_json::from_slice(&kept.body).unwrap();
    assert_eq!(kept.event_type, event_type);
    assert!(kept.payload.get() == sent, "{event_type} changed: {sent}\n{}", kept.payload.get());
}
