//! The engine's versions, differences and checks of workflows as the dashboard and the API show them.

use engine::workflow::apply::{Applied, Saved};
use engine::workflow::check::{Checked, Finding};
use engine::workflow::definition::Document;
use engine::workflow::diff::{self, Line, Side};
use engine::workflow::versions::{Version, VersionRecord};
use serde_json::json;

use super::convert::{self, count, time};
use crate::model::{
    AppliedResult, AppliedView, CheckedView, DiffLine, DiffSide, FindingView, RawJson,
    VersionDetail, VersionItem,
};

pub fn saved(saved: &Saved, name: String, dry_run: bool) -> AppliedView {
    AppliedView {
        name,
        result: match saved.applied {
            Applied::Created => AppliedResult::Created,
            Applied::Updated => AppliedResult::Updated,
            Applied::Unchanged => AppliedResult::Unchanged,
        },
        dry_run,
        workflow: saved.workflow.as_ref().map(|workflow| convert::workflow(workflow)),
        changes: saved.changes.clone(),
        diff: saved.diff.iter().map(line).collect(),
    }
}

pub fn version(version: &Version) -> VersionItem {
    VersionItem {
        version: count(version.number),
        created_at: time(version.created_at),
        changes: version.changes.clone(),
    }
}

/// The first version changes nothing that was there.
pub fn version_whole(record: &VersionRecord) -> VersionDetail {
    let VersionItem { version, created_at, changes } = version(&record.version);
    let diff = if version == 1 { &[][..] } else { &record.diff };
    VersionDetail {
        version,
        created_at,
        changes,
        definition: definition(&record.document),
        yaml: diff::yaml(&record.document),
        diff: diff.iter().map(line).collect(),
    }
}

pub fn checked(checked: &Checked) -> CheckedView {
    CheckedView {
        valid: checked.findings.is_empty(),
        definition: checked.document.as_ref().map(definition),
        yaml: checked.document.as_ref().map(diff::yaml),
        problems: checked.findings.iter().map(finding).collect(),
    }
}

fn definition(document: &Document) -> RawJson {
    RawJson(json!(document).to_string())
}

fn line(line: &Line) -> DiffLine {
    let side = match line.side {
        Side::Both => DiffSide::Both,
        Side::Removed => DiffSide::Removed,
        Side::Added => DiffSide::Added,
    };
    DiffLine { side, text: line.text.clone() }
}

fn finding(finding: &Finding) -> FindingView {
    let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    FindingView {
        line: number(finding.line),
        column: number(finding.column),
        path: finding.path.clone(),
        message: finding.message.clone(),
        hint: finding.hint.clone(),
    }
}
