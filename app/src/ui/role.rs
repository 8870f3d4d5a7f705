//! What whoever looks may do. What they may not do is not offered to them; the server refuses it anyhow.
//!
//! Invariant: the role is known before anything is rendered, and is the same on both sides: the server
//! reads it off the session, the browser off the document that the server made.

use leptos::prelude::*;

/// From least to most. Who is not known may do nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    #[default]
    Viewer,
    Operator,
    Owner,
}

impl Role {
    /// Provides the role of whoever is signed in to all that is below.
    pub fn provide() {
        provide_context(name().map(|name| Self::named(&name)).unwrap_or_default());
    }

    /// Of whoever looks.
    pub fn current() -> Self {
        use_context().unwrap_or_default()
    }

    fn named(name: &str) -> Self {
        match name {
            "owner" => Self::Owner,
            "operator" => Self::Operator,
            _ => Self::Viewer,
        }
    }
}

#[cfg(feature = "ssr")]
pub(crate) fn name() -> Option<String> {
    Some(use_context::<crate::ssr::Caller>()?.user?.role)
}

#[cfg(not(feature = "ssr"))]
fn name() -> Option<String> {
    document().document_element()?.get_attribute("data-role")
}

/// For what changes something.
#[component]
pub fn ForOperators(children: Children) -> AnyView {
    from(Role::Operator, children)
}

/// For what concerns other people.
#[component]
pub fn ForOwners(children: Children) -> AnyView {
    from(Role::Owner, children)
}

fn from(least: Role, children: Children) -> AnyView {
    (Role::current() >= least).then(children).into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_is_offered_from_operators_on() {
        let offered = |role: &str| {
            let owner = Owner::new();
            owner.with(|| {
                provide_context(Role::named(role));
                let shown = |least| from(least, Box::new(|| "it".into_any())).to_html();
                [Role::Operator, Role::Owner].map(|least| shown(least).contains("it"))
            })
        };
        assert_eq!(offered("owner"), [true, true]);
        assert_eq!(offered("operator"), [true, false]);
        assert_eq!(offered("viewer"), [false, false]);
        assert_eq!(offered("something else"), [false, false]);
    }
}
