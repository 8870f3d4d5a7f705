//! The workflow editor's side of the server: what it begins with, what a text means, and saving it.

use engine::Engine;
use engine::audit::{self, Filter};
use engine::event::read::{self, ReadError};
use engine::event::{EventFilter, EventRow};
use engine::id::WorkflowId;
use engine::secret;
use engine::workflow::apply::{self, Save, SaveError, Target};
use engine::workflow::check::{self, Checked};
use engine::workflow::{Definition, backtest, diff, preview, versions};
use serde::{Deserialize, Serialize};

use super::{convert, definitions, events::event_id, fail, invalid, not_found, once, previews};
use crate::ApiError;
use crate::model::{
    AuditView, BacktestView, EditorStart, EventSample, PreviewText, SaveAnswer, Understood, User,
    WorkflowDetail,
};

/// How many events there are to try things on.
const EVENTS: u64 = 25;
const VERSIONS: u64 = 20;
const RUNS: u64 = 10;

/// Ready-made definitions, which are also the examples.
const STARTS: [(&str, &str); 3] = [
    ("notify", include_str!("../../../examples/workflows/notify-warehouse.yaml")),
    ("alert", include_str!("../../../examples/workflows/order-alert.yaml")),
    ("remind", include_str!("../../../examples/workflows/unpaid-reminder.yaml")),
];

/// A text that was refused, on its way to the page that shows it again.
#[derive(Serialize, Deserialize)]
struct Kept {
    text: String,
    expected: u32,
    refused: Option<String>,
}

pub async fn detail(
    engine: &Engine,
    id: &str,
    version: Option<u32>,
    before: Option<String>,
) -> Result<WorkflowDetail, ApiError> {
    let id: WorkflowId = id.parse().map_err(|_| not_found())?;
    let workflow = apply::in_force(engine, id).ok_or_else(not_found)?;
    let before = before.map(|cursor| cursor.parse()).transpose().map_err(|_| not_found())?;
    let (found, older) = versions::list(engine, id, before, VERSIONS).await.map_err(told)?;
    let version = match version {
        None => None,
        Some(number) => Some(versions::get(engine, id, i64::from(number)).await.map_err(told)?),
    };
    let runs = engine::run::read::latest_of(engine, id, RUNS).await.map_err(fail)?;
    Ok(WorkflowDetail {
        yaml: diff::yaml(&workflow.definition.document),
        workflow: convert::workflow(&workflow),
        versions: found.iter().map(definitions::version).collect(),
        older: older.map(|number| number.to_string()),
        version: version.as_ref().map(definitions::version_whole),
        runs: runs.into_iter().map(convert::run).collect(),
        off: if workflow.enabled { None } else { turned_off(engine, id).await? },
    })
}

async fn turned_off(engine: &Engine, id: WorkflowId) -> Result<Option<AuditView>, ApiError> {
    let filter = Filter {
        object: Some(id.to_string()),
        action: Some("workflow.disabled".to_owned()),
        ..Filter::default()
    };
    let last = audit::list(&engine.store, &filter, None, 1).await.map_err(fail)?;
    Ok(last.into_iter().next().map(convert::audit_entry))
}

/// `start` names a ready-made definition, `ticket` a text that was refused.
pub async fn start(
    engine: &Engine,
    user: &User,
    id: &str,
    start: &str,
    ticket: &str,
) -> Result<EditorStart, ApiError> {
    let (name, version, saved) = match id {
        "" => {
            let chosen = STARTS.iter().find(|(name, _)| *name == start);
            (String::new(), 0, chosen.map(|(_, text)| (*text).to_owned()).unwrap_or_default())
        }
        id => {
            let id = id.parse().map_err(|_| not_found())?;
            let found = apply::in_force(engine, id).ok_or_else(not_found)?;
            let text = diff::yaml(&found.definition.document);
            (found.definition.name.clone(), convert::count(found.version), text)
        }
    };
    let kept = once::reveal(engine, user, ticket);
    let kept = kept.and_then(|kept| serde_json::from_str::<Kept>(&kept).ok());
    let expected = kept.as_ref().map_or(version, |kept| kept.expected);
    let refused = kept.as_ref().and_then(|kept| kept.refused.clone());
    let text = kept.map_or_else(|| saved.clone(), |kept| kept.text);
    let newest = read::list(engine, &EventFilter::default(), None, EVENTS).await.map_err(fail)?;
    let checked = check::check(&text);
    // One that the workflow is for says more than the newest.
    let meant = |row: &&EventRow| {
        let triggers = checked.definition.iter().flat_map(|definition| &definition.triggers);
        triggers.into_iter().any(|trigger| trigger.pattern.matches(&row.event_type))
    };
    let chosen = newest.rows.iter().find(meant).or(newest.rows.first());
    let event = |row: &EventRow| EventSample {
        id: row.id.to_string(),
        event_type: row.event_type.to_string(),
        source: row.source.clone(),
        received_at: convert::time(row.received_at),
    };
    Ok(EditorStart {
        id: id.to_owned(),
        name,
        version: expected,
        checked: definitions::checked(&checked),
        event: chosen.map(|row| row.id.to_string()).unwrap_or_default(),
        saved,
        text,
        moved: (expected != version).then_some(version),
        refused,
        event_types: read::recent_types(engine).await.map_err(fail)?,
        events: newest.rows.iter().map(event).collect(),
    })
}

