//! The document around the application: what the server sends before any component speaks.
//!
//! Invariant: no inline script without the response's nonce, and no inline style at all.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use crate::{App, ssr::AssetVersion};

/// Files of the browser's build carry a version in their query, so they may be cached for ever.
fn asset(path: &str) -> String {
    match use_context() {
        Some(AssetVersion(version)) => format!("{path}?v={version}"),
        None => path.to_owned(),
    }
}

pub fn shell(options: LeptosOptions) -> impl IntoView {
    provide_context(options);
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="theme-color" content="#f6f7f5" media="(prefers-color-scheme: light)" />
                <meta name="theme-color" content="#0f1416" media="(prefers-color-scheme: dark)" />
                <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
                <link rel="stylesheet" href=asset("/pkg/sluice.css") />
                <HydrationScript />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Loads the browser's module. Until it has run, every page works as plain HTML.
#[component]
fn HydrationScript() -> impl IntoView {
    let (js, wasm) = (asset("/pkg/sluice.js"), asset("/pkg/sluice_bg.wasm"));
    let script = format!(
        "import init, {{ hydrate }} from {js:?};\
         await init({{ module_or_path: {wasm:?} }});\
         hydrate();"
    );
    view! {
        <link rel="modulepreload" href=js nonce=use_nonce() />
        <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
        <script type="module" nonce=use_nonce()>
            {script}
        </script>
    }
}
