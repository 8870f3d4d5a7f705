//! Backups: what is in them, what is refused, and what a restored server can do.

use std::path::Path;

use bench::http::Request;
use bench::sluice::{Sluice, data_directory, order};
use serde_json::Value;

use crate::start::sluice;

const SECRET: &str = "s3cret-of-the-hub";
/// HMAC-SHA256 of `{}` under it.
const SIGNATURE: &str = "bcbcee4b7102c2f676c4118b65bbabdeafe0cd00580780eee28008bde5d77a8c";

async fn restore(original: &Sluice, file: &str, data: &Path) -> std::process::Output {
    let mut command = original.setup().command(data, &["restore", file, "--json"]);
    command.output().await.unwrap()
}

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[tokio::test]
async fn a_restored_server_has_the_events_the_keys_and_the_secrets_of_the_first() {
    let (sluice, key) = sluice().await;
    let create = ["sources", "create", "--name", "hub", "--kind", "hmac", "--secret", SECRET];
    sluice.command(&create, None).await.unwrap();
    let id = sluice.accept(&order(1), &key).await.unwrap();
    let folder = data_directory().unwrap();
    let file = folder.path().join("copy.db");
    let file = file.to_str().unwrap();
    let made = sluice.command(&["backup", file, "--json"], None).await.unwrap();
    let made: Value = serde_json::from_str(&made).unwrap();
    assert_eq!(made["events"], 1, "{made}");

    let data = data_directory().unwrap();
    let put = restore(&sluice, file, data.path()).await;
    assert!(put.status.success(), "{}", said(&put));
    let again = restore(&sluice, file, data.path()).await;
    assert_eq!(again.status.code(), Some(1), "a data folder in use is not overwritten");
    assert!(said(&again).contains("not overwritten"), "{}", said(&again));

    let copy = sluice.setup().clone().start_on(data).await.unwrap();
    let event = copy.get(&format!("/api/v1/events/{id}"), &key).await.unwrap();
    assert_eq!(event["payload"]["id"], 1, "{event}");
    let signed = Request::post("/api/webhooks/hub").header("x-signature", SIGNATURE);
    let signed = signed.header("content-type", "application/json").bytes("{}");
    let signed = signed.header("x-event-type", "stock.counted");
    let taken = copy.call(signed).await.unwrap();
    assert_eq!(taken.status, 202, "the secret is opened by the key: {}", taken.text());
}

#[tokio::test]
async fn nothing_is_overwritten_nothing_damaged_is_put_back_and_nothing_is_made_up() {
    let (sluice, key) = sluice().await;
    for number in 0..300 {
        sluice.accept(&order(number), &key).await.unwrap();
    }
    let folder = data_directory().unwrap();
    let path = folder.path().join("copy.db");
    let file = path.to_str().unwrap();
    sluice.command(&["backup", file], None).await.unwrap();
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "for its owner alone");
    let before = std::fs::read(&path).unwrap();
    let twice = sluice.run(&["backup", file], None).await.unwrap();
    assert_eq!(twice.status.code(), Some(1), "{}", said(&twice));
    assert_eq!(std::fs::read(&path).unwrap(), before);

    let mut bytes = before;
    let (page, pages) = (4096, bytes.len() / 4096);
    bytes[2 * page..(pages - 1) * page].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let data = data_directory().unwrap();
    let damaged = restore(&sluice, file, data.path()).await;
    assert_eq!(damaged.status.code(), Some(1));
    assert!(said(&damaged).contains("damaged"), "{}", said(&damaged));
    std::fs::write(&path, b"not a database").unwrap();
    let foreign = restore(&sluice, file, data.path()).await;
    assert_eq!(foreign.status.code(), Some(1), "{}", said(&foreign));
    let left: Vec<_> = std::fs::read_dir(data.path()).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");

    let other = folder.path().join("other.db");
    let mut nothing = sluice.setup().command(data.path(), &["backup", other.to_str().unwrap()]);
    let nothing = nothing.output().await.unwrap();
    assert_eq!(nothing.status.code(), Some(1), "{}", said(&nothing));
    assert!(!other.exists() && !data.path().join("sluice.db").exists());
}
