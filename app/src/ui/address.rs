//! A page's address with its query, encoded.

use leptos_router::params::ParamsMap;

/// `path` with `pairs` as its query; without any, `path` alone.
pub fn address<V: Into<String>>(
    path: &str,
    pairs: impl IntoIterator<Item = (&'static str, V)>,
) -> String {
    let mut query = ParamsMap::new();
    for (name, value) in pairs {
        query.insert(name, value.into());
    }
    format!("{path}{}", query.to_query_string())
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn what_a_query_may_not_hold_is_encoded() {
        assert_eq!(address("/runs", [("workflow", "a & b")]), "/runs?workflow=a%20%26%20b");
        assert_eq!(address::<String>("/runs", []), "/runs");
    }
}
