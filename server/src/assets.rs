//! The browser's files, as the binary brings them along: cached for ever by version.

use std::borrow::Cow;
use std::sync::{LazyLock, OnceLock};

use app::ssr::Assets;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;
use engine::key::SecretHash;
use rust_embed::EmbeddedFile;

use crate::problem::Problem;

/// What the binary has of them.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    pub names: fn() -> Vec<Cow<'static, str>>,
    pub file: fn(&str) -> Option<EmbeddedFile>,
}

static SITE: OnceLock<Site> = OnceLock::new();

/// The first site stays.
pub(crate) fn bring(site: Site) {
    let _first = SITE.set(site);
}

fn file(path: &str) -> Option<EmbeddedFile> {
    SITE.get().and_then(|site| (site.file)(path))
}

/// Where pages find the browser's build.
pub(crate) static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let parts = file("pkg/parts.json");
    let parts = parts.and_then(|file| serde_json::from_slice(&file.data).ok());
    Assets { folder: format!("/pkg/{}", *VERSION), parts: parts.unwrap_or_default() }
});

/// Changes whenever a file of the browser's build does.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut names = SITE.get().map(|site| (site.names)()).unwrap_or_default();
    names.sort_unstable();
    let mut seen = String::new();
    for name in names {
        if let Some(file) = file(&name) {
            seen.extend(file.metadata.sha256_hash().iter().map(|byte| format!("{byte:02x}")));
        }
    }
    SecretHash::of(&seen).to_hex()[..16].to_owned()
});

/// Serves a file of the site, in the best encoding that the client takes.
pub(crate) async fn serve(uri: Uri, headers: HeaderMap) -> Response<Body> {
    let path = uri.path().trim_start_matches('/');
    let unversioned = without_version(path);
    // A versioned address never changes its contents.
    let cache = match unversioned {
        Some(_) => "public, max-age=31536000, immutable",
        None => "no-cache",
    };
    let path = unversioned.as_deref().unwrap_or(path);
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let encodings = [("br", ".br"), ("gzip", ".gz")];
    let packed = encodings
        .into_iter()
        .filter(|(encoding, _)| accepted.contains(encoding))
        .find_map(|(encoding, ending)| Some((Some(encoding), file(&format!("{path}{ending}"))?)));
    let Some((encoding, file)) = packed.or_else(|| Some((None, file(path)?))) else {
        return Problem::not_found().into_response();
    };
    let mime = mime_guess::from_path(path).first_or_octet_stream();
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

/// `pkg/<version>/<file>` as `pkg/<file>`. Other versions than this one are not here.
fn without_version(path: &str) -> Option<String> {
    let file = path.strip_prefix("pkg/")?.strip_prefix(VERSION.as_str())?.strip_prefix('/')?;
    Some(format!("pkg/{file}"))
}
