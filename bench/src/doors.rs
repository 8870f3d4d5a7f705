//! Trial 31, a sample: every route, and who may pass it.
//!
//! The list is the public surface of DESIGN; a route that answers strangers
//! must be named here as open, all others must refuse. Invariant: a route that
//! does not exist (404, 405) does not count as closed.

use serde_json::json;

use crate::http::Request;
use crate::sluice::Sluice;

/// What a caller must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    Ingest,
    Read,
    Manage,
}

#[derive(Clone, Copy, Debug)]
pub struct Door {
    pub method: &'static str,
    pub path: &'static str,
    pub needs: Needs,
}

const fn door(method: &'static str, path: &'static str, needs: Needs) -> Door {
    Door { method, path, needs }
}

/// Routes for machines.
pub const ROUTES: &[Door] = &[
    door("POST", "/api/webhooks/ingest", Needs::Ingest),
    door("POST", "/api/webhooks/ingest/batch", Needs::Ingest),
    door("GET", "/api/v1/events", Needs::Read),
    door("GET", "/api/v1/events/evt_none", Needs::Read),
    door("POST", "/api/v1/events/evt_none/replay", Needs::Manage),
    door("POST", "/api/v1/events/evt_none/processed", Needs::Manage),
    door("POST", "/api/v1/events/evt_none/failed", Needs::Manage),
    door("POST", "/api/v1/events/evt_none/hold", Needs::Manage),
    door("POST", "/api/v1/events/evt_none/release", Needs::Manage),
    door("DELETE", "/api/v1/events/evt_none", Needs::Manage),
    door("GET", "/api/v1/events/evt_none/explain", Needs::Read),
    door("GET", "/api/v1/erasures", Needs::Manage),
    door("POST", "/api/v1/erasures", Needs::Manage),
    door("GET", "/api/v1/erasures/ers_none", Needs::Manage),
    door("GET", "/api/v1/dead-letters", Needs::Read),
    door("POST", "/api/v1/dead-letters/evt_none/retry", Needs::Manage),
    door("GET", "/api/v1/workflows", Needs::Read),
    door("POST", "/api/v1/workflows", Needs::Manage),
    door("POST", "/api/v1/workflows/check", Needs::Read),
    door("POST", "/api/v1/workflows/preview", Needs::Read),
    door("POST", "/api/v1/workflows/backtest", Needs::Read),
    door("POST", "/api/v1/workflows/wfl_none/test", Needs::Manage),
    door("GET", "/api/v1/workflows/wfl_none", Needs::Read),
    door("DELETE", "/api/v1/workflows/wfl_none", Needs::Manage),
    door("GET", "/api/v1/workflows/wfl_none/versions", Needs::Read),
    door("GET", "/api/v1/workflows/wfl_none/versions/1", Needs::Read),
    door("POST", "/api/v1/workflows/wfl_none/versions/1/restore", Needs::Manage),
    door("POST", "/api/v1/workflows/wfl_none/enable", Needs::Manage),
    door("POST", "/api/v1/workflows/wfl_none/disable", Needs::Manage),
    door("POST", "/api/v1/bulk", Needs::Manage),
    door("GET", "/api/v1/bulk", Needs::Read),
    door("GET", "/api/v1/bulk/blk_none", Needs::Read),
    door("DELETE", "/api/v1/bulk/blk_none", Needs::Manage),
    door("POST", "/api/v1/bulk/blk_none/resume", Needs::Manage),
    door("GET", "/api/v1/dead-letters/groups", Needs::Read),
    door("GET", "/api/v1/dead-letters/export", Needs::Read),
    door("GET", "/api/v1/events/export", Needs::Read),
    door("GET", "/api/v1/runs", Needs::Read),
    door("GET", "/api/v1/runs/run_none", Needs::Read),
    door("POST", "/api/v1/runs/run_none/cancel", Needs::Manage),
    door("GET", "/api/v1/workflows/wfl_none/signing-secret", Needs::Manage),
    door("POST", "/api/v1/workflows/wfl_none/signing-secret/rotate", Needs::Manage),
    door("GET", "/api/v1/secrets", Needs::Read),
    door("PUT", "/api/v1/secrets/NONE", Needs::Manage),
    door("DELETE", "/api/v1/secrets/NONE", Needs::Manage),
    door("GET", "/api/v1/sources", Needs::Read),
    door("POST", "/api/v1/sources", Needs::Manage),
    door("GET", "/api/v1/sources/none", Needs::Read),
    door("DELETE", "/api/v1/sources/none", Needs::Manage),
    door("POST", "/api/v1/sources/none/rotate", Needs::Manage),
    door("POST", "/api/v1/sources/none/end-old", Needs::Manage),
    door("GET", "/api/v1/quarantine", Needs::Read),
    door("POST", "/api/v1/quarantine/qrn_none/release", Needs::Manage),
    door("DELETE", "/api/v1/quarantine/qrn_none", Needs::Manage),
    door("GET", "/api/v1/alerts", Needs::Read),
    door("POST", "/api/v1/alerts", Needs::Manage),
    door("PUT", "/api/v1/alerts/alr_none", Needs::Manage),
    door("DELETE", "/api/v1/alerts/alr_none", Needs::Manage),
    door("POST", "/api/v1/alerts/alr_none/mute", Needs::Manage),
    door("GET", "/api/v1/alert-history", Needs::Read),
    door("GET", "/api/v1/alert-messages", Needs::Read),
    door("GET", "/api/v1/alert-channels", Needs::Read),
    door("POST", "/api/v1/alert-channels", Needs::Manage),
    door("DELETE", "/api/v1/alert-channels/chn_none", Needs::Manage),
    door("POST", "/api/v1/alert-channels/chn_none/test", Needs::Manage),
    door("GET", "/api/v1/keys", Needs::Read),
    door("POST", "/api/v1/keys", Needs::Manage),
    door("DELETE", "/api/v1/keys/key_none", Needs::Manage),
    door("GET", "/api/v1/retention", Needs::Read),
    door("PUT", "/api/v1/retention", Needs::Manage),
    door("DELETE", "/api/v1/retention?status=failed", Needs::Manage),
    door("GET", "/api/v1/retention/limits", Needs::Read),
    door("PUT", "/api/v1/retention/limits", Needs::Manage),
    door("DELETE", "/api/v1/retention/limits?status=failed", Needs::Manage),
    door("GET", "/api/v1/users", Needs::Manage),
    door("GET", "/api/v1/audit", Needs::Manage),
    door("GET", "/api/v1/types", Needs::Read),
    door("GET", "/api/v1/types/none", Needs::Read),
    door("GET", "/api/v1/stats", Needs::Read),
    door("GET", "/api/v1/stream", Needs::Read),
    door("GET", "/api/v1/openapi.json", Needs::Read),
    door("GET", "/api/docs", Needs::Read),
    door("GET", "/metrics", Needs::Read),
];

