//! What is learnt, what is told of it, and that it is bounded.

use serde_json::json;

use super::*;

fn learnt(payloads: &[Value]) -> (Shape, Vec<String>) {
    let mut shape = Shape::default();
    let mut told = Vec::new();
    for payload in payloads {
        for Turn { path, kind, was, became } in shape.learn(payload) {
            let side = |side: Option<String>| side.unwrap_or_else(|| "-".into());
            told.push(format!("{path} {kind}: {} -> {}", side(was), side(became)));
        }
    }
    (shape, told)
}

/// Enough of one payload to be told what comes after.
fn after(payload: Value, then: Value) -> Vec<String> {
    let mut all = vec![payload; LEARNT as usize];
    all.push(then);
    learnt(&all).1
}

#[test]
fn the_first_events_are_only_learnt_from() {
    assert!(learnt(&[json!({ "a": 1 }), json!({ "b": "x" }), json!([])]).1.is_empty());
}

#[test]
fn fields_appear_change_and_disappear() {
    let order = json!({ "id": 1, "customer": { "email": "a" }, "items": [{ "price": 1 }] });
    let told = |then| after(order.clone(), then);
    assert!(told(order.clone()).is_empty());
    let more =
        json!({ "id": 1, "customer": { "email": "a", "name": "n" }, "items": [{ "price": 1 }] });
    assert_eq!(told(more), ["customer.name appeared: - -> string"]);
    let other = json!({ "id": "1", "customer": { "email": null }, "items": [{ "price": 1 }] });
    assert_eq!(
        told(other),
        [
            "customer.email changed: string -> null or string",
            "id changed: number -> number or string"
        ]
    );
    let fewer = json!({ "id": 1, "items": [{ "price": 1 }] });
    assert_eq!(told(fewer), ["customer disappeared: object -> -"], "not all that was in it");
    let empty = json!({ "id": 1, "customer": { "email": "a" }, "items": [] });
    assert!(told(empty).is_empty(), "an empty list lacks nothing");
    let whole = json!({ "id": 1, "customer": { "email": "a" }, "items": [{ "price": 1 }], "new": { "a": { "b": 1 } } });
    assert_eq!(told(whole), ["new appeared: - -> object"], "not all that is in it");
    assert_eq!(told(json!([1])), ["$ changed: object -> object or array"]);
}

#[test]
fn what_was_told_once_is_not_told_again() {
    let mut all = vec![json!({ "a": 1, "b": 1 }); 8];
    all.extend(vec![json!({ "a": "x" }); 20]);
    all.extend(vec![json!({ "a": 1, "b": 1 }); 3]);
    all.extend(vec![json!({ "a": "x" }); 20]);
    let told = learnt(&all).1;
    assert_eq!(told, ["a changed: number -> number or string", "b disappeared: number -> -"]);
}

#[test]
fn what_is_seldom_there_has_gone_after_long() {
    let mut all = vec![json!({ "a": 1 }); 6];
    all.push(json!({ "a": 1, "hint": "x" }));
    all.extend(vec![json!({ "a": 1 }); SILENT as usize]);
    all.push(json!({ "a": 1, "hint": "x" }));
    let told = learnt(&all).1;
    assert_eq!(
        told,
        [
            "hint appeared: - -> string",
            "hint disappeared: string -> -",
            "hint appeared: - -> string"
        ]
    );
}

#[test]
fn names_that_are_data_are_folded() {
    let by_id =
        json!({ "stock": { "sku-12345678": 1, "sku-99887766": 2 }, "by": { "a@b.c": { "n": 1 } } });
    let (shape, told) = learnt(&vec![by_id; 8]);
    assert!(told.is_empty());
    let paths: Vec<&str> = shape.fields.keys().map(String::as_str).collect();
    assert_eq!(paths, ["$", "$.by", "$.by.*", "$.by.*.n", "$.stock", "$.stock.*"]);
}

#[test]
fn an_object_with_very_many_names_is_a_map() {
    let words = |n: usize| {
        let letter = |digit: usize| char::from(b'a' + (digit % 26) as u8);
        format!("{}{}{}", letter(n), letter(n / 26), letter(n / 676))
    };
    let payload = |n: usize| json!({ "by": { words(n): { "count": n } } });
    let all: Vec<Value> = (0..400).map(payload).collect();
    let (shape, told) = learnt(&all);
    let paths: Vec<&str> = shape.fields.keys().map(String::as_str).collect();
    assert_eq!(paths, ["$", "$.by", "$.by.*", "$.by.*.count"]);
    assert!(told.len() < 2 * MOST_MEMBERS, "{told:?}");
}

#[test]
fn a_shape_is_bounded_whatever_comes() {
    let mut deep = json!(1);
    for _ in 0..60 {
        deep = json!({ "a": deep });
    }
    let wide = |n: usize| {
        let word = |m: usize| {
            format!(
                "f{}",
                "abcdefghij".chars().cycle().skip(m % 10).take(3 + m / 10).collect::<String>()
            )
        };
        let inner: serde_json::Map<String, Value> =
            (0..40).map(|m| (word(m), json!({ word(m + n): n }))).collect();
        json!({ word(n): inner })
    };
    let mut all = vec![deep];
    all.extend((0..60).map(wide));
    let (shape, _) = learnt(&all);
    assert!(shape.fields.len() <= MOST_FIELDS, "{}", shape.fields.len());
    assert!(shape.fields.keys().all(|path| path.matches('.').count() <= DEEPEST));
    let (again, _) = learnt(&all);
    assert_eq!(shape, again, "the same payloads give the same shape");
}