/// `form` says that the text is the form's JSON.
pub async fn understand(
    engine: &Engine,
    text: String,
    form: bool,
    event: &str,
) -> Result<Understood, ApiError> {
    let (text, checked) = match form {
        false => {
            let checked = check::check(&text);
            (text, checked)
        }
        true => check::check_form(&serde_json::from_str(&text).map_err(invalid)?),
    };
    let checked = secret::look_for(&engine.store, &text, checked).await.map_err(fail)?;
    let preview = match (&checked, event) {
        (Checked { definition: Some(definition), .. }, event) if !event.is_empty() => {
            previewed(engine, definition, event).await?
        }
        _ => None,
    };
    Ok(Understood { text, checked: definitions::checked(&checked), preview })
}

async fn previewed(
    engine: &Engine,
    definition: &Definition,
    event: &str,
) -> Result<Option<PreviewText>, ApiError> {
    match read::get(engine, event_id(event)?).await {
        Ok(record) => {
            let told = preview::preview(definition, &record.event());
            Ok(Some(previews::told(previews::preview(definition, &told))))
        }
        // It was deleted meanwhile.
        Err(ReadError::Unknown(_)) => Ok(None),
        Err(ReadError::Store(error)) => Err(fail(error)),
    }
}

pub async fn backtest(
    engine: &Engine,
    text: &str,
    last: u32,
    id: &str,
) -> Result<BacktestView, ApiError> {
    let definition = Definition::parse(text).map_err(invalid)?;
    let against = id.parse().ok().and_then(|id| apply::in_force(engine, id));
    let told = backtest::backtest(engine, definition, last.max(1), against).await;
    told.map(previews::backtest).map_err(fail)
}

/// What became of the text; for a plain form also where to send the browser.
pub async fn save(
    engine: &Engine,
    user: &User,
    id: &str,
    expected: u32,
    text: String,
) -> Result<(SaveAnswer, String), ApiError> {
    let answer = try_save(engine, id, expected, &text).await?;
    let refused = match &answer {
        SaveAnswer::Saved(saved) => {
            let made = saved.workflow.as_ref().map(|workflow| workflow.id.as_str());
            return Ok((answer.clone(), format!("/workflows/{}", made.unwrap_or(id))));
        }
        SaveAnswer::Refused(reason) => Some(reason.clone()),
        SaveAnswer::Wrong(_) | SaveAnswer::Moved(_) => None,
    };
    let kept = serde_json::to_string(&Kept { text, expected, refused }).map_err(fail)?;
    let ticket = once::keep(engine, user, kept);
    let page = if id.is_empty() { "new".to_owned() } else { format!("{id}/edit") };
    Ok((answer, format!("/workflows/{page}?kept={ticket}")))
}

async fn try_save(
    engine: &Engine,
    id: &str,
    expected: u32,
    text: &str,
) -> Result<SaveAnswer, ApiError> {
    let checked = check::check(text);
    let Some(definition) = checked.definition else {
        return Ok(SaveAnswer::Wrong(definitions::checked(&checked).problems));
    };
    let target = match id {
        "" => Target::Named,
        id => Target::Known(id.parse().map_err(|_| not_found())?),
    };
    let name = definition.name.clone();
    let expected = Some(i64::from(expected));
    let save = Save { target, expected, definition, dry_run: false };
    match apply::save(engine, save).await {
        Ok(saved) => Ok(SaveAnswer::Saved(Box::new(definitions::saved(&saved, name, false)))),
        Err(SaveError::Moved { .. }) if id.is_empty() => {
            Ok(SaveAnswer::Refused(SaveError::NameTaken(name).to_string()))
        }
        Err(SaveError::Moved { found, .. }) => Ok(SaveAnswer::Moved(convert::count(found))),
        Err(error @ (SaveError::NameTaken(_) | SaveError::MissingSecret(_))) => {
            Ok(SaveAnswer::Refused(error.to_string()))
        }
        Err(error) => Err(told(error)),
    }
}

pub async fn restore(
    engine: &Engine,
    id: &str,
    version: u32,
    expected: u32,
) -> Result<u32, ApiError> {
    let id = id.parse().map_err(|_| not_found())?;
    let expected = Some(i64::from(expected));
    let saved = versions::restore(engine, id, i64::from(version), expected).await.map_err(told)?;
    Ok(saved.workflow.map_or(0, |workflow| convert::count(workflow.version)))
}

pub async fn delete(engine: &Engine, id: &str) -> Result<(), ApiError> {
    let id = id.parse().map_err(|_| not_found())?;
    engine::workflow::remove::remove(engine, id).await.map_err(told)
}

/// Begins a test run of the version in force; the run's id.
pub async fn test(engine: &Engine, id: &str, event: &str) -> Result<String, ApiError> {
    let id = id.parse().map_err(|_| not_found())?;
    let workflow = apply::in_force(engine, id).ok_or_else(not_found)?;
    let begun = engine::run::trial::on_event(engine, &workflow, event_id(event)?).await;
    match begun {
        Ok(run) => Ok(run.to_string()),
        Err(ReadError::Unknown(_)) => Err(not_found()),
        Err(ReadError::Store(error)) => Err(fail(error)),
    }
}

fn told(error: SaveError) -> ApiError {
    match error {
        SaveError::Unknown(_) | SaveError::UnknownVersion(..) => not_found(),
        SaveError::Moved { .. }
        | SaveError::NameTaken(_)
        | SaveError::MissingSecret(_)
        | SaveError::Outdated(_) => invalid(error),
        SaveError::Store(error) => fail(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_start_is_a_workflow_that_works_as_it_stands() {
        for (name, text) in STARTS {
            assert_eq!(check::check(text).findings, [], "{name}");
        }
    }
}
