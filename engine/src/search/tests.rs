//! Searches as people write them, and payloads as nobody should.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const ORDER: &str = r#"{
    "order": { "id": "ORD-7", "total": 12.50, "paid": true, "coupon": null },
    "customer": { "email": "Ann@example.com", "name": "Ann O'Hara \"the\" first" },
    "items": [{ "sku": "box", "count": 2 }, { "sku": "lid", "count": 12 }],
    "note": "Two boxes,\nÜbergröße"
}"#;

#[track_caller]
fn check(search: &str, expected: bool) {
    assert_eq!(Search::parse(search).unwrap().matches(ORDER), expected, "{search}");
}

#[test]
fn words_are_found_whole_and_by_their_beginnings() {
    for found in
        ["two", "TWO boxes", "box", "übergr", "ann@example.com", "ORD-7", "12.5", "sku lid"]
    {
        check(found, true);
    }
    // Two letters are a word, not a beginning.
    for missing in ["tw", "boxes three", "oxes", "exampl.org"] {
        check(missing, false);
    }
}

#[test]
fn values_are_found_at_their_paths() {
    for found in [
        "order.total = 12.5",
        "order.total=1.25e1",
        "order.total == \"12.50\"",
        "event.payload.order.total = 12.5",
        "customer.email = \"ann@EXAMPLE.com\"",
        "customer.email = ann@*",
        "order.paid = true order.coupon = null",
        "items.sku = lid",
        "items[0].sku = lid",
        "items.count = 2 items.count = 12 boxes",
        "note = \"two boxes, Übergröße\"",
        "customer.name = Ann*",
    ] {
        check(found, true);
    }
    for missing in [
        "order.total = 12",
        "order.total = 12.55",
        "total = 12.5",
        "order = 12.5",
        "customer.email = ann",
        "items.count = 1",
        "customer.name = \"Ann*\"",
    ] {
        check(missing, false);
    }
}

#[test]
fn long_values_are_told_apart() {
    let long = "x".repeat(5_000);
    let payload = json!({ "token": format!("{long}a") }).to_string();
    let search =
        |value: String| Search::parse(&format!("token = {value}")).map(|s| s.matches(&payload));
    let begins = format!("{}*", "x".repeat(300));
    assert_eq!(search(begins), Ok(true));
    assert_eq!(
        terms::value("token", &format!("{long}a")),
        terms::value("token", &format!("{long}A"))
    );
    assert_ne!(
        terms::value("token", &format!("{long}a")),
        terms::value("token", &format!("{long}b"))
    );
}

#[test]
fn what_cannot_be_looked_for_is_refused_with_its_place() {
    let refused = |text: &str| Search::parse(text).unwrap_err();
    assert_eq!(refused(" -- "), InvalidSearch::Nothing);
    assert_eq!(refused("= 12"), InvalidSearch::NoPath(1));
    assert_eq!(refused("two order.total ="), InvalidSearch::NoValue(18));
    assert_eq!(refused("name = \"Ann"), InvalidSearch::Open(8));
    assert_eq!(refused(&"x".repeat(501)), InvalidSearch::TooLong(501));
}

#[test]
fn each_database_is_asked_in_its_own_words() {
    let search = Search::parse(r#"two path\a = "say 'hi' \ " b = x"*"#).unwrap();
    assert_eq!(search.for_sqlite(), r#""two"* AND "path\a=say ’hi’ \ " AND "b=x"""*"#);
    assert_eq!(search.for_postgres(), r#"'two':* & 'path\\a=say ’hi’ \\ ' & 'b=x"':*"#);
}

#[test]
fn hostile_payloads_have_a_bounded_number_of_terms() {
    let many: Vec<_> = (0..100_000).map(|number| format!("w{number}")).collect();
    assert_eq!(terms::of(&json!(many).to_string()).len(), 4_000);
    assert_eq!(terms::of("no json: 1e999").len(), 3);
}

proptest! {
    #[test]
    fn terms_can_be_kept(text in ".{0,300}", key in ".{0,300}") {
        for term in terms::of(&json!({ key: [text] }).to_string()) {
            prop_assert!(!term.is_empty() && term.len() < 300);
            prop_assert!(!term.contains(|c: char| c.is_control() || c == '\''), "{term:?}");
        }
    }

    #[test]
    fn a_value_is_found_by_itself(text in "[^\"*\\pC]{1,80}") {
        let payload = json!({ "a": { "b": [1, text] } }).to_string();
        let search = Search::parse(&format!("a.b = \"{text}\"")).unwrap();
        prop_assert!(search.matches(&payload));
    }
}
