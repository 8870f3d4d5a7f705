//! The browser's files, inside the binary: compressed when it was built, cached for ever by version.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;
use engine::key::SecretHash;
use rust_embed::RustEmbed;

use crate::problem::Problem;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../target/site"]
struct Site;

/// Changes whenever a file of the browser's build does.
pub(crate) static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<Cow<'static, str>> = Site::iter().collect();
    names.sort_unstable();
    let mut seen = String::new();
    for name in names {
        if let Some(file) = Site::get(&name) {
            seen.extend(file.metadata.sha256_hash().iter().map(|byte| format!("{byte:02x}")));
        }
    }
    SecretHash::of(&seen).to_hex()[..16].to_owned()
});

/// Serves a file of the site, in the best encoding that the client takes.
pub(crate) async fn serve(uri: Uri, headers: HeaderMap) -> Response<Body> {
    let path = uri.path().trim_start_matches('/');
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let encodings = [("br", ".br"), ("gzip", ".gz")];
    let packed =
        encodings.into_iter().filter(|(encoding, _)| accepted.contains(encoding)).find_map(
            |(encoding, ending)| Some((Some(encoding), Site::get(&format!("{path}{ending}"))?)),
        );
    let Some((encoding, file)) = packed.or_else(|| Some((None, Site::get(path)?))) else {
        return Problem::not_found().into_response();
    };
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    // A versioned address never changes its contents.
    let cache =
        if uri.query().is_some() { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = (StatusCode::OK, file.data).into_response();
    let headers = response.headers_mut();
    if let Ok(mime) = HeaderValue::from_str(mime.as_ref()) {
        headers.insert(header::CONTENT_TYPE, mime);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}
