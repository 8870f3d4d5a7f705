//! A short sample of the fault trials; `cargo xtask bench faults` runs them in full.

use std::time::Duration;

use bench::trials::{
    attempts, backup, bombs, callers, cancelled, disk, forged, neighbours, outgoing, readers,
    silent, starts, stop, targets, unread,
};
use bench::workflows;

use crate::start::binary;

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_and_a_busy_server_write_to_one_database() {
    let report = neighbours::run(&binary(), Duration::from_secs(3)).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_open_streams_and_loses_nothing() {
    let report = stop::run(&binary(), stop::Options { streams: 100, senders: 20 }).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_that_never_finish_a_request_are_cut() {
    let measured = Duration::from_secs(1);
    let options = silent::Options { sockets: 60, measured, growth: f64::INFINITY };
    let report = silent::run(&binary(), options).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_nobody_reads_cost_little() {
    let options = unread::Options { readers: 400, length: Duration::from_secs(2) };
    let report = unread::run(&binary(), options).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_stays_short_beside_readers_without_an_end() {
    let report = readers::run(&binary(), Duration::from_secs(2)).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_without_number_cost_little_and_share_no_limit() {
    let report = callers::run(&binary(), 20_000).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_forged_delivery_is_believed() {
    let options = forged::Options { forgeries: 6_000, timed: 0 };
    let report = forged::run(&binary(), options).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_that_do_not_get_far_leave_little_and_damage_nothing() {
    let report = starts::run(&binary(), 40).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_believed_while_the_disk_does_not_flush() {
    let report = disk::no_flush(&binary(), 40).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_turns_senders_away_until_there_is_room() {
    let report = disk::full(&binary(), 12).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_cancelled_leave_nothing_open() {
    let report = cancelled::run(&binary(), 400).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_and_floods_are_refused_without_filling_the_memory() {
    let report = bombs::run(&binary(), bombs::Options { times: 1, together: 8 }).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_has_every_event_acknowledged_before_it() {
    let report = backup::run(&binary(), 2, |_| {}).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_at_home_is_ever_connected_to() {
    let report = targets::run(&binary(), 1_200).await.unwrap();
    assert!(report.holds, "{report}");
}

/// How fast neighbours are is measured by the trials in full, not on a machine that does other things too.
const SAMPLE: outgoing::Options =
    outgoing::Options { harmful: 400, healthy: 60, slack: f64::INFINITY };

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_poison_end_in_the_dead_letters() {
    let report = outgoing::poison(&binary(), SAMPLE).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_fails_is_probed_and_not_run_over_when_it_returns() {
    let report = outgoing::returns(&binary(), SAMPLE).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_stalls_holds_up_nobody_else() {
    let report = outgoing::stalled(&binary(), SAMPLE).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_end_costs_no_more_memory() {
    let report = attempts::run(&binary(), 300).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_workflows_can_be_taken() {
    let options = workflows::Options { rate: 20, seconds: 1, connections: 4, waiting: 100 };
    let figures = workflows::measure(&binary(), options, |_| {}).await.unwrap();
    assert!(figures.runs > 0.0 && figures.durable > 0.0 && figures.bare > 0.0, "{figures:?}");
    assert!(figures.begins.0 > 0.0 && figures.resident.1 > 0, "{figures:?}");
    assert!(workflows::table(options, &figures).contains("100 runs in a delay"));
}