/// Pages for people; a stranger is sent to sign in.
pub const PAGES: &[&str] = &[
    "/",
    "/overview",
    "/events/evt_none",
    "/dead-letters",
    "/quarantine",
    "/workflows",
    "/workflows/new",
    "/workflows/wfl_none",
    "/workflows/wfl_none/edit",
    "/sources",
    "/sources/none",
    "/secrets",
    "/keys",
    "/alerts",
    "/retention",
    "/erasures",
    "/types",
    "/types/none",
    "/people",
    "/audit",
    "/runs",
    "/runs/run_none",
    "/settings",
];

/// Changes that a browser may ask for, as another site would forge them.
pub const FORGED: &[&str] = &[
    "/logout",
    "/api/v1/events/evt_none/replay",
    "/api/v1/events/evt_none/processed",
    "/api/v1/dead-letters/evt_none/retry",
    "/api/v1/runs/run_none/cancel",
    "/api/v1/bulk",
    "/api/ui/events/delete",
    "/api/ui/events/failed",
    "/api/ui/events/hold",
    "/api/ui/events/release",
    "/api/ui/keys/create",
    "/api/ui/keys/revoke",
    "/api/ui/sources/create",
    "/api/ui/sources/rotate",
    "/api/ui/sources/end-old-secrets",
    "/api/ui/sources/delete",
    "/api/ui/quarantine/settle",
    "/api/ui/secrets/reveal",
    "/api/ui/secrets/set",
    "/api/ui/secrets/delete",
    "/api/ui/workflows/switch",
    "/api/ui/workflows/save",
    "/api/ui/workflows/restore",
    "/api/ui/workflows/delete",
    "/api/ui/workflows/test",
    "/api/ui/alerts/create",
    "/api/ui/alerts/mute",
    "/api/ui/alerts/delete",
    "/api/ui/channels/create",
    "/api/ui/channels/delete",
    "/api/ui/channels/test",
    "/api/ui/erasures/start",
    "/api/ui/retention/set",
    "/api/ui/retention/remove",
    "/api/ui/retention/limit",
    "/api/ui/retention/unlimit",
    "/api/ui/people/invite",
    "/api/ui/people/role",
    "/api/ui/people/remove",
    "/api/ui/people/sign-out",
    "/api/ui/people/withdraw",
    "/api/ui/account/password",
    "/api/ui/sessions/end",
];

