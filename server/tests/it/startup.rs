//! A server that cannot start says why in one line and ends with 1.

use std::path::Path;
use std::time::Duration;

use bench::sluice::Setup;
use sea_orm::{ConnectionTrait, Database};

use crate::start::setup;

const LIMIT: Duration = Duration::from_secs(30);

/// Runs `serve`, which must end by itself.
async fn check_refused(setup: &Setup, data: &Path, says: &str) {
    let output = setup.command(data, &["serve"]).output();
    let output = tokio::time::timeout(LIMIT, output).await.expect("serve did not end").unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().filter(|line| !line.trim().is_empty()).count(), 1, "{said}");
    assert!(said.contains(says), "`{says}` is not in: {said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_is_named() {
    // Below a file: not even root can write there.
    check_refused(&setup(), Path::new("/dev/null/sluice"), "/dev/null/sluice").await;
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = tempfile::tempdir().unwrap();
    check_refused(&setup().set("SLUICE_LISTEN", &address), data.path(), &address).await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let mut sluice = setup().start().await.unwrap();
    sluice.terminate(LIMIT).await.unwrap();
    let file = sluice.database().unwrap();
    let database = Database::connect(format!("sqlite://{}", file.display())).await.unwrap();
    let newer =
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99991231_000000_later', 0)";
    database.execute_unprepared(newer).await.unwrap();
    database.close().await.unwrap();
    check_refused(sluice.setup(), sluice.data(), "newer").await;
}

#[tokio::test]
async fn what_this_build_does_not_have_is_not_believed_in() {
    let data = tempfile::tempdir().unwrap();
    for (name, url) in [("SLUICE_NATS_URL", "nats://x:4222"), ("SLUICE_REDIS_URL", "redis://x")] {
        check_refused(&setup().set(name, url), data.path(), name).await;
    }
    let flag = setup().command(data.path(), &["serve", "--nats-url", "nats://x:4222"]).output();
    assert_eq!(flag.await.unwrap().status.code(), Some(1));
    assert!(std::fs::read_dir(data.path()).unwrap().next().is_none(), "nothing was begun");
}

/// Settings of all kinds.
const BLANK: [&str; 13] = [
    "SLUICE_ALLOW_TARGETS",
    "SLUICE_DATABASE_URL",
    "SLUICE_DATABASE_URL_FILE",
    "SLUICE_IDEMPOTENCY_TTL",
    "SLUICE_INGEST_RATE_LIMIT",
    "SLUICE_LOG_FORMAT",
    "SLUICE_MAX_BODY",
    "SLUICE_METRICS_OPEN",
    "SLUICE_NATS_URL",
    "SLUICE_OWNER_PASSWORD",
    "SLUICE_SECRET_KEY_FILE",
    "SLUICE_SMTP_FROM",
    "SLUICE_TRUSTED_PROXIES",
];

#[tokio::test]
async fn blanks_are_nothing_and_secrets_may_stand_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password").display().to_string();
    std::fs::write(&file, "correct horse battery\n").unwrap();
    let blank = BLANK.iter().fold(setup(), |setup, name| setup.set(name, ""));
    let setup = blank.set("SLUICE_OWNER_EMAIL", "ada@acme.dev");
    let sluice = setup.set("SLUICE_OWNER_PASSWORD_FILE", &file).start().await.unwrap();
    let people = sluice.command(&["users", "list"], None).await.unwrap();
    assert!(people.contains("ada@acme.dev"), "{people}");

    let key = sluice.full_key().await.unwrap();
    std::fs::write(&file, format!("{key}\n")).unwrap();
    let list = ["events", "list", "--json", "--api-key-file", &file];
    sluice.command(&list, None).await.unwrap();
    let twice = sluice.run(&list, Some(&key)).await.unwrap();
    assert_eq!(twice.status.code(), Some(2));
}

#[tokio::test]
async fn spans_are_sent_as_it_can_or_not_at_all() {
    let data = tempfile::tempdir().unwrap();
    let to_nobody = setup().set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
    let by_grpc = to_nobody.set("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    check_refused(&by_grpc, data.path(), "OTEL_EXPORTER_OTLP_PROTOCOL").await;
    by_grpc.clone().set("OTEL_SDK_DISABLED", "true").start().await.unwrap();
}

#[tokio::test]
async fn a_setting_that_cannot_be_read_is_named() {
    let data = tempfile::tempdir().unwrap();
    let output = setup().set("SLUICE_MAX_BODY", "plenty").command(data.path(), &["serve"]).output();
    let output = tokio::time::timeout(LIMIT, output).await.expect("serve did not end").unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(matches!(output.status.code(), Some(1 | 2)), "{said}");
    assert!(said.to_lowercase().contains("max-body") || said.contains("SLUICE_MAX_BODY"), "{said}");
}

#[tokio::test]
async fn a_terminated_server_ends_with_0_and_starts_again_on_its_data() {
    let mut sluice = setup().start().await.unwrap();
    let (status, took, said) = sluice.terminate(LIMIT).await.unwrap();
    assert!(status.success(), "{status}: {said}");
    assert!(took < Duration::from_secs(5), "took {took:?}");
    sluice.start().await.unwrap();
}
