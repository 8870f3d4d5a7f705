//! Answers have all of their fields, `null` where there is nothing. The derived schemas say so only of
//! fields that cannot be `null`, as is right for requests; here it is said of answers too.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, Schema};

use super::shape::Named;

/// Fields that are left out when there is nothing to say, by shape.
const MAY_BE_ABSENT: [(&str, &str); 4] =
    [("Message", "id"), ("Problem", "errors"), ("Saw", "error"), ("Saw", "value")];

pub(super) fn in_answers(named: Named) -> Named {
    let mark = |(name, mut schema): (String, RefOr<Schema>)| {
        all_of(&name, &mut schema);
        (name, schema)
    };
    named.into_iter().map(mark).collect()
}

fn all_of(name: &str, schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => fields_of(name, object),
        RefOr::T(Schema::AllOf(parts)) => {
            parts.items.iter_mut().for_each(|part| all_of(name, part));
        }
        _ => {}
    }
}

fn fields_of(name: &str, object: &mut Object) {
    let there = |field: &&String| !MAY_BE_ABSENT.contains(&(name, field.as_str()));
    object.required = object.properties.keys().filter(there).cloned().collect();
}
