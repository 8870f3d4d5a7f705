//! Whether a browser's request comes from our own pages. Together with `SameSite` cookies this keeps
//! other sites from acting in a signed-in person's name.

use axum::http::{HeaderMap, Method, header};

/// Reading is always fine; changing needs an `Origin` (or `Sec-Fetch-Site`) that is our own.
/// A request with neither header did not come from a browser's page.
pub(crate) fn is_own(method: &Method, headers: &HeaderMap) -> bool {
    if method.is_safe() {
        return true;
    }
    let text =
        |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(_, at)| at.eq_ignore_ascii_case(host))
        }
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_sites_may_look_but_not_touch() {
        let check = |pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            headers.insert("host", "sluice.example".parse().unwrap());
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            (is_own(&Method::GET, &headers), is_own(&Method::POST, &headers))
        };
        assert_eq!(check(&[]), (true, true));
        assert_eq!(check(&[("origin", "https://sluice.example")]), (true, true));
        assert_eq!(check(&[("origin", "https://evil.example")]), (true, false));
        assert_eq!(check(&[("origin", "null")]), (true, false));
        assert_eq!(check(&[("sec-fetch-site", "cross-site")]), (true, false));
        assert_eq!(check(&[("sec-fetch-site", "same-site")]), (true, false));
    }
}
