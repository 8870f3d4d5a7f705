//! What each of the engine's errors is to a client.

use engine::alert::AlertError;
use engine::bulk::BulkError;
use engine::erasure::ErasureError;
use engine::event::envelope::InvalidEnvelope;
use engine::event::read::ReadError;
use engine::event::repair::RepairError;
use engine::event::replay::ReplayError;
use engine::intake::IngestError;
use engine::key::manage::RevokeError;
use engine::key::verify::KeyError;
use engine::retention::RetentionError;
use engine::run::cancel::CancelError;
use engine::run::read::RunReadError;
use engine::secret::SecretError;
use engine::source::DeliveryError;
use engine::source::manage::SourceError;
use engine::source::quarantine::ReleaseError;
use engine::store::StoreError;
use engine::workflow::InvalidDefinition;
use engine::workflow::apply::SaveError;
use engine::workflow::signing::SigningError;
use engine::workflow::switch::SwitchError;

use super::{Code, Problem, Wrong};

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::KeyReused => Self::new(
                Code::IdempotencyKeyReused,
                "Use a new idempotency key for a new body; SLUICE_IDEMPOTENCY_TTL sets how long one is \
                 remembered, 24 hours unless it is set.",
            ),
            StoreError::Conflict => Self::new(Code::Conflict, error.to_string()),
            StoreError::Nul => Self::new(Code::InvalidParameter, error.to_string()),
            error if error.is_unavailable() => {
                Self::new(Code::Unavailable, "Nothing was stored. Try again after a moment.")
                    .after(1)
            }
            error => Self::internal(&error),
        }
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Invalid => Self::unauthorized(),
            KeyError::Store(error) => error.into(),
        }
    }
}

impl From<InvalidEnvelope> for Problem {
    fn from(error: InvalidEnvelope) -> Self {
        let detail = error.to_string();
        match error {
            InvalidEnvelope::Malformed(_) | InvalidEnvelope::NotUtf8(_) => {
                Self::new(Code::MalformedJson, detail)
            }
            InvalidEnvelope::TooDeep => Self::new(Code::TooDeep, detail),
            InvalidEnvelope::TooMany(_) => Self::new(Code::BatchTooLong, detail),
            InvalidEnvelope::Fields(errors) => {
                let errors = errors.into_iter().map(Wrong::Field).collect();
                Self { errors, ..Self::new(Code::InvalidEvent, detail) }
            }
            InvalidEnvelope::Nul(errors) => {
                let errors = errors.into_iter().map(Wrong::Field).collect();
                Self { errors, ..Self::new(Code::InvalidParameter, detail) }
            }
        }
    }
}

impl From<DeliveryError> for Problem {
    fn from(error: DeliveryError) -> Self {
        match error {
            DeliveryError::Unknown(_) => Self::new(Code::NotFound, error.to_string()),
            DeliveryError::Rejected(_) => Self::new(Code::InvalidSignature, error.to_string()),
            DeliveryError::Invalid(error) => error.into(),
            DeliveryError::Source(error) => error.into(),
            DeliveryError::Store(error) => error.into(),
        }
    }
}

impl From<ReleaseError> for Problem {
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::Unknown(_) => Self::new(Code::NotFound, error.to_string()),
            ReleaseError::Rejected(_) => Self::new(Code::Conflict, error.to_string()),
            ReleaseError::Delivery(error) => error.into(),
            ReleaseError::Store(error) => error.into(),
        }
    }
}

impl From<SourceError> for Problem {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Store(error) => error.into(),
            SourceError::Name(_)
            | SourceError::EmptySecret
            | SourceError::StandardSecret
            | SourceError::Header(_) => Self::new(Code::InvalidParameter, error.to_string()),
            SourceError::Exists(_) => Self::new(Code::Conflict, error.to_string()),
            SourceError::Unknown(_) => Self::new(Code::NotFound, error.to_string()),
            error @ (SourceError::Kind(_) | SourceError::Vault(_)) => Self::internal(&error),
        }
    }
}

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Scope(..) => Self::new(Code::ScopeDenied, error.to_string()),
            IngestError::Store(error) => error.into(),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unknown(_) => Self::new(Code::NotFound, error.to_string()),
            ReadError::Store(error) => error.into(),
        }
    }
}

