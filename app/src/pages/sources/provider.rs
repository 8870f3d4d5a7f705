//! What each kind of source is called, and how its provider is set up.

use super::trial;

#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// As the engine names it.
    pub kind: &'static str,
    pub title: &'static str,
    /// What comes from it, in a few words.
    pub brings: &'static str,
    /// Where its secret is found, or how it gets there.
    pub secret: &'static str,
    /// Whether it takes a secret that was made here.
    pub takes_ours: bool,
    /// What to do over there, in order.
    pub steps: &'static [&'static str],
    /// A signed delivery to send by hand, for kinds that a shell can sign for.
    pub trial: Option<fn(address: &str, header: &str) -> String>,
}

pub const ALL: [Provider; 6] = [
    Provider {
        kind: "github",
        title: "GitHub",
        brings: "Pushes, pull requests, issues, releases",
        secret: "Leave it empty and a strong one is made; you paste it at GitHub.",
        takes_ours: true,
        steps: &[
            "At GitHub, open the repository or organisation, then Settings, Webhooks, Add webhook.",
            "Payload URL: the address above. Content type: application/json.",
            "Secret: the one of this source. Choose the events and save; GitHub sends a ping at once.",
        ],
        trial: Some(trial::github),
    },
    Provider {
        kind: "stripe",
        title: "Stripe",
        brings: "Payments, invoices, subscriptions",
        secret: "Stripe shows it as the signing secret (whsec_…) of the endpoint you add for this address.",
        takes_ours: false,
        steps: &[
            "In Stripe's Workbench, open Webhooks and add a destination of type webhook endpoint.",
            "Endpoint URL: the address above. Choose the events.",
            "Reveal the signing secret, and put it in force here if it is not yet.",
        ],
        trial: None,
    },
    Provider {
        kind: "shopify",
        title: "Shopify",
        brings: "Orders, products, customers",
        secret: "Shown below the list of webhooks in Settings, Notifications; for an app, its client secret.",
        takes_ours: false,
        steps: &[
            "In the shop's admin, open Settings, Notifications, Webhooks, Create webhook.",
            "Format: JSON. URL: the address above.",
            "Send a test notification from there.",
        ],
        trial: None,
    },
    Provider {
        kind: "slack",
        title: "Slack",
        brings: "Messages, mentions, slash commands",
        secret: "The signing secret under Basic Information of your app.",
        takes_ours: false,
        steps: &[
            "At api.slack.com/apps, open your app and Event Subscriptions, and turn events on.",
            "Request URL: the address above. Slack asks it at once, and Sluice answers.",
            "Subscribe to bot events and save.",
        ],
        trial: None,
    },
    Provider {
        kind: "standard-webhooks",
        title: "Standard Webhooks",
        brings: "Any sender that follows the standard",
        secret: "Paste the one the sender shows (whsec_…), or leave it empty and one is made.",
        takes_ours: true,
        steps: &[
            "At the sender, add an endpoint with the address above.",
            "Give both sides the same secret: theirs here, or this source's there.",
            "The event's type is read from type in the body, its id from the header webhook-id.",
        ],
        trial: Some(trial::standard_webhooks),
    },
    Provider {
        kind: "hmac",
        title: "HMAC-SHA256",
        brings: "Your own services, and everything else that signs",
        secret: "Leave it empty and a strong one is made; the sender signs the body with it.",
        takes_ours: true,
        steps: &[
            "Sign the body as it is sent with HMAC-SHA256 and the secret of this source.",
            "Put the signature, in hexadecimal or base64, into the header named under Facts.",
            "Name the event in the header x-event-type, or in eventType or type in the body.",
        ],
        trial: Some(trial::hmac),
    },
];

/// The provider of a kind; a kind that is not known has none.
pub fn find(kind: &str) -> Option<Provider> {
    ALL.into_iter().find(|provider| provider.kind == kind)
}

/// What to call a kind.
pub fn title(kind: &str) -> String {
    find(kind).map_or_else(|| kind.to_owned(), |provider| provider.title.to_owned())
}
