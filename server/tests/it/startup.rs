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
