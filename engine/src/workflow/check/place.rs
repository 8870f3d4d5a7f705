//! Where a value stands in a YAML text. The parser says where it was when something failed, so the way to
//! the value is followed, and there it fails.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The line and column of the value at `path`, from 1, or of the nearest one around it that is there;
/// and how many quotes its text begins with, unless it spans lines.
pub(super) fn locate(text: &str, path: &str) -> (usize, usize, Option<usize>) {
    let mut way: Vec<&str> = path.split('.').filter(|segment| !segment.is_empty()).collect();
    loop {
        let found = Way(&way).deserialize(serde_yaml_ng::Deserializer::from_str(text));
        if let Err(error) = found
            && let Some(at) = error.location()
        {
            return (at.line(), at.column(), quotes(text, at.index()));
        }
        if way.pop().is_none() {
            return (1, 1, Some(0));
        }
    }
}

fn quotes(text: &str, at: usize) -> Option<usize> {
    match text.get(at..)?.chars().next()? {
        '"' | '\'' => Some(1),
        '|' | '>' => None,
        _ => Some(0),
    }
}

/// The keys and numbers that lead on from here.
#[derive(Clone, Copy)]
struct Way<'w>(&'w [&'w str]);

impl<'de> DeserializeSeed<'de> for Way<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Way<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the place that is looked for")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((first, rest)) = self.0.split_first() else {
            return Err(A::Error::custom("here"));
        };
        while let Some(key) = map.next_key::<String>()? {
            if key == *first {
                map.next_value_seed(Way(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Some((first, rest)) = self.0.split_first() else {
            return Err(A::Error::custom("here"));
        };
        let wanted = first.parse::<usize>().ok();
        for at in 0.. {
            let more = match wanted == Some(at) {
                true => list.next_element_seed(Way(rest))?.is_some(),
                false => list.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.arrived()
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.arrived()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.arrived()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.arrived()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.arrived()
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.arrived()
    }
}

impl Way<'_> {
    fn arrived<E: Error>(self) -> Result<(), E> {
        match self.0 {
            [] => Err(E::custom("here")),
            // The way leads on, but there is nothing below a plain value.
            _ => Ok(()),
        }
    }
}
