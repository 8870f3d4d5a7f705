//! An alert arrives at a real SMTP server and at a webhook, and is over afterwards.

use std::time::Duration;

use bench::http::Request;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::start::setup;

/// Takes mail as SMTP servers do, without TLS and without asking who sends.
async fn smtp() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let (sender, mails) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let sender = sender.clone();
            tokio::spawn(async move {
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                write.write_all(b"220 here\r\n").await.unwrap();
                let mut mail: Option<String> = None;
                while let Ok(Some(line)) = lines.next_line().await {
                    if let Some(text) = &mut mail {
                        if line == "." {
                            let _gone = sender.send(mail.take().unwrap());
                            write.write_all(b"250 taken\r\n").await.unwrap();
                        } else {
                            text.push_str(&line);
                            text.push('\n');
                        }
                        continue;
                    }
                    let answer: &[u8] = match line.to_uppercase().as_str() {
                        "DATA" => {
                            mail = Some(String::new());
                            b"354 go on\r\n"
                        }
                        "QUIT" => b"221 bye\r\n",
                        _ => b"250 fine\r\n",
                    };
                    write.write_all(answer).await.unwrap();
                }
            });
        }
    });
    (url, mails)
}

async fn next(mails: &mut mpsc::UnboundedReceiver<String>, holds: &str) -> String {
    let wait = async {
        loop {
            let mail = mails.recv().await.unwrap();
            if mail.contains(holds) {
                return mail;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), wait).await.unwrap()
}

#[tokio::test]
async fn an_alert_arrives_by_mail_and_says_when_it_is_over() {
    let (url, mut mails) = smtp().await;
    let setup = setup().set("SLUICE_SMTP_URL", url).set("SLUICE_SMTP_FROM", "sluice@acme.dev");
    let sluice = setup.start().await.unwrap();
    let key = sluice.full_key().await.unwrap();
    let manage = |request: Request, body: serde_json::Value| request.key(&key).json(&body);
    let call = async |request| sluice.call(request).await.unwrap();

    let channel = json!({ "name": "mail", "kind": "email", "target": "ops@acme.dev" });
    let made = call(manage(Request::post("/api/v1/alert-channels"), channel)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json().unwrap()["id"].as_str().unwrap().to_owned();
    let tried =
        call(manage(Request::post(format!("/api/v1/alert-channels/{id}/test")), json!({}))).await;
    assert_eq!(tried.json().unwrap()["delivered"], true, "{}", tried.text());
    assert!(next(&mut mails, "trial").await.contains("ops@acme.dev"));

    let rule = json!({ "name": "Orders fail", "condition": { "kind": "deadLetters", "over": 0 } });
    let made = call(manage(Request::post("/api/v1/alerts"), rule)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let event = json!({ "eventType": "order.created", "source": "shop", "payload": {} });
    let event = sluice.accept(&event, &key).await.unwrap();
    call(Request::post(format!("/api/v1/events/{event}/failed")).key(&key)).await;
    let mail = next(&mut mails, "Orders fail").await;
    assert!(mail.contains("1 dead letters wait"), "{mail}");

    call(Request::post(format!("/api/v1/events/{event}/processed")).key(&key)).await;
    next(&mut mails, "Orders fail is over").await;
    let history = call(Request::get("/api/v1/alert-history").key(&key)).await.json().unwrap();
    assert_eq!(history["items"][0]["turn"], "resolves", "{history}");
}
