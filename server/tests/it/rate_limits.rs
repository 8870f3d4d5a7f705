//! Limits on intake: what the headers say, and that who waits as long as told is let in.

use std::time::Duration;

use bench::http::Answer;
use bench::sluice::{Sluice, order};
use serde_json::Value;

use crate::start::setup;

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.header(name).unwrap_or_else(|| panic!("no `{name}`: {}", answer.text()))
}

/// How many were taken before the first that was refused, and that answer.
async fn until_refused(sluice: &Sluice, key: &str) -> (u32, Answer) {
    for taken in 0..1_000 {
        let answer = sluice.ingest(&order(u64::from(taken)), key).await.unwrap();
        match answer.status {
            202 => {}
            429 => return (taken, answer),
            _ => panic!("{}", answer.text()),
        }
    }
    panic!("a thousand were taken");
}

/// Everything that says when to come again says the same; returns it in seconds.
#[track_caller]
fn wait_of(refused: &Answer, policy: &str) -> u64 {
    let problem = refused.json().unwrap();
    assert_eq!(problem["code"], "rate_limited", "{problem}");
    assert_eq!(
        problem["type"], "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "{problem}"
    );
    let wait = header(refused, "retry-after");
    assert_eq!(header(refused, "x-ratelimit-remaining"), "0");
    assert_eq!(header(refused, "x-ratelimit-reset"), wait);
    assert_eq!(header(refused, "ratelimit"), format!("\"{policy}\";r=0;t={wait}"));
    wait.parse().unwrap()
}

#[tokio::test]
async fn by_default_an_address_may_send_100_requests_a_minute_and_is_told_so() {
    let sluice = setup().unset("SLUICE_INGEST_RATE_LIMIT").start().await.unwrap();
    let key = sluice.full_key().await.unwrap();
    let first = sluice.ingest(&order(1), &key).await.unwrap();
    assert_eq!(first.status, 202, "{}", first.text());
    assert_eq!(header(&first, "x-ratelimit-limit"), "100");
    assert_eq!(header(&first, "x-ratelimit-remaining"), "99");
    assert_eq!(header(&first, "x-ratelimit-reset"), "1");
    assert_eq!(header(&first, "ratelimit-policy"), "\"ip\";q=100;w=60");
    assert_eq!(header(&first, "ratelimit"), "\"ip\";r=99;t=1");

    let (taken, refused) = until_refused(&sluice, &key).await;
    assert!(taken >= 99, "{taken} after the first");
    assert_eq!(header(&refused, "x-ratelimit-limit"), "100");
    assert_eq!(header(&refused, "ratelimit-policy"), "\"ip\";q=100;w=60");
    assert_eq!(wait_of(&refused, "ip"), 1, "one comes back every 600 ms");
}

#[tokio::test]
async fn whoever_waits_as_long_as_told_is_let_in() {
    let create = ["keys", "create", "--name", "slow", "--rate-limit", "30/min", "--json"];
    for (of_address, policy) in [("30/min", "ip"), ("900/min", "key")] {
        let sluice = setup().set("SLUICE_INGEST_RATE_LIMIT", of_address).start().await.unwrap();
        let key = match policy {
            "ip" => sluice.full_key().await.unwrap(),
            _ => {
                let made = sluice.command(&create, None).await.unwrap();
                let made: Value = serde_json::from_str(&made).unwrap();
                made["key"].as_str().unwrap().to_owned()
            }
        };
        let (_, refused) = until_refused(&sluice, &key).await;
        let wait = wait_of(&refused, policy);
        tokio::time::sleep(Duration::from_secs(wait)).await;
        let answer = sluice.ingest(&order(1), &key).await.unwrap();
        assert_eq!(answer.status, 202, "{policy}, {wait} s later: {}", answer.text());
    }
}
