//! People sign in: the first owner, wrong passwords, cookies, sessions, the set-up link.

use bench::http::{Answer, Request};
use bench::sluice::{OWNER_EMAIL, OWNER_PASSWORD, Sluice, sign_in};

use crate::start::setup;

async fn sluice() -> Sluice {
    setup().start().await.unwrap()
}

/// Whether this cookie opens the dashboard.
async fn is_signed_in(sluice: &Sluice, cookie: &str) -> bool {
    sluice.call(Request::get("/").header("cookie", cookie)).await.unwrap().status == 200
}

fn cookies(answer: &Answer) -> String {
    answer.cookies().join("; ")
}

fn location(answer: &Answer) -> &str {
    answer.header("location").unwrap_or_default()
}

#[tokio::test]
async fn the_owner_of_the_environment_signs_in_with_a_guarded_cookie() {
    let sluice = sluice().await;
    let answer = sluice.submit(sign_in(OWNER_EMAIL, OWNER_PASSWORD)).await.unwrap();
    assert_eq!((answer.status, location(&answer)), (303, "/"));
    let set = answer.header("set-cookie").expect("a session cookie");
    let attributes: Vec<_> = set.split(';').map(|part| part.trim().to_lowercase()).collect();
    for attribute in ["httponly", "samesite=lax", "path=/"] {
        assert!(attributes.iter().any(|a| a == attribute), "{attribute} is not in {set}");
    }
    assert!(!attributes.iter().any(|a| a == "secure"), "without TLS a browser drops it: {set}");
    // 128 random bits, by six for each letter.
    let (_, token) = attributes[0].split_once('=').unwrap();
    assert!(token.len() >= 22, "{token}");
    assert!(is_signed_in(&sluice, &cookies(&answer)).await);
    let list = Request::get("/api/v1/events").header("cookie", cookies(&answer));
    assert_eq!(sluice.call(list).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let sluice = sluice().await;
    for (email, password) in [(OWNER_EMAIL, "wrong"), ("nobody@example.test", OWNER_PASSWORD)] {
        let answer = sluice.submit(sign_in(email, password)).await.unwrap();
        assert_eq!(answer.status, 303, "{}", answer.text());
        assert!(location(&answer).starts_with("/login?error=wrong"), "{}", location(&answer));
        assert!(!is_signed_in(&sluice, &cookies(&answer)).await);
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_even_with_the_right_password_among_the_guesses() {
    let sluice = sluice().await;
    let mut throttled = None;
    for guess in 0..30 {
        let answer = sluice.submit(sign_in(OWNER_EMAIL, &format!("guess {guess}"))).await.unwrap();
        if answer.status == 429 || !location(&answer).contains("error=wrong") {
            throttled = Some(guess);
            break;
        }
    }
    let after = throttled.expect("30 wrong passwords in a row were all tried");
    assert!(after >= 3, "after {after} wrong passwords a person is locked out");
    let answer = sluice.submit(sign_in(OWNER_EMAIL, OWNER_PASSWORD)).await.unwrap();
    assert!(!is_signed_in(&sluice, &cookies(&answer)).await, "the throttle was passed");
}

#[tokio::test]
async fn signing_in_never_adopts_a_session_that_the_browser_brought() {
    let sluice = sluice().await;
    let first = sluice.sign_in().await.unwrap();
    let name = first.split('=').next().unwrap();
    for brought in [format!("{name}=AAAAAAAAAAAAAAAAAAAAAA"), first.clone()] {
        let request = sign_in(OWNER_EMAIL, OWNER_PASSWORD).header("cookie", &brought);
        let answer = sluice.submit(request).await.unwrap();
        assert!(!answer.cookies().is_empty(), "signing in with {brought} made no new session");
        assert_ne!(cookies(&answer), brought);
        assert!(is_signed_in(&sluice, &cookies(&answer)).await);
    }
}

#[tokio::test]
async fn a_viewers_session_planted_in_the_owners_browser_stays_a_viewers() {
    const VIEWER: &str = "viewer@example.test";
    let sluice = setup().set("SLUICE_PASSWORD", OWNER_PASSWORD).start().await.unwrap();
    let create = ["users", "create", "--email", VIEWER, "--role", "viewer"];
    sluice.command(&create, None).await.unwrap();
    let planted = sluice.submit(sign_in(VIEWER, OWNER_PASSWORD)).await.unwrap();
    let planted = cookies(&planted);
    assert!(is_signed_in(&sluice, &planted).await);
    let owner = sign_in(OWNER_EMAIL, OWNER_PASSWORD).header("cookie", &planted);
    sluice.submit(owner).await.unwrap();
    let replay = Request::post("/api/v1/events/evt_none/replay").header("cookie", &planted);
    let status = sluice.submit(replay).await.unwrap().status;
    assert!(matches!(status, 401 | 403), "the viewer now acts as the owner: {status}");
}

#[tokio::test]
async fn signing_out_ends_the_session_on_the_server() {
    let sluice = sluice().await;
    let cookie = sluice.sign_in().await.unwrap();
    assert!(is_signed_in(&sluice, &cookie).await);
    let answer = sluice.submit(Request::post("/logout").header("cookie", &cookie)).await.unwrap();
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(!is_signed_in(&sluice, &cookie).await, "the old cookie still works");
}

#[tokio::test]
async fn a_session_outlives_a_kill() {
    let mut sluice = sluice().await;
    let cookie = sluice.sign_in().await.unwrap();
    sluice.kill().await.unwrap();
    sluice.start().await.unwrap();
    assert!(is_signed_in(&sluice, &cookie).await);
}

#[tokio::test]
async fn a_sign_in_leads_back_to_the_page_but_never_to_another_site() {
    let sluice = sluice().await;
    for (next, expected) in [
        ("/dead-letters", "/dead-letters"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
    ] {
        let fields = [("email", OWNER_EMAIL), ("password", OWNER_PASSWORD), ("next", next)];
        let answer = sluice.submit(Request::post("/login").form(&fields)).await.unwrap();
        assert_eq!((answer.status, location(&answer)), (303, expected), "{next}");
    }
    let page = sluice.call(Request::get("/dead-letters")).await.unwrap();
    assert!(
        location(&page).contains("next=%2Fdead-letters")
            || location(&page).contains("next=/dead-letters")
    );
}

/// Path and token of the link that the first start prints, where `line` is that.
fn setup_link(line: &str) -> Option<(String, String)> {
    let link = &line[line.find("/setup?token=")?..];
    let link = link.split_whitespace().next()?.to_owned();
    let token = link.split_once("token=")?.1.to_owned();
    Some((link, token))
}

fn set_up(token: &str, email: &str) -> Request {
    let fields = [("token", token), ("email", email), ("password", OWNER_PASSWORD)];
    Request::post("/setup").form(&fields)
}

#[tokio::test]
async fn the_set_up_link_makes_one_owner_and_works_once() {
    let setup = setup().unset("SLUICE_OWNER_EMAIL").unset("SLUICE_OWNER_PASSWORD");
    let mut sluice = setup.start().await.unwrap();
    // It comes after the address, which is what a start waits for.
    let printed = sluice.process().unwrap().wait_printed(setup_link).await;
    let (link, token) = printed.expect("the first start prints a set-up link");
    let page = sluice.call(Request::get(&link)).await.unwrap();
    assert_eq!(page.status, 200, "{}", page.text());
    let wrong = sluice.submit(set_up("made-up", "thief@example.test")).await.unwrap();
    assert!(!is_signed_in(&sluice, &cookies(&wrong)).await);
    let answer = sluice.submit(set_up(&token, OWNER_EMAIL)).await.unwrap();
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(is_signed_in(&sluice, &cookies(&answer)).await);
    let again = sluice.submit(set_up(&token, "second@example.test")).await.unwrap();
    assert!(!is_signed_in(&sluice, &cookies(&again)).await, "the link worked twice");
    let second = sluice.submit(sign_in("second@example.test", OWNER_PASSWORD)).await.unwrap();
    assert!(location(&second).starts_with("/login?error=wrong"), "{}", location(&second));
    sluice.kill().await.unwrap();
    sluice.start().await.unwrap();
    let printed = sluice.process().unwrap().find_printed(setup_link);
    assert_eq!(printed, None, "an owner exists: no second link");
    sluice.sign_in().await.unwrap();
}
