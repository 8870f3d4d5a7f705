//! Why deliveries are not believed, in words, and what to do about it.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// As the engine names it.
    pub code: &'static str,
    /// For a list to choose from.
    pub short: &'static str,
    pub title: &'static str,
    pub advice: &'static str,
}

pub const ALL: [Cause; 4] = [
    Cause {
        code: "wrong_signature",
        short: "wrong secret or altered",
        title: "Signed with another secret, or altered on its way",
        advice: "Put the secret that the provider signs with in force, then verify again. If it is the \
                 right one already, something in between rewrites bodies.",
    },
    Cause {
        code: "clock_skew",
        short: "clock skew",
        title: "Signed too long before or after it came",
        advice: "Set the clocks of the sender and of this server. An old signature may be someone's copy: if \
                 you know that it is none, verify again, where its age does not count.",
    },
    Cause {
        code: "missing_header",
        short: "missing header",
        title: "Not signed",
        advice: "Give the provider the secret of this source, so that it signs, and let it send again.",
    },
    Cause {
        code: "malformed_header",
        short: "malformed header",
        title: "The signature is not written as this kind of source writes it",
        advice: "See whether the source is of the right kind. One of the same name and another kind can \
                 take its place; then verify again.",
    },
];

/// A cause that is not known yet says nothing more than its code.
pub fn find(code: &str) -> Option<Cause> {
    ALL.into_iter().find(|cause| cause.code == code)
}
