//! How this server was started: what holds for everyone and is changed by its environment alone.

use serde::{Deserialize, Serialize};

/// A setting in force, as an operator knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// In words.
    pub name: String,
    pub value: String,
    /// The environment variable that sets it, where there is one.
    pub variable: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub settings: Vec<Setting>,
}
