//! The document around the application: what the server sends before any component speaks.
//!
//! Invariant: no inline script without the response's nonce, and no inline style at all.

use http::request::Parts;
use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use crate::{App, routes, ssr::Assets, ui::role};

pub fn shell(options: LeptosOptions) -> impl IntoView {
    provide_context(options);
    let assets = use_context::<Assets>().unwrap_or_default();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-role=role::name()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="theme-color" content="#f6f7f5" media="(prefers-color-scheme: light)" />
                <meta name="theme-color" content="#0f1416" media="(prefers-color-scheme: dark)" />
                <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
                <link rel="stylesheet" href=assets.address("sluice.css") />
                <HydrationScript assets />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Loads the browser's module. Until it has run, every page works as plain HTML.
///
/// All that the page needs is announced, or the browser would learn of each file from the one before.
#[component]
fn HydrationScript(assets: Assets) -> impl IntoView {
    let file = |name: &str| assets.address(name);
    let (js, wasm) = (file("sluice.js"), file("sluice_bg.wasm"));
    let script = format!(
        "import init, {{ hydrate }} from {js:?};\
         await init({{ module_or_path: {wasm:?} }});\
         hydrate();"
    );
    let path = use_context::<Parts>().map(|request| request.uri.path().to_owned());
    let modules = routes::modules(&path.unwrap_or_default());
    let parts = modules.into_iter().filter_map(|module| assets.parts.get(module)).flatten();
    let programs: Vec<String> = parts.map(|part| file(part)).chain([wasm]).collect();
    view! {
        <link rel="modulepreload" href=js nonce=use_nonce() />
        <link rel="modulepreload" href=file("__wasm_split.js") nonce=use_nonce() />
        {programs
            .into_iter()
            .map(|program| {
                view! {
                    <link
                        rel="preload"
                        href=program
                        r#as="fetch"
                        r#type="application/wasm"
                        crossorigin="anonymous"
                    />
                }
            })
            .collect_view()}
        <script type="module" nonce=use_nonce()>
            {script}
        </script>
    }
}
