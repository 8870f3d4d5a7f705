//! Ids: a prefix that says what it names, and a ULID (48 bits of milliseconds, 80 random bits).
//!
//! Invariant: ids made by one [`IdSource`] only ever grow, also when the wall clock steps back.

use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;

use crate::time::Timestamp;

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 26;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is not an id of the form {prefix}…: copy the whole id, 26 characters after the prefix"
)]
pub struct InvalidId {
    prefix: &'static str,
    given: String,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            pub const fn new(value: u128) -> Self {
                Self(value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(text(&digits(self.0)))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix($prefix).and_then(decode).map(Self).ok_or_else(|| InvalidId {
                    prefix: $prefix,
                    given: text.chars().take(64).collect(),
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// An event as Sluice stored it; the sender's own id for it is its `eventId`.
    EventId = "evt_";
    RunId = "run_";
    WorkflowId = "wfl_";
    KeyId = "key_";
    UserId = "usr_";
    SourceId = "src_";
    AlertRuleId = "alr_";
    /// A turn that a rule took.
    AlertTurnId = "alt_";
    /// Where alerts are told.
    ChannelId = "chn_";
    /// What is told to one channel.
    MessageId = "msg_";
    /// One line of the audit log.
    AuditId = "aud_";
    /// A delivery that was not believed.
    QuarantineId = "qrn_";
    /// One operation on many events.
    BulkId = "blk_";
    /// One erasure, and its receipt.
    ErasureId = "ers_";
    /// A change of what the payloads of an event type look like.
    TurnId = "trn_";
    /// What someone noted about an event.
    NoteId = "not_";
    /// One running process; leases name it.
    NodeId = "nod_";
}

/// Fills a buffer with random bytes; the edge through which the engine reaches randomness.
pub trait Random: Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // The kernel's generator does not fail once it is seeded; without it no secret can be made.
        #[expect(clippy::expect_used, reason = "nothing sensible can go on without randomness")]
        getrandom::fill(bytes).expect("the operating system has no random bytes to give");
    }
}

/// Makes ids that grow.
#[derive(Default)]
pub struct IdSource {
    last: Mutex<u128>,
}

impl IdSource {
    /// The next value: `now` in the upper 48 bits, or one more than the last where the millisecond
    /// has not moved on.
    pub fn next(&self, now: Timestamp, random: &dyn Random) -> u128 {
        let first = first_value_at(now);
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = if first >> 80 > *last >> 80 {
            let mut bytes = [0; 16];
            random.fill(&mut bytes[6..]);
            // The highest random bit stays free, so that counting up cannot run over.
            bytes[6] &= 0x7f;
            first | u128::from_be_bytes(bytes)
        } else {
            *last + 1
        };
        *last
    }
}

/// The smallest id text of an event received at or after `at`: ids begin with their time, so this
/// turns a date filter into a range of the id index.
pub fn first_event_id_at(at: Timestamp) -> String {
    EventId::new(first_value_at(at)).to_string()
}

/// The same for lines of the audit log.
pub fn first_audit_id_at(at: Timestamp) -> String {
    AuditId::new(first_value_at(at)).to_string()
}

/// The smallest value of an id that was made at or after `at`.
pub(crate) fn first_value_at(at: Timestamp) -> u128 {
    (u128::from(at.millis().max(0).unsigned_abs()) & ((1 << 48) - 1)) << 80
}

fn digits(value: u128) -> [u8; LENGTH] {
    std::array::from_fn(|place| DIGITS[(value >> ((LENGTH - 1 - place) * 5)) as usize & 31])
}

fn text(digits: &[u8; LENGTH]) -> &str {
    // All digits are ASCII.
    std::str::from_utf8(digits).unwrap_or_default()
}

fn decode(text: &str) -> Option<u128> {
    if text.len() != LENGTH || text.as_bytes()[0] > b'7' {
        return None;
    }
    text.bytes().try_fold(0u128, |value, byte| {
        let digit = DIGITS.iter().position(|digit| *digit == byte)?;
        Some(value << 5 | digit as u128)
    })
}

/// 256 random bits as 52 characters of the same alphabet.
pub fn random_secret(random: &dyn Random) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    let (high, low) = bytes.split_at(16);
    let number = |half: &[u8]| half.iter().fold(0u128, |n, b| n << 8 | u128::from(*b));
    [high, low].map(|half| text(&digits(number(half))).to_owned()).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;
    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0xff);
        }
    }

    #[test]
    fn ids_grow_even_when_the_clock_steps_back() {
        let source = IdSource::default();
        let mut last = 0;
        for millis in [5, 5, 9, 3, 3, 10] {
            let next = source.next(Timestamp::from_millis(millis), &Fixed);
            assert!(next > last, "{millis}");
            last = next;
        }
    }

    #[test]
    fn text_and_back() {
        let id = EventId::new(0x0192_f00d_0000_0000_0000_0000_dead_beef);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("evt_short".parse::<EventId>().is_err());
        assert!(id.to_string().replace("evt_", "run_").parse::<EventId>().is_err());
        assert!("evt_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<EventId>().is_err());
    }

    #[test]
    fn a_date_is_a_prefix_of_the_ids_received_then() {
        let at = Timestamp::from_millis(1_764_000_000_123);
        let id = EventId::new(IdSource::default().next(at, &Fixed)).to_string();
        assert!(first_event_id_at(at) < id);
        assert!(first_event_id_at(at.plus_millis(1)) > id);
    }
}
