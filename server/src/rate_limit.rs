//! The limit on requests per caller at the edge, by tower_governor, with the headers of both
//! conventions.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use axum::response::IntoResponse;
use engine::Engine;
use engine::key::limit::{Rate, Standing};
use engine::key::{ApiKey, verify};
use governor::middleware::StateInformationMiddleware;
use tower_governor::governor::{GovernorConfig, GovernorConfigBuilder};
use tower_governor::key_extractor::KeyExtractor;
use tower_governor::{GovernorError, GovernorLayer};

use crate::config::RateLimit;
use crate::problem::{Code, Problem};
use crate::proxies::{TrustedProxies, caller};

/// How often the table of callers is looked at, and how many are remembered without a second look.
const LOOK: Duration = Duration::from_secs(1);
const FEW: usize = 4_096;

/// How many requests are left to an address.
pub(crate) const LEFT: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
/// In how many seconds an address that was refused may come again.
const AFTER: &str = "x-ratelimit-after";

pub(crate) type Layer = GovernorLayer<Callers, StateInformationMiddleware, Body>;
type Governor = GovernorConfig<Callers, StateInformationMiddleware>;

#[derive(Debug, Clone)]
pub(crate) struct Callers(TrustedProxies);

impl KeyExtractor for Callers {
    type Key = IpAddr;

    fn extract<T>(&self, request: &Request<T>) -> Result<IpAddr, GovernorError> {
        let client = self.0.client(request.headers(), request.extensions());
        client.map(caller).ok_or(GovernorError::UnableToExtractKey)
    }
}

/// The limit on each address, kept once for all ways in.
#[derive(Clone)]
pub(crate) struct Addresses {
    limit: RateLimit,
    callers: Callers,
    /// `None` where there is no limit.
    governor: Option<Arc<Governor>>,
}

/// The caller has spent all of its limit.
pub(crate) struct Spent;

impl Addresses {
    pub(crate) fn new(limit: RateLimit, proxies: TrustedProxies) -> Self {
        let callers = Callers(proxies);
        let governor = match limit {
            RateLimit::Per(rate) => governor(rate, callers.clone()),
            RateLimit::Off => None,
        };
        Self { limit, callers, governor }
    }

    pub(crate) fn limit(&self) -> RateLimit {
        self.limit
    }

    /// The layer for intake, or `None` when the limit is off.
    pub(crate) fn layer(&self) -> Option<Layer> {
        let RateLimit::Per(Rate { seconds, .. }) = self.limit else { return None };
        let layer = GovernorLayer::new(Arc::clone(self.governor.as_ref()?));
        Some(layer.error_handler(move |error| refuse(error, seconds)))
    }

    /// Counts a request as the layer does: how many are left to its caller, `None` where there is no limit.
    /// One that is refused does not count.
    pub(crate) fn count(&self, peer: IpAddr, headers: &HeaderMap) -> Result<Option<u32>, Spent> {
        let Some(governor) = &self.governor else { return Ok(None) };
        let client = self.callers.0.client_behind(peer, headers);
        let counted = governor.limiter().check_key(&caller(client));
        counted.map(|left| Some(left.remaining_burst_capacity())).map_err(|_wait| Spent)
    }
}

fn governor(Rate { count, seconds }: Rate, callers: Callers) -> Option<Arc<Governor>> {
    let period = Duration::from_secs(u64::from(seconds)) / count.get();
    let config = GovernorConfigBuilder::default()
        .period(period)
        .burst_size(count.get())
        .key_extractor(callers)
        .use_headers()
        .finish()?;
    let limiter = config.limiter().clone();
    // The table grows with every new caller until it is swept. Whoever has all of the limit again need not be
    // remembered, and a flood of callers has after a moment, for each came but once or twice.
    tokio::spawn(async move {
        let mut looks = tokio::time::interval(LOOK);
        loop {
            looks.tick().await;
            if limiter.len() > FEW {
                limiter.retain_recent();
                limiter.shrink_to_fit();
            }
        }
    });
    Some(Arc::new(config))
}

/// `period` is that of the limit, in seconds.
fn refuse(error: GovernorError, period: u32) -> Response<Body> {
    match error {
        GovernorError::TooManyRequests { wait_time, .. } => {
            // The governor leaves out what is not a whole second; whoever came then would come too early.
            let wait = (wait_time + 1).min(u64::from(period));
            let detail = format!("Wait {wait} s, then go on. The limit is per address.");
            let mut response = Problem::new(Code::RateLimited, detail).after(wait).into_response();
            response.headers_mut().insert(HeaderName::from_static(AFTER), HeaderValue::from(wait));
            response
        }
        _ => Problem::new(Code::Internal, "The caller's address is not known.").into_response(),
    }
}

/// Counts `events` against the key's own limit. What it leaves is told with the answer.
pub(crate) fn spend(
    engine: &Engine,
    key: &ApiKey,
    events: usize,
) -> Result<Option<Extension<Standing>>, Problem> {
    match verify::spend(engine, key, events) {
        Some(standing) if standing.refused.is_some() => Err(Problem::key_limited(standing)),
        standing => Ok(standing.map(Extension)),
    }
}

/// A limit as the headers show it.
struct Shown {
    name: &'static str,
    rate: Rate,
    remaining: u64,
    reset: u64,
}

/// Says in the headers of both conventions what the limits leave: the address's, of which the governor
/// tells only a part, and the key's own. Where the key's refuses, it stands alone: nothing that is shown is
/// then later than `Retry-After`.
pub(crate) fn describe(limit: RateLimit, mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers();
    let standing = response.extensions().get::<Standing>();
    let address = match limit {
        RateLimit::Per(_) if standing.is_some_and(|standing| standing.refused.is_some()) => None,
        RateLimit::Per(rate) => Some(of_address(rate, headers)),
        RateLimit::Off => None,
    };
    let key = standing.map(|standing| Shown {
        name: "key",
        rate: standing.rate,
        remaining: u64::from(standing.remaining),
        reset: standing.refused.flatten().unwrap_or(standing.reset),
    });
    let shown: Vec<Shown> = address.into_iter().chain(key).collect();
    // The older convention has room for one.
    let Some(tightest) = shown.iter().min_by_key(|limit| limit.remaining) else { return response };
    let list = |one: fn(&Shown) -> String| shown.iter().map(one).collect::<Vec<_>>().join(", ");
    let texts = [
        ("x-ratelimit-limit", tightest.rate.count.to_string()),
        ("x-ratelimit-remaining", tightest.remaining.to_string()),
        ("x-ratelimit-reset", tightest.reset.to_string()),
        (
            "ratelimit-policy",
            list(|one| format!("\"{}\";q={};w={}", one.name, one.rate.count, one.rate.seconds)),
        ),
        ("ratelimit", list(|one| format!("\"{}\";r={};t={}", one.name, one.remaining, one.reset))),
    ];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn of_address(rate: Rate, headers: &HeaderMap) -> Shown {
    let number = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.and_then(|text| text.parse::<u64>().ok())
    };
    let count = u64::from(rate.count.get());
    let remaining = number(LEFT.as_str()).unwrap_or(0);
    let spent = count.saturating_sub(remaining);
    // A token comes back every `seconds / count`; the bucket is full when all spent ones have.
    let reset = (spent * u64::from(rate.seconds)).div_ceil(count);
    let wait = number(AFTER);
    Shown { name: "ip", rate, remaining, reset: wait.unwrap_or(reset) }
}
