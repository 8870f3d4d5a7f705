//! JSON carried as text, because what was sent must be what is shown.
//!
//! Parsing into values would reorder keys and round numbers.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

/// One JSON document. Serializes as itself, and only through `serde_json`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(value_type = serde_json::Value))]
pub struct RawJson(pub String);

impl RawJson {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer).map_err(de::Error::custom)?;
        Ok(Self(String::from(Box::<str>::from(raw))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_byte_for_byte() -> Result<(), serde_json::Error> {
        let text = r#"{"z": 1.10, "a":[1e400,  "\u00e9"]}"#;
        let json = serde_json::to_string(&vec![RawJson(text.to_owned())])?;
        assert_eq!(json, format!("[{text}]"));
        let back: Vec<RawJson> = serde_json::from_str(&json)?;
        assert_eq!(back, [RawJson(text.to_owned())]);
        Ok(())
    }

    #[test]
    fn broken_text_is_an_error() {
        assert!(serde_json::to_string(&RawJson("{".to_owned())).is_err());
    }
}