fn knock(door: &Door) -> Request {
    let request = Request::new(door.method, door.path);
    if matches!(door.method, "POST" | "PUT") { request.json(&json!({})) } else { request }
}

/// The status answered; 0 when the answer has no end, as an open stream's.
async fn answered(sluice: &Sluice, request: Request) -> u16 {
    sluice.call(request).await.map_or(0, |answer| answer.status)
}

/// Routes and pages that do not refuse a caller without credentials.
pub async fn open_to_strangers(sluice: &Sluice) -> Vec<String> {
    let mut open = Vec::new();
    for door in ROUTES {
        let status = answered(sluice, knock(door)).await;
        if status != 401 {
            open.push(format!("{} {} answered {status}", door.method, door.path));
        }
        let made_up = knock(door).key("sk_made_up_by_a_stranger");
        let status = answered(sluice, made_up).await;
        if status != 401 {
            open.push(format!("{} {} with a made-up key: {status}", door.method, door.path));
        }
    }
    for page in PAGES {
        let answer = sluice.call(Request::get(*page)).await.ok();
        let sent_to = answer.as_ref().and_then(|answer| answer.header("location"));
        if !sent_to.is_some_and(|place| place.starts_with("/login")) {
            let status = answer.map_or(0, |answer| answer.status);
            open.push(format!("GET {page} answered {status}"));
        }
    }
    open
}

/// Routes that do not refuse a key which lacks what they need.
pub async fn open_to(sluice: &Sluice, key: &str, has: Needs) -> Vec<String> {
    let mut open = Vec::new();
    for door in ROUTES.iter().filter(|door| !covers(has, door.needs)) {
        let status = answered(sluice, knock(door).key(key)).await;
        if status != 403 {
            open.push(format!("{} {} with {has:?} only: {status}", door.method, door.path));
        }
    }
    open
}

/// Whether a key with this permission alone may pass.
fn covers(has: Needs, needs: Needs) -> bool {
    has == needs || (has == Needs::Manage && needs == Needs::Read)
}

/// Changes that the server carries out for another site with a user's cookie.
pub async fn open_to_other_sites(sluice: &Sluice, cookie: &str) -> Vec<String> {
    let mut open = Vec::new();
    for path in FORGED {
        let forged = Request::post(*path)
            .header("cookie", cookie)
            .header("origin", "https://elsewhere.example")
            .header("sec-fetch-site", "cross-site")
            .form(&[("id", "evt_none")]);
        let status = answered(sluice, forged).await;
        if status != 403 {
            open.push(format!("POST {path} from another site: {status}"));
        }
    }
    open
}
