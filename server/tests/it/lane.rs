//! Single events on connections that go on: the way past hyper says what hyper says, and gives way to it.

use std::collections::BTreeMap;
use std::time::Duration;

use bench::http::Request;
use bench::sluice::{Sluice, order};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::start::{setup, sluice};

const ROUTE: &str = "/api/webhooks/ingest";

struct Said {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

/// One connection, on which bytes go out as they are given.
struct Wire(TcpStream);

impl Wire {
    async fn open(sluice: &Sluice) -> Self {
        let stream = TcpStream::connect(sluice.address().unwrap()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    async fn line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(self.0.read_u8().await.unwrap());
        }
        String::from_utf8(line).unwrap().trim_end().to_owned()
    }

    /// The next answer, and no byte of what comes after it.
    async fn hear(&mut self) -> Said {
        let status = self.line().await;
        let status = status.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        let mut headers = BTreeMap::new();
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.insert(name.to_owned(), value.to_owned());
        }
        let mut body = vec![0; headers["content-length"].parse().unwrap()];
        self.0.read_exact(&mut body).await.unwrap();
        Said { status, headers, body: String::from_utf8(body).unwrap() }
    }
}

fn event(number: u64, key: &str) -> Request {
    Request::post(ROUTE).key(key).json(&order(number))
}

/// The same in one chunk, which only hyper reads.
fn chunked(plain: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(plain).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let lines = head.split("\r\n").filter(|line| !line.starts_with("content-length"));
    let head = lines.collect::<Vec<_>>().join("\r\n");
    let length = body.len();
    format!("{head}\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n").into()
}

#[tokio::test]
async fn requests_follow_one_another_on_a_connection_whoever_reads_them() {
    let (sluice, key) = sluice().await;
    let address = sluice.address().unwrap();
    let bytes = |number| event(number, &key).to_bytes(address, true);
    let mut wire = Wire::open(&sluice).await;
    wire.send([bytes(1), bytes(2), chunked(&bytes(3)), bytes(4)].concat()).await;
    for _ in 1..=4 {
        assert_eq!(wire.hear().await.status, 202);
    }
    wire.send(Request::get("/healthz").to_bytes(address, true)).await;
    assert_eq!(wire.hear().await.status, 200);
    wire.send(event(5, &key).to_bytes(address, false)).await;
    assert_eq!(wire.hear().await.status, 202);
    assert_eq!(wire.0.read(&mut [0]).await.unwrap(), 0, "it was the last one");
    assert_eq!(sluice.list(&key, |_| true).await.unwrap().len(), 5);
}

