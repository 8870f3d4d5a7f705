//! Where a redirect leads, and what of a request goes there. Pure; whether the address may be reached is
//! for the targets to say.

use reqwest::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, COOKIE,
    PROXY_AUTHORIZATION, TRANSFER_ENCODING,
};

use super::failure;
use super::render::Request;
use crate::run::machine::Failure;

/// The request that the answer asks for instead (RFC 9110, section 15.4): 307 and 308 repeat it, the
/// others ask with GET and without a body. Nothing secret goes to another origin.
pub(super) fn next(asked: &Request, status: u16, location: &str) -> Result<Request, Failure> {
    let shown = || location.chars().take(200).collect::<String>();
    let url = asked.url.join(location);
    let url = url.ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or_else(|| {
        failure("redirect", format!("the redirect to `{}` leads to no URL", shown()), true)
    })?;
    let mut next = Request { url, ..asked.clone() };
    let repeats = matches!(status, 307 | 308);
    let reads = matches!(asked.method, http::Method::GET | http::Method::HEAD);
    if !repeats && !reads {
        next.method = http::Method::GET;
        next.body = None;
        next.secret_body = false;
        for about_body in
            [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, CONTENT_LANGUAGE, TRANSFER_ENCODING]
        {
            next.headers.remove(about_body);
        }
    }
    if next.url.origin() != asked.url.origin() {
        if next.secret_body {
            let message = format!(
                "the redirect to {} is not followed: the body holds a secret, and that is another \
                 origin",
                next.url.origin().ascii_serialization()
            );
            return Err(failure("redirect", message, true));
        }
        for name in std::mem::take(&mut next.secret_headers) {
            next.headers.remove(name);
        }
        for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION] {
            next.headers.remove(name);
        }
        next.headers.remove("x-api-key");
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn asked(method: http::Method) -> Request {
        let mut headers = HeaderMap::new();
        for name in ["authorization", "x-token", "x-plain", "content-type", "x-api-key"] {
            headers.insert(name, HeaderValue::from_static("v"));
        }
        Request {
            method,
            url: "https://one.example/a/b?c".parse().unwrap(),
            headers,
            body: Some(b"{}".as_slice().into()),
            timeout: std::time::Duration::from_secs(15),
            secret_headers: vec![HeaderName::from_static("x-token")],
            secret_body: false,
        }
    }

    #[track_caller]
    fn check(status: u16, location: &str, method: &str, url: &str, headers: &[&str]) {
        let next = next(&asked(http::Method::POST), status, location).unwrap();
        let mut names: Vec<_> = next.headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!((next.method.as_str(), next.url.as_str()), (method, url));
        assert_eq!(names, headers);
        assert_eq!(next.body.is_some(), method == "POST");
    }

    #[test]
    fn what_goes_on_depends_on_the_status_and_the_origin() {
        let all = ["authorization", "content-type", "x-api-key", "x-plain", "x-token"];
        check(308, "/z", "POST", "https://one.example/z", &all);
        check(307, "z", "POST", "https://one.example/a/z", &all);
        let bodiless = ["authorization", "x-api-key", "x-plain", "x-token"];
        for status in [301, 302, 303] {
            check(status, "/z", "GET", "https://one.example/z", &bodiless);
        }
        let plain = ["content-type", "x-plain"];
        check(307, "https://two.example/", "POST", "https://two.example/", &plain);
        check(307, "//one.example:8443/", "POST", "https://one.example:8443/", &plain);
        check(307, "http://one.example/", "POST", "http://one.example/", &plain);
        check(302, "https://two.example/", "GET", "https://two.example/", &["x-plain"]);
    }

    #[test]
    fn a_read_stays_a_read_and_a_secret_body_stays_at_home() {
        let next = next(&asked(http::Method::HEAD), 302, "/z").unwrap();
        assert_eq!(next.method, http::Method::HEAD);
        let secret = Request { secret_body: true, ..asked(http::Method::POST) };
        let refused = super::next(&secret, 307, "https://two.example/").err().unwrap();
        assert!(refused.permanent && refused.message.contains("holds a secret"), "{refused:?}");
        assert!(super::next(&secret, 307, "/here").is_ok());
        assert!(super::next(&secret, 303, "https://two.example/").is_ok(), "its body is left out");
        assert!(super::next(&secret, 302, "file:///etc/passwd").is_err());
    }
}