impl From<RepairError> for Problem {
    fn from(error: RepairError) -> Self {
        match error {
            RepairError::Unknown(_) => Self::new(Code::NotFound, error.to_string()),
            RepairError::Store(error) => error.into(),
            error => Self::new(Code::Conflict, error.to_string()),
        }
    }
}

impl From<BulkError> for Problem {
    fn from(error: BulkError) -> Self {
        match error {
            BulkError::Unknown(_) => Self::new(Code::NotFound, error.to_string()),
            BulkError::Filter(_) | BulkError::Note(_) => {
                Self::new(Code::InvalidParameter, error.to_string())
            }
            BulkError::Ended(_) | BulkError::NotStopped(_) => {
                Self::new(Code::Conflict, error.to_string())
            }
            BulkError::Store(error) => error.into(),
        }
    }
}

impl From<ErasureError> for Problem {
    fn from(error: ErasureError) -> Self {
        match error {
            ErasureError::Unknown(_) => Self::new(Code::NotFound, error.to_string()),
            ErasureError::Criterion(_) => Self::new(Code::InvalidParameter, error.to_string()),
            ErasureError::Store(error) => error.into(),
            error @ ErasureError::Vault(_) => Self::internal(&error),
        }
    }
}

impl From<RunReadError> for Problem {
    fn from(error: RunReadError) -> Self {
        match error {
            RunReadError::Unknown(_) => Self::new(Code::NotFound, error.to_string()),
            RunReadError::Store(error) => error.into(),
        }
    }
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::Unknown(_) => Self::new(Code::NotFound, error.to_string()),
            CancelError::Ended(_) => Self::new(Code::Conflict, error.to_string()),
            CancelError::Store(error) => error.into(),
        }
    }
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Unknown(_) => Self::new(Code::NotFound, error.to_string()),
            ReplayError::Store(error) => error.into(),
        }
    }
}

impl From<SaveError> for Problem {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Unknown(_) | SaveError::UnknownVersion(..) => {
                Self::new(Code::NotFound, error.to_string())
            }
            SaveError::Moved { .. } | SaveError::NameTaken(_) => {
                Self::new(Code::Conflict, error.to_string())
            }
            SaveError::MissingSecret(_) | SaveError::Outdated(_) => {
                Self::new(Code::InvalidDefinition, error.to_string())
            }
            SaveError::Store(error) => error.into(),
        }
    }
}

impl From<SecretError> for Problem {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Name(_) | SecretError::Value => {
                Self::new(Code::InvalidParameter, error.to_string())
            }
            SecretError::Unknown(_) => Self::new(Code::NotFound, error.to_string()),
            SecretError::Store(error) => error.into(),
            error @ SecretError::Vault(_) => Self::internal(&error),
        }
    }
}

impl From<SigningError> for Problem {
    fn from(error: SigningError) -> Self {
        match error {
            SigningError::Unknown(_) | SigningError::SignsNothing(_) => {
                Self::new(Code::NotFound, error.to_string())
            }
            SigningError::Store(error) => error.into(),
            error @ SigningError::Vault(_) => Self::internal(&error),
        }
    }
}

impl From<SwitchError> for Problem {
    fn from(error: SwitchError) -> Self {
        match error {
            SwitchError::Unknown(_) => Self::new(Code::NotFound, error.to_string()),
            SwitchError::Store(error) => error.into(),
        }
    }
}

impl From<RevokeError> for Problem {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::Unknown(_) => Self::new(Code::NotFound, error.to_string()),
            RevokeError::Store(error) => error.into(),
        }
    }
}

impl From<AlertError> for Problem {
    fn from(error: AlertError) -> Self {
        match error {
            AlertError::UnknownRule(_) | AlertError::UnknownChannel(_) => {
                Self::new(Code::NotFound, error.to_string())
            }
            AlertError::Taken => Self::new(Code::Conflict, error.to_string()),
            AlertError::Name | AlertError::Invalid(_) => {
                Self::new(Code::InvalidParameter, error.to_string())
            }
            AlertError::Store(error) => error.into(),
        }
    }
}

impl From<RetentionError> for Problem {
    fn from(error: RetentionError) -> Self {
        match error {
            RetentionError::Store(error) => error.into(),
            error => Self::new(Code::InvalidParameter, error.to_string()),
        }
    }
}

impl From<InvalidDefinition> for Problem {
    fn from(error: InvalidDefinition) -> Self {
        Self::new(Code::InvalidDefinition, error.to_string())
    }
}