#[tokio::test]
async fn a_request_may_come_in_pieces() {
    let (sluice, key) = sluice().await;
    let bytes = event(1, &key).to_bytes(sluice.address().unwrap(), true);
    let mut wire = Wire::open(&sluice).await;
    for _ in 0..2 {
        for piece in bytes.chunks(97) {
            wire.send(piece).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(wire.hear().await.status, 202);
    }
}

/// Sends each request once by hyper's way and once by the lane, and compares the answers.
async fn both_ways_say_the_same(sluice: Sluice) {
    let key = sluice.full_key().await.unwrap();
    let address = sluice.address().unwrap();
    let named = |request: Request| request.header("x-request-id", "trial-7");
    let create = ["keys", "create", "--name", "slow", "--permission", "ingest", "--json"];
    let create = [&create[..], &["--rate-limit", "100/min"]].concat();
    let made: Value = serde_json::from_str(&sluice.command(&create, None).await.unwrap()).unwrap();
    let limited = made["key"].as_str().unwrap();
    let mut known = order(1);
    known["eventId"] = "named".into();
    let cases = [
        named(event(1, &key)),
        named(event(1, limited)),
        named(Request::post(ROUTE).key(&key).json(&known)),
        named(Request::post(ROUTE).json(&order(1))),
        named(Request::post(ROUTE).key(&key).header("content-type", "text/plain").bytes("a")),
        named(Request::post(ROUTE).key(&key).json(&Value::Null)),
        named(Request::post(ROUTE).key(&key).header("content-type", "application/json").bytes("{")),
    ];
    for request in cases {
        let plain = request.to_bytes(address, true);
        let mut said = Vec::new();
        for bytes in [chunked(&plain), plain] {
            let mut wire = Wire::open(&sluice).await;
            wire.send(bytes).await;
            let mut answer = wire.hear().await;
            // What differs from one request to the next.
            let limits = ["x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit"];
            for name in ["date", "location", "content-length"].into_iter().chain(limits) {
                answer.headers.entry(name.to_owned()).and_modify(String::clear);
            }
            let mut body: Value = serde_json::from_str(&answer.body).unwrap();
            for name in ["id", "eventId", "duplicate"] {
                body.as_object_mut().unwrap().remove(name);
            }
            said.push((answer.status, answer.headers, body));
        }
        assert_eq!(said[0], said[1]);
    }
}

#[tokio::test]
async fn both_ways_say_the_same_without_a_limit() {
    both_ways_say_the_same(setup().start().await.unwrap()).await;
}

#[tokio::test]
async fn both_ways_say_the_same_with_a_limit() {
    let setup = setup().set("SLUICE_INGEST_RATE_LIMIT", "1000/min");
    both_ways_say_the_same(setup.start().await.unwrap()).await;
}

#[tokio::test]
async fn a_limit_is_kept_over_both_ways() {
    let setup = setup().set("SLUICE_INGEST_RATE_LIMIT", "5/h");
    let setup = setup.set("SLUICE_TRUSTED_PROXIES", "127.0.0.0/8");
    let sluice = setup.start().await.unwrap();
    let key = sluice.full_key().await.unwrap();
    let address = sluice.address().unwrap();
    let from = |client: &str, number| {
        event(number, &key).header("x-forwarded-for", client).to_bytes(address, true)
    };
    let mut lane = Wire::open(&sluice).await;
    for left in [4, 2, 0] {
        lane.send(from("192.0.2.1", left)).await;
        let answer = lane.hear().await;
        assert_eq!(
            (answer.status, &*answer.headers["x-ratelimit-remaining"]),
            (202, &*left.to_string())
        );
        let mut other = Wire::open(&sluice).await;
        other.send(chunked(&from("192.0.2.1", 10 + left))).await;
        let answer = other.hear().await;
        assert_eq!(answer.status, if left == 0 { 429 } else { 202 });
    }
    for client in ["192.0.2.1", "192.0.2.1", "192.0.2.2"] {
        lane.send(from(client, 20)).await;
    }
    for status in [429, 429, 202] {
        let answer = lane.hear().await;
        assert_eq!(
            (answer.status, answer.headers.contains_key("retry-after")),
            (status, status == 429)
        );
    }
    let stored = sluice.list(&key, |_| true).await.unwrap();
    assert_eq!(stored.len(), 6, "five of one client, and one of the other");

    // Who is to wait need not send the body first.
    let mut other = Wire::open(&sluice).await;
    let bytes = from("192.0.2.1", 30);
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    other.send(&bytes[..head]).await;
    assert_eq!(other.hear().await.status, 429);
}

#[tokio::test]
async fn a_request_that_has_begun_to_come_may_end_whoever_reads_it() {
    let mut sluice = setup().start().await.unwrap();
    let key = sluice.full_key().await.unwrap();
    let address = sluice.address().unwrap();
    let batch = |number| {
        let event = json!({
            "specversion": "1.0", "id": "one", "type": "order.created", "source": "shop", "data": number,
        });
        let batch = Request::post(ROUTE).key(&key).bytes(json!([event]).to_string());
        batch.header("content-type", "application/cloudevents-batch+json").to_bytes(address, true)
    };
    let all = [event(1, &key).to_bytes(address, true), batch(2)];
    let mut wires = Vec::new();
    for bytes in &all {
        let mut wire = Wire::open(&sluice).await;
        wire.send(&bytes[..bytes.len() - 1]).await;
        wires.push(wire);
    }
    // By now both have come that far.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let ending = tokio::spawn(async move { sluice.terminate(Duration::from_secs(10)).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    for (wire, bytes) in wires.iter_mut().zip(&all) {
        wire.send(&bytes[bytes.len() - 1..]).await;
        assert_eq!(wire.hear().await.status, 202);
    }
    let (status, _, printed) = ending.await.unwrap().unwrap();
    assert!(status.success(), "{printed}");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let (sluice, key) = sluice().await;
    let bytes = event(1, &key).to_bytes(sluice.address().unwrap(), true);
    let mut wire = Wire::open(&sluice).await;
    wire.send(&bytes[..bytes.len() - 1]).await;
    let answer = wire.hear().await;
    assert_eq!((answer.status, answer.headers["connection"].as_str()), (408, "close"));
    assert!(answer.body.contains("\"code\":\"request_timeout\""), "{}", answer.body);
    assert_eq!(wire.0.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(sluice.list(&key, |_| false).await.unwrap(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_connection_that_waits_does_not_hold_up_the_end() {
    let mut sluice = setup().start().await.unwrap();
    let key = sluice.full_key().await.unwrap();
    let mut wire = Wire::open(&sluice).await;
    wire.send(event(1, &key).to_bytes(sluice.address().unwrap(), true)).await;
    assert_eq!(wire.hear().await.status, 202);
    let (_, _, printed) = sluice.terminate(Duration::from_secs(10)).await.unwrap();
    assert!(!printed.contains("did not end in time"), "{printed}");
    assert_eq!(wire.0.read(&mut [0]).await.unwrap_or(0), 0);
}
