//! What is looked for. Pure.

use serde_json::Value;
use serde_json::value::RawValue;

use super::path::LONGEST as LONGEST_PATH;
pub use super::path::Path;

/// The longest value, in bytes.
pub const LONGEST: usize = 1_000;

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
        "`path` is names with dots between them, such as `customer.email`, at most {LONGEST_PATH} bytes; a \
         `$` in front, `[0]`, `[*]` and `['a name']` are understood, and nothing else with brackets or `$`"
    )]
    Path,
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

    /// JSON as it was sent. What is not JSON has no such path.
    pub(crate) fn fits_text(&self, payload: &str) -> bool {
        match self {
            Self::Subject(_) => false,
            Self::Payload { path, value } => path.leads_to(payload, value),
        }
    }

    /// A delivery as it came: JSON, or a form, whose field `payload` may be JSON.
    pub(crate) fn fits_body(&self, body: &[u8]) -> bool {
        if let Self::Subject(_) = self {
            return false;
        }
        if let Ok(payload) = serde_json::from_slice::<&RawValue>(body) {
            return self.fits_text(payload.get());
        }
        let fields = form_urlencoded::parse(body);
        let form: serde_json::Map<String, Value> =
            fields.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect();
        let inner = form.get("payload").and_then(Value::as_str);
        inner.is_some_and(|inner| self.fits_text(inner))
            || self.fits_text(&Value::Object(form).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(parse(None, Some("a[b]"), Some("c")), InvalidCriterion::Path);
        assert_eq!(parse(Some("a\0"), None, None), InvalidCriterion::Value);
        assert_eq!(parse(Some(&"x".repeat(LONGEST + 1)), None, None), InvalidCriterion::Value);
    }
}
