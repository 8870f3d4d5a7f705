//! What is looked for. Pure.

use serde_json::Value;

/// The longest value, in bytes.
pub const LONGEST: usize = 1_000;
/// The longest path, in bytes.
pub const LONGEST_PATH: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Criterion {
    /// The event's `subject` is this.
    Subject(String),
    /// The payload has this value at the path.
    Payload { path: Path, value: String },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCriterion {
    #[error("say either `subject`, or `path` and `value`")]
    Which,
    #[error("what is looked for has 1 to {LONGEST} bytes and no NUL character")]
    Value,
    #[error(
        "a path is names with dots between them, such as `customer.email`, at most {LONGEST_PATH} bytes"
    )]
    Path,
}

/// Names of members, from the outside in. Arrays are gone through: `items.email` is the email of any item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<String>);

impl Path {
    pub fn parse(text: &str) -> Result<Self, InvalidCriterion> {
        let text = text.trim();
        let names: Vec<String> = text.split('.').map(str::to_owned).collect();
        let wrong = |name: &String| name.is_empty() || name.contains('\0');
        match text.len() > LONGEST_PATH || names.iter().any(wrong) {
            true => Err(InvalidCriterion::Path),
            false => Ok(Self(names)),
        }
    }

    fn leads_to(&self, payload: &Value, wanted: &str) -> bool {
        leads_to(&self.0, payload, wanted)
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

fn leads_to(names: &[String], at: &Value, wanted: &str) -> bool {
    match (at, names) {
        (Value::Array(items), _) => items.iter().any(|item| leads_to(names, item, wanted)),
        (Value::Object(members), [name, rest @ ..]) => {
            members.get(name).is_some_and(|member| leads_to(rest, member, wanted))
        }
        (Value::String(text), []) => text == wanted,
        (Value::Number(number), []) => number.to_string() == wanted,
        (Value::Bool(truth), []) => truth.to_string() == wanted,
        _ => false,
    }
}

impl Criterion {
    /// From what somebody asked for; blank texts are absent.
    pub fn parse(
        subject: Option<&str>,
        path: Option<&str>,
        value: Option<&str>,
    ) -> Result<Self, InvalidCriterion> {
        let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let criterion = match (given(subject), given(path), given(value)) {
            (Some(subject), None, None) => Self::Subject(subject),
            (None, Some(path), Some(value)) => Self::Payload { path: Path::parse(&path)?, value },
            _ => return Err(InvalidCriterion::Which),
        };
        let wanted = criterion.value();
        match wanted.len() > LONGEST || wanted.contains('\0') {
            true => Err(InvalidCriterion::Value),
            false => Ok(criterion),
        }
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::Subject(_) => "subject",
            Self::Payload { .. } => "payload",
        }
    }

    pub fn path(&self) -> Option<String> {
        match self {
            Self::Subject(_) => None,
            Self::Payload { path, .. } => Some(path.to_string()),
        }
    }

    pub(crate) fn value(&self) -> &str {
        match self {
            Self::Subject(value) | Self::Payload { value, .. } => value,
        }
    }

    pub(crate) fn fits_subject(&self, subject: Option<&str>) -> bool {
        matches!(self, Self::Subject(wanted) if subject == Some(wanted))
    }

    pub(crate) fn fits_payload(&self, payload: &Value) -> bool {
        matches!(self, Self::Payload { path, value } if path.leads_to(payload, value))
    }

    /// JSON as it was sent. What is not JSON has no such path.
    pub(crate) fn fits_text(&self, payload: &str) -> bool {
        match self {
            Self::Subject(_) => false,
            Self::Payload { .. } => {
                serde_json::from_str(payload).is_ok_and(|payload| self.fits_payload(&payload))
            }
        }
    }

    /// A delivery as it came: JSON, or a form, whose field `payload` may be JSON.
    pub(crate) fn fits_body(&self, body: &[u8]) -> bool {
        if let Self::Subject(_) = self {
            return false;
        }
        if let Ok(payload) = serde_json::from_slice(body) {
            return self.fits_payload(&payload);
        }
        let fields = form_urlencoded::parse(body);
        let form: serde_json::Map<String, Value> =
            fields.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect();
        let inner = form.get("payload").and_then(Value::as_str);
        inner.is_some_and(|inner| self.fits_text(inner)) || self.fits_payload(&Value::Object(form))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(path: &str, value: &str, payload: Value, fits: bool) {
        let criterion = Criterion::parse(None, Some(path), Some(value)).unwrap();
        assert_eq!(criterion.fits_text(&payload.to_string()), fits, "{path} = {value}: {payload}");
    }

    #[test]
    fn a_path_leads_through_objects_and_arrays_to_a_value() {
        let order = json!({ "customer": { "email": "a@b.c", "id": 7, "vip": true } });
        check("customer.email", "a@b.c", order.clone(), true);
        check("customer.email", "A@b.c", order.clone(), false);
        check("customer.id", "7", order.clone(), true);
        check("customer.vip", "true", order.clone(), true);
        check("customer", "a@b.c", order.clone(), false);
        check("email", "a@b.c", order.clone(), false);
        check("customer.email.x", "a@b.c", order, false);
        let many = json!({ "items": [{ "to": "x" }, { "to": ["y", "a@b.c"] }] });
        check("items.to", "a@b.c", many.clone(), true);
        check("items.to", "z", many, false);
        check("email", "a@b.c", json!([{ "email": "a@b.c" }]), true);
        check("email", "null", json!({ "email": null }), false);
    }

    #[test]
    fn deliveries_are_json_or_forms() {
        let criterion = Criterion::parse(None, Some("user.email"), Some("a@b.c")).unwrap();
        assert!(criterion.fits_body(br#"{"user":{"email":"a@b.c"}}"#));
        let form = b"payload=%7B%22user%22%3A%7B%22email%22%3A%22a%40b.c%22%7D%7D";
        assert!(criterion.fits_body(form));
        let flat = Criterion::parse(None, Some("email"), Some("a@b.c")).unwrap();
        assert!(flat.fits_body(b"email=a%40b.c&x=1"));
        assert!(!flat.fits_body(b"\xff\xfe"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let parse = |subject, path, value| Criterion::parse(subject, path, value).unwrap_err();
        assert_eq!(parse(None, None, None), InvalidCriterion::Which);
        assert_eq!(parse(Some("a"), Some("b"), Some("c")), InvalidCriterion::Which);
        assert_eq!(parse(None, Some("b"), None), InvalidCriterion::Which);
        assert_eq!(parse(None, Some("a..b"), Some("c")), InvalidCriterion::Path);
        assert_eq!(parse(Some("a\0"), None, None), InvalidCriterion::Value);
        assert_eq!(parse(Some(&"x".repeat(LONGEST + 1)), None, None), InvalidCriterion::Value);
    }
}
