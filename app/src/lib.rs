//! The dashboard of Sluice: pages, their parts, and the server functions they call.
//!
//! Compiled twice: with `ssr` into the server, with `hydrate` into the browser's module.
//! Invariant: the engine is reached only through [`ssr`], which the browser never sees.

// Views are deeply nested types, and release builds do not erase them.
#![recursion_limit = "512"]

#[cfg(all(feature = "ssr", target_arch = "wasm32"))]
compile_error!("`ssr` leaked into the browser's build: build `frontend` on its own");

// First, so that it stays where it is when another file changes: functions that are split off are named by
// their place in all of the source, and when their names change, everything is compiled anew.
pub mod routes;

pub mod api;
pub mod encoding;
pub mod error;
pub mod live;
pub mod model;
pub mod pages;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
pub mod ssr;
pub mod ui;

pub use error::ApiError;
pub use routes::App;
#[cfg(feature = "ssr")]
pub use shell::shell;
